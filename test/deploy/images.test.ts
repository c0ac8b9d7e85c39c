import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const project = resolve(import.meta.dirname, '../..');

test('without a builder it says so, and ends with 3', () => {
  const env = { ...process.env, BUILDER: 'no-such-builder' };
  const { status, stderr } = spawnSync(join(project, 'images/build'), ['atoll', 'atoll:1'], { env, encoding: 'utf8' });
  expect(stderr).toBe('no builder of container images works on this machine (no-such-builder)\n');
  expect(status).toBe(3);
});

test.each(['Containerfile', 'images/user/Containerfile'])('%s copies only what there is', (name) => {
  const text = readFileSync(join(project, name), 'utf8');
  const copied = [...text.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, files = '']) => files.split(' '));
  expect(copied.length).toBeGreaterThan(0);
  expect(copied.filter((file) => !existsSync(join(project, file)))).toEqual([]);
});

test('what is put into Atoll’s image runs', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-image-'));
  const collected = spawnSync(join(project, 'images/collect-atoll'), [folder, process.execPath], { encoding: 'utf8' });
  expect(collected.stderr).toBe('');
  const { stdout, status } = spawnSync(process.execPath, [join(folder, 'build/main.cjs'), 'hub', '--help'], {
    encoding: 'utf8',
  });
  expect(stdout).toContain('--python');
  expect(status).toBe(0);
  expect(existsSync(join(folder, 'python/bridge/main.py'))).toBe(true);
  rmSync(folder, { recursive: true });
});
