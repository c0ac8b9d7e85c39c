import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

/**
 * The floors of the house, lowest first; folders of one line stand side by side and do not import each other.
 * A file may import from its own folder and from lower floors.
 */
const floors: string[][] = [
  ['core'],
  ['store', 'config'],
  ['observability', 'edge', 'kubernetes'],
  ['environment', 'runtimes'],
  ['bridge'],
  ['identity'],
  ['activity', 'diagnosis'],
  ['servers', 'clusters', 'services'],
  ['api', 'pages'],
  ['hub', 'deploy'],
  ['cli'],
  ['main.ts'],
];

const source = resolve(import.meta.dirname, '../src');
const floorOf = (folder: string): number => floors.findIndex((floor) => floor.includes(folder));
const folderOf = (file: string): string => relative(source, file).split('/')[0] ?? '';

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => join(source, name));

/** The files of the project that `file` imports, statically or not. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map((match) => match[1] ?? '');
  return specifiers.map((specifier) => resolve(dirname(file), specifier));
}

describe('the layers', () => {
  test('every folder of src has its floor', () => {
    const folders = new Set(files.map(folderOf));
    expect([...folders].filter((folder) => floorOf(folder) === -1)).toEqual([]);
  });

  test('no file imports from a higher floor, or from a neighbour on its own', () => {
    const wrong: string[] = [];
    for (const file of files) {
      for (const imported of importsOf(file)) {
        const [from, to] = [folderOf(file), folderOf(imported)];
        if (from !== to && floorOf(to) >= floorOf(from))
          wrong.push(`${relative(source, file)} imports ${relative(source, imported)}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('core imports only from Node', () => {
    const wrong = files
      .filter((file) => folderOf(file) === 'core')
      .flatMap((file) =>
        [...readFileSync(file, 'utf8').matchAll(/from '([^'.][^']*)'/g)].map((match) => match[1] ?? ''),
      )
      .filter((specifier) => !specifier.startsWith('node:'));
    expect(wrong).toEqual([]);
  });

  test('an outbound arrow exists at all, so that the pattern above still matches this code base', () => {
    expect(files.flatMap(importsOf).length).toBeGreaterThan(files.length / 2);
  });
});
