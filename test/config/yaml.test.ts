import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseValues } from '../../src/config/values/parseValues.ts';
import { plainValue } from '../../src/config/values/plainValue.ts';
import { load } from './settingsFrom.ts';

function read(text: string): unknown {
  const { root, problems } = parseValues({ name: 'a.yaml', text });
  expect(problems).toEqual([]);
  return root && structuredClone(plainValue(root));
}

describe('YAML as Helm reads it', () => {
  test.each<[string, unknown]>([
    ['a: yes\nb: On\nc: off\nd: n', { a: true, b: true, c: false, d: false }],
    ['a: 0644\nb: 0o17\nc: 1_000\nd: 0x10', { a: 420, b: 15, c: 1000, d: 16 }],
    ['a: 12:30\nb: 2021-01-01\nc: 1:00.5', { a: '12:30', b: '2021-01-01', c: '1:00.5' }],
    ['a: "yes"\nb: \'null\'\nc: null\nd: ~\ne:', { a: 'yes', b: 'null' }],
    ['8080: a\ntrue: b', { '8080': 'a', true: 'b' }],
    ['a: &x {b: 1, c: 2}\nd: *x', { a: { b: 1, c: 2 }, d: { b: 1, c: 2 } }],
    ['a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}', { a: { b: 1, c: 2 }, d: { b: 1, c: 3 } }],
    [
      'a: &x {b: 1}\ne: &y {b: 2, c: 2}\nd: {c: 3, <<: [*x, *y]}',
      { a: { b: 1 }, e: { b: 2, c: 2 }, d: { b: 1, c: 3 } },
    ],
    ['a: &x 1\nb: *x\nc: &x 2\nd: *x', { a: 1, b: 1, c: 2, d: 2 }],
    ['"<<": {a: 1}', { '<<': { a: 1 } }],
    ['a: |\n  one\n  two\n', { a: 'one\ntwo\n' }],
    ['a: [1, null, {b: null}]', { a: [1, null, {}] }],
    ['', {}],
    ['# nothing but a comment\n', {}],
    ['---\n', {}],
    ['\uFEFFa: 1', { a: 1 }],
    ['a: 1\r\nb: 2\r\n', { a: 1, b: 2 }],
  ])('%j', (text, value) => expect(read(text)).toEqual(value));

  test('a key named __proto__ is a key like any other', async () => {
    const text = 'jupyterhub: {hub: {loadGroups: {__proto__: [x]}}, singleuser: {extraEnv: {__proto__: x}}}';
    const { settings } = await load(`__proto__: {polluted: true}\n${text}`);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(Object.getPrototypeOf(settings.groups)).toBe(Object.prototype);
    expect(Object.getPrototypeOf(settings.servers.environment)).toBe(Object.prototype);
  });
});

test('what is wrong at a place is said once, however many brackets are open there', () => {
  const { problems } = parseValues({ name: 'a.yaml', text: 'a:\n  b:\n   c: {d: [1\n  e: 1\n' });
  const said = problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
  expect(said).toEqual([expect.stringMatching(/^4:3 A list in brackets or a map in braces is not closed/)]);
});

test.each([
  ['hub:\n  loadGroups: {staff: [ada, bob}\n', '2:32'],
  ['hub: [1, 2\nsingleuser:\n  cmd: 1\n', '2:1'],
  ['hub: {a: 1\nsingleuser: {}\n', '2:1'],
  ['hub: [1, 2', '1:11'],
])('a bracket that is not closed is told as that: %j', (text, place) => {
  const said = parseValues({ name: 'a.yaml', text }).problems;
  expect(said.map(({ line, column }) => `${line}:${column}`)).toEqual([place]);
  expect(said[0]?.message).toMatch(/is not closed before this: a \] or \} is missing/);
});

test('lines that do not fit those above are told as that', () => {
  const { problems } = parseValues({ name: 'a.yaml', text: 'hub:\n  a: 1\n b: 2\n' });
  expect(problems.map(({ message }) => message)).toContain('The indentation does not fit the lines above.');
});

test('what real files say stays the same when it is written anew', () => {
  const folder = join(import.meta.dirname, 'values');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));
  expect(names.length).toBeGreaterThan(70);
  for (const name of names) {
    const values = read(readFileSync(join(folder, name), 'utf8'));
    expect({ name, values: read(stringify(values, { version: '1.1' })) }).toEqual({ name, values });
  }
});

test('what any text says stays the same when it is written anew', () => {
  const scalar = fc.constantFrom(
    'yes',
    '0644',
    '1e3',
    '12:30',
    '2021-01-01',
    '<<',
    '~',
    'a b',
    '"x: y"',
    '|\n  a',
    '[1, x]',
    '{}',
  );
  const lines = fc.array(fc.tuple(fc.constantFrom('a', 'b c', '"yes"', '8080', 'x/y'), scalar), { maxLength: 5 });
  fc.assert(
    fc.property(lines, (entries) => {
      const text = [...new Map(entries)].map(([name, value]) => `${name}: ${value}\n`).join('');
      const values = read(text);
      expect(read(stringify(values, { version: '1.1' }))).toEqual(values);
    }),
  );
});

describe('files that cannot be read', () => {
  test.each<[text: string, code: string, line: number, column: number]>([
    ['a:\n\tb: 1', 'YAML', 2, 1],
    ['a: 1\nb: 2\na: 3', 'DUPLICATE_KEY', 3, 1],
    ['a: {x: 1, x: 2}', 'DUPLICATE_KEY', 1, 11],
    ['a: 1\n---\nb: 2', 'SEVERAL_DOCUMENTS', 2, 1],
    ['- a', 'NOT_A_MAP', 1, 1],
    ['hello', 'NOT_A_MAP', 1, 1],
    ['a: "x\nb: 1', 'YAML', 2, 5],
    ['a: b: c', 'YAML', 1, 4],
    ['a:\n  b: 1\n c: 2', 'YAML', 3, 1],
    ['a: @x', 'YAML', 1, 4],
    ['a: !vault x', 'YAML', 1, 4],
    ['a: !!binary aGk=', 'YAML', 1, 4],
    ['a: *b', 'YAML', 1, 4],
    ['a: &a [*a]', 'YAML', 1, 8],
    ['a: &a\n  <<: *a', 'YAML', 2, 7],
    ['a:\n  <<: 1', 'YAML', 2, 7],
    [': x', 'YAML', 1, 1],
    ['[a]: 1', 'YAML', 1, 1],
    ['a: 1\nb: \u001b[31mred', 'ENCODING', 2, 4],
    ['a: \0', 'ENCODING', 1, 4],
  ])('%j', (text, code, line, column) => {
    const { root, problems } = parseValues({ name: 'a.yaml', text });
    expect(root).toBeUndefined();
    expect(problems[0]).toMatchObject({
      code: `ATOLL_SETTINGS_${code}`,
      file: 'a.yaml',
      line,
      column,
      severity: 'error',
    });
    expect(problems[0]?.message).toMatch(/^[A-Z].*\.$/);
  });

  test('all duplicates are told, each with the first place', () => {
    const { problems } = parseValues({ name: 'a.yaml', text: 'a: 1\nb: 1\na: 2\nb: 2\n' });
    expect(problems.map(({ message }) => message)).toEqual([
      'The key "a" stands here a second time; the first is at a.yaml:1:1.',
      'The key "b" stands here a second time; the first is at a.yaml:2:1.',
    ]);
  });

  test('a mistake in one file does not hide those of others', async () => {
    const { problems } = await load('a: [', 'jupyterhub: {hubb: {}}', 'atoll: {cluster: {}}');
    expect(problems.map(({ file, code }) => `${file} ${code}`)).toEqual([
      '1.yaml ATOLL_SETTINGS_YAML',
      '2.yaml ATOLL_SETTINGS_UNKNOWN_KEY',
      '3.yaml ATOLL_SETTINGS_UNKNOWN_KEY',
    ]);
  });

  test('a file encrypted with SOPS is told as such', async () => {
    const { problems } = await load(
      'a: ENC[AES256_GCM,data:x]\nsops:\n  mac: ENC[AES256_GCM,data:y]\n  version: 3.9.0\n',
    );
    expect(problems.map(({ code, line }) => [code, line])).toEqual([['ATOLL_SETTINGS_ENCRYPTED', 2]]);
  });
});

describe('files made to do harm', () => {
  const letters = 'abcdefghij'.split('');
  const laughs = letters
    .map(
      (name, index) =>
        `${name}: &${name} [${Array(10)
          .fill(index === 0 ? 'ha' : `*${letters[index - 1]}`)
          .join(', ')}]`,
    )
    .join('\n');
  const numbered = (count: number, line: (index: number) => string, by = '\n'): string =>
    Array.from({ length: count }, (_, index) => line(index)).join(by);
  test.each<[name: string, text: string, code: string]>([
    ['10 MB', 'a'.repeat(10 * 2 ** 20), 'TOO_LARGE'],
    ['a billion laughs', laughs, 'TOO_LARGE'],
    ['10 000 brackets', `a: ${'['.repeat(10_000)}${']'.repeat(10_000)}`, 'TOO_LARGE'],
    ['10 000 braces', `a: ${'{a: '.repeat(10_000)}`, 'TOO_LARGE'],
    ['a million brackets', `a: ${'['.repeat(1_000_000)}`, 'TOO_LARGE'],
    ['10 000 dashes in a line', `a:\n ${'- '.repeat(10_000)}b`, 'TOO_LARGE'],
    ['half a million dashes in a line', `a:\n ${'- '.repeat(500_000)}b`, 'TOO_LARGE'],
    ['1 400 indentations', numbered(1_400, (index) => `${' '.repeat(index)}a:`), 'TOO_LARGE'],
    ['300 000 tags', `a: ${'!x '.repeat(300_000)}`, 'TOO_LARGE'],
    ['300 000 anchors', `a: ${'&a '.repeat(300_000)}`, 'TOO_LARGE'],
    [
      '30 000 merges of 1000 keys',
      `a: &a {${numbered(1000, (index) => `k${index}: 1`, ', ')}}\n${numbered(15_000, (index) => `m${index}: {<<: *a}`)}`,
      'TOO_LARGE',
    ],
    ['a line of a million letters', 'a'.repeat(1_000_000), 'NOT_A_MAP'],
    ['a key of a million letters', `${'a'.repeat(1_000_000)}: 1`, 'YAML'],
    ['a million colons', ':'.repeat(1_000_000), 'YAML'],
    ['an open quote', `a: "${'\\n'.repeat(400_000)}`, 'YAML'],
    ['100 000 keys without name', '?\n'.repeat(100_000), 'YAML'],
    ['20 000 unknown keys', numbered(20_000, (index) => `unknown${index}: 1`), 'UNKNOWN_KEY'],
    [
      '20 000 unknown keys inside a value',
      `jupyterhub: {hub: {services: {a: {${numbered(20_000, (index) => `k${index}: 1`, ', ')}}}}}`,
      'UNKNOWN_KEY',
    ],
    [
      '20 000 wrong values',
      `jupyterhub: {singleuser: {extraEnv: {${numbered(10_000, (index) => `k${index}: [1]`, ', ')}}}}`,
      'VALUE',
    ],
  ])('%s', async (_, text, code) => {
    await load('');
    const before = performance.now();
    const { problems } = await load(text);
    expect(problems[0]?.code).toBe(`ATOLL_SETTINGS_${code}`);
    expect(problems.length).toBeLessThanOrEqual(201);
    for (const { message, excerpt } of problems) expect(message.length + (excerpt?.length ?? 0)).toBeLessThan(1000);
    // Each takes well below a second; this only has to tell it from the minutes of a quadratic one.
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});

test('any text at all is read or refused with places inside it, and never throws', async () => {
  const piece = fc.constantFrom(
    'jupyterhub:',
    'hub:',
    'a: ',
    '- ',
    '\n',
    '\n  ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '|\n',
    '&a ',
    '*a',
    '<<: ',
    '!x ',
    '#',
    '? ',
    '---',
    '1',
    'yes',
  );
  const text = fc.oneof(
    fc.string(),
    fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 30 }).map((parts) => parts.join('')),
  );
  await fc.assert(
    fc.asyncProperty(text, async (written) => {
      const { problems } = await load(written);
      const lines = written.split(/\r?\n/);
      for (const { line, column, code } of problems) {
        expect(code).toMatch(/^ATOLL_SETTINGS_/);
        expect(line).toBeLessThanOrEqual(lines.length + 1);
        expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 2);
      }
    }),
    { numRuns: 1000 },
  );
});
