import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataFolder } from '../../src/core/dataFolder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('is made with all that is above it; only its owner may look into it, whatever the umask', () => {
  const before = process.umask(0o077);
  const root = join(folder, 'a/b');
  const paths = openDataFolder(root);
  process.umask(before);
  // What the superuser makes, the accounts of the users pass through.
  const passable = userInfo().uid === 0 ? 0o711 : 0o700;
  expect([join(folder, 'a'), root, paths.workloads].map(modeOf)).toEqual([passable, passable, passable]);
  expect([paths.run, join(root, 'secrets')].map(modeOf)).toEqual([0o700, 0o700]);
});

test('one that is there stays as it is', () => {
  const root = join(folder, 'data');
  mkdirSync(root);
  chmodSync(root, 0o750);
  openDataFolder(root);
  expect(modeOf(root)).toBe(0o750);
});

test('cannot be where there can be no folders', () => {
  const refused = { code: 'ATOLL_DATA_NOT_WRITABLE', message: 'The data folder cannot be written.' };
  expect(() => openDataFolder('/proc/atoll/data')).toThrow(expect.objectContaining(refused) as Error);
});

test.each([
  ['in place of a file', 'file'],
  ['below a file', 'file/data'],
])('cannot be %s, which is named', (_, path) => {
  const file = join(folder, 'file');
  writeFileSync(file, 'what somebody wrote');
  const message = 'A file stands where the data folder should be.';
  const refused = { code: 'ATOLL_DATA_NOT_WRITABLE', message, evidence: file };
  expect(() => openDataFolder(join(folder, path))).toThrow(expect.objectContaining(refused) as Error);
  expect(readFileSync(file, 'utf8')).toBe('what somebody wrote');
});
