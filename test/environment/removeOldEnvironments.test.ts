import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeOldEnvironments } from '../../src/environment/removeOldEnvironments.ts';

const [current, older, used] = ['c'.repeat(20), '0'.repeat(20), '1'.repeat(20)];
const hour = 3600 * 1000;

let root: string;
let user: ChildProcess | undefined;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'atoll-environments-'));
  for (const name of [current, older, used]) {
    mkdirSync(join(root, name, 'bin'), { recursive: true });
    writeFileSync(join(root, name, 'pyvenv.cfg'), '');
  }
  writeFileSync(join(root, 'current.json'), JSON.stringify({ recipe: 'x', folder: current, python: '3.11' }));
  writeFileSync(join(root, 'notes.txt'), '');
});

afterEach(() => {
  user?.kill('SIGKILL');
  user = undefined;
  rmSync(root, { recursive: true, force: true });
});

const environments = (): string[] => readdirSync(root).filter((name) => name.length === 20);

test('older environments go a day after a newer one came, as far as nothing runs with them', async () => {
  user = spawn('sleep', ['600'], { env: { PATH: `${join(root, used, 'bin')}:${process.env.PATH}` }, stdio: 'ignore' });
  await new Promise((resolve) => user?.once('spawn', resolve));
  expect(await removeOldEnvironments(root)).toEqual([]);
  expect(await removeOldEnvironments(root, Date.now() + 25 * hour)).toEqual([older]);
  expect(environments().sort()).toEqual([used, current].sort());
  expect(readdirSync(root)).toContain('notes.txt');
  user.kill('SIGKILL');
  await new Promise((resolve) => user?.once('exit', resolve));
  utimesSync(join(root, 'current.json'), 0, (Date.now() - 25 * hour) / 1000);
  expect(await removeOldEnvironments(root)).toEqual([used]);
  expect(environments()).toEqual([current]);
});

test('where it is not known which one is current, all stay', async () => {
  writeFileSync(join(root, 'current.json'), '{');
  expect(await removeOldEnvironments(root, Date.now() + 25 * hour)).toEqual([]);
  rmSync(join(root, 'current.json'));
  expect(await removeOldEnvironments(root, Date.now() + 25 * hour)).toEqual([]);
  expect(environments()).toHaveLength(3);
});
