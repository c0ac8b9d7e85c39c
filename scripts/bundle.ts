import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { rolldown } from 'rolldown';

// Puts the program's modules into the few files of build/, which bin/atoll runs while they are newer than the sources.
// The sources run just as well; 700 modules fewer to load make a start a third faster and hub and edge 35 MB smaller.
//
// Safe to run twice at once, and while an older bundle runs: the names of all files but main.js tell their content, they
// stay, and main.js, which names the others, comes last.

const root = resolve(import.meta.dirname, '..');
const build = join(root, 'build');
mkdirSync(build, { recursive: true });
const draft = mkdtempSync(join(build, 'draft-'));
const bundle = await rolldown({ input: join(root, 'src/main.ts'), platform: 'node', logLevel: 'warn' });
await bundle.write({ dir: draft, format: 'esm' });
await bundle.close();
for (const name of readdirSync(draft).toSorted((a, b) => Number(a === 'main.js') - Number(b === 'main.js')))
  renameSync(join(draft, name), join(build, name));
rmdirSync(draft);
