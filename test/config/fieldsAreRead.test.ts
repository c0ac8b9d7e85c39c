import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const source = resolve(import.meta.dirname, '../../src');

/** The program without what reads settings files. */
function otherSources(): string {
  return readdirSync(source, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('config'))
    .map((name) => readFileSync(join(source, name), 'utf8'))
    .join('\n');
}

// A key that nobody reads must not say that it works: the table calls it "no effect" or "not supported" instead.
test.each(['podSettings.ts', 'deploymentSettings.ts'])('every field of %s is read somewhere', (name) => {
  const words = new Set(otherSources().match(/\w+/g));
  const text = readFileSync(join(source, 'config', name), 'utf8');
  const fields = [...text.slice(0, text.indexOf('export function default')).matchAll(/^ +(\w+)\??:/gm)];
  expect(fields.length).toBeGreaterThan(20);
  expect(fields.map(([, field]) => field).filter((field) => field === undefined || !words.has(field))).toEqual([]);
});
