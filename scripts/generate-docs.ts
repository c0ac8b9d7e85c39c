import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ErrorRow, errorTable } from '../src/core/errorTable.ts';
import { markdownTable } from './markdownTable.ts';
import { settingsPage } from './settingsPage.ts';

const project = resolve(import.meta.dirname, '..');
const note = '<!-- Made by scripts/generate-docs.ts; change the table that it reads, and run it again. -->';

/** The generated pages of the documentation, by path in the project. */
export function generatedPages(): Record<string, string> {
  return { 'docs/settings.md': settingsPage(note), 'docs/errors.md': errorsPage() };
}

function errorsPage(): string {
  const rows = Object.entries<ErrorRow>(errorTable);
  return `# Errors

${note}

Every error that you may meet has a code, one sentence that says what is wrong, what was seen, and what to do next. Programs
get the code too: as \`code\` in the JSON of an answer, with the HTTP status below. Codes of warnings stand in the output of
\`atoll check\`.

${markdownTable(
  ['code', 'status', 'when', 'what to do'],
  rows.map(([code, { status, when, nextStep }]) => [`\`${code}\``, String(status), when, nextStep]),
)}
`;
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(generatedPages())) {
    mkdirSync(join(project, path, '..'), { recursive: true });
    writeFileSync(join(project, path), text);
  }
}
