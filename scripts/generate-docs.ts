import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describeType } from '../src/config/keys/describeType.ts';
import type { Effect } from '../src/config/keys/effects.ts';
import type { Key, Row, Section } from '../src/config/keys/key.ts';
import { effectOf, keyTable } from '../src/config/keys/keyTable.ts';
import { type ErrorRow, errorTable } from '../src/core/errorTable.ts';

const project = resolve(import.meta.dirname, '..');
const note = '<!-- Made by scripts/generate-docs.ts; change the table that it reads, and run it again. -->';

/** The generated pages of the documentation, by path in the project. */
export function generatedPages(): Record<string, string> {
  return { 'docs/settings.md': settingsPage(), 'docs/errors.md': errorsPage() };
}

function settingsPage(): string {
  return `# Settings

${note}

Settings are written in YAML, in the layout of the daskhub Helm chart: \`jupyterhub:\` takes the keys of
zero-to-jupyterhub (z2jh), \`dask-gateway:\` those of dask-gateway, and \`atoll:\` Atoll's own. Files that people wrote for these
charts are taken as they are, also files for z2jh or dask-gateway alone, and files below \`basehub:\` or \`daskhub:\`.

    atoll check -f config.yaml -f secrets.yaml    # what is wrong, and what has no effect here
    atoll up -f config.yaml -f secrets.yaml

Without a file, Atoll listens to this machine only, and whoever started it signs in by a one-time link.

    jupyterhub:
      hub:
        config:
          JupyterHub: { authenticator_class: native }
          Authenticator: { admin_users: [ada], allow_all: true }
      singleuser:
        memory: { limit: 4G }
        extraEnv: { BUCKET: 's3://scratch/{username}' }
    atoll:
      clusters: { maxWorkers: 20, idleTimeout: 1800 }

* **Layers.** \`-f\` takes a file, a folder (its \`*.yaml\` in the order of their names) or \`-\` for standard input, and may be repeated.
  As in Helm, maps merge key by key, lists are replaced whole, a later file wins, and \`null\` unsets a key.
* **YAML** is read as Helm reads it (YAML 1.1): \`yes\` and \`on\` are true, \`0644\` is octal; anchors, aliases and merge keys work.
* **Typing errors** are errors, with file, line and column, and the key that was probably meant. Maps whose names are yours
  (variables, labels, classes) take any name.
* **What has no effect** on this machine is a warning that says why; so is what Atoll cannot do yet.
* **Memory** is in powers of 1024, as JupyterHub and dask-gateway have it: \`2G\` and \`2Gi\` are both 2 147 483 648 bytes. Where
  Kubernetes reads an amount, \`2G\` is 2 000 000 000 bytes.
* **Secrets** are best kept in a file of their own, given with a second \`-f\`.

In the tables, \`<trait>\` and the like stand for any name.

${sections().map(sectionText).join('\n\n')}
`;
}

interface DocumentedSection {
  title: string;
  head?: Section;
  rows: Row[];
}

/** The table cut at its larger sections; keys at the top have a section of their own. */
function sections(): DocumentedSection[] {
  const left = new Set<Row>(keyTable.filter((row) => row.kind === 'section' || !row.inherited));
  const found = titles.map((title): DocumentedSection => {
    const rows = [...left].filter((row) => row.path === title || row.path.startsWith(`${title}.`));
    for (const row of rows) left.delete(row);
    const head = rows.find((row) => row.path === title);
    return { title, ...(head?.kind === 'section' && { head }), rows };
  });
  return [...found, { title: 'Other keys at the top', rows: [...left] }];
}

/** Sections of the page, the longer path before the shorter one that holds it. */
const titles = [
  'atoll',
  'jupyterhub.singleuser',
  'jupyterhub.hub.config',
  'jupyterhub.hub',
  'jupyterhub.proxy',
  'jupyterhub.cull',
  'jupyterhub.scheduling',
  'jupyterhub.prePuller',
  'jupyterhub.ingress',
  'jupyterhub.httpRoute',
  'jupyterhub',
  'dask-gateway.gateway',
  'dask-gateway.controller',
  'dask-gateway.traefik',
  'dask-gateway',
];

function sectionText({ title, head, rows }: DocumentedSection): string {
  const shared = head?.effects.process;
  const relative = (path: string): string => (path.startsWith(`${title}.`) ? path.slice(title.length + 1) : path);
  /** Sections that say for all below them what becomes of it: one line each. */
  const whole = rows.filter((row) => row !== head && row.kind === 'section' && row.effects.process);
  const keys = rows.filter(isKey).filter((key) => !whole.some(({ path }) => key.path.startsWith(`${path}.`)));
  const works = keys.filter((key) => effectOf(key, 'process').kind === 'works');
  const others = keys.filter((key) => !works.includes(key));
  const fallback = (key: Key): string => (key.default === undefined ? '' : `\`${JSON.stringify(key.default)}\``);
  const parts = [
    `## ${head ? `\`${title}\`` : title}`,
    [head?.doc, shared && sentence(shared)].filter(Boolean).join(' '),
    table(
      ['key', 'takes', 'default', 'what it says'],
      works.map((key) => [`\`${relative(key.path)}\``, describeType(key.type), fallback(key), key.doc]),
    ),
    works.length > 0 && others.length + whole.length > 0 ? 'Known, but of no effect on one machine:' : '',
    table(
      ['key', 'takes', 'what it says', ...(shared ? [] : ['why it has no effect here'])],
      [
        ...others.map((key) => [
          `\`${relative(key.path)}\``,
          describeType(key.type),
          key.doc,
          ...reasonOf(key, shared),
        ]),
        ...whole.map((row) => [
          `\`${relative(row.path)}\``,
          `keys ${keysBelow(row, rows).join(', ')}`,
          row.doc,
          ...(row.effects.process ? [sentence(row.effects.process)] : []),
        ]),
      ],
    ),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function isKey(row: Row): row is Key {
  return row.kind === 'key';
}

function reasonOf(key: Key, shared: Effect | undefined): string[] {
  return shared ? [] : [sentence(effectOf(key, 'process'))];
}

function keysBelow(section: Row, rows: readonly Row[]): string[] {
  return rows
    .filter((row) => isKey(row) && row.path.startsWith(`${section.path}.`))
    .map((row) => `\`${row.path.slice(section.path.length + 1)}\``);
}

function table(head: readonly string[], rows: readonly string[][]): string {
  if (rows.length === 0) return '';
  return [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
}

function sentence(effect: Effect): string {
  if (effect.kind === 'works') return 'Works.';
  if (effect.kind === 'none') return `${effect.because.charAt(0).toUpperCase()}${effect.because.slice(1)}.`;
  return `Not supported. ${effect.instead}`;
}

function errorsPage(): string {
  const rows = Object.entries<ErrorRow>(errorTable);
  return `# Errors

${note}

Every error that you may meet has a code, one sentence that says what is wrong, what was seen, and what to do next. Programs
get the code too: as \`code\` in the JSON of an answer, with the HTTP status below. Codes of warnings stand in the output of
\`atoll check\`.

${table(
  ['code', 'status', 'when', 'what to do'],
  rows.map(([code, { status, when, nextStep }]) => [`\`${code}\``, String(status), when, nextStep]),
)}
`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}

if (import.meta.main) {
  for (const [path, text] of Object.entries(generatedPages())) {
    mkdirSync(join(project, path, '..'), { recursive: true });
    writeFileSync(join(project, path), text);
  }
}
