import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { holdLock } from '../../src/cli/roles/holdLock.ts';

let folder: string;
let path: string;
const holders: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-test-'));
  path = join(folder, 'a.lock');
});
afterEach(() => {
  for (const holder of holders.splice(0)) holder.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Another process that holds the lock. */
async function startHolder(): Promise<ChildProcess> {
  const script = `
    const { holdLock } = await import(${JSON.stringify(resolve(import.meta.dirname, '../../src/cli/roles/holdLock.ts'))});
    await holdLock(${JSON.stringify(path)}, 'folder');
    console.log('held');
    setInterval(() => undefined, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  holders.push(holder);
  await once(holder.stdout, 'data');
  return holder;
}

test('one process holds it; a killed one leaves nothing behind', async () => {
  const holder = await startHolder();
  await expect(holdLock(path, '/data/folder', 200)).rejects.toMatchObject({
    code: 'ATOLL_ALREADY_RUNNING',
    evidence: '/data/folder',
  });
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  await holdLock(path, '/data/folder');
  await expect(holdLock(path, '/data/folder')).rejects.toMatchObject({ code: 'ATOLL_ALREADY_RUNNING' });
});

test('whoever waits gets it as soon as the other ends', async () => {
  const holder = await startHolder();
  const held = holdLock(path, '/data/folder', 60_000);
  holder.kill('SIGKILL');
  await expect(held).resolves.toBeUndefined();
});

test('of many who want it at the same moment one gets it', async () => {
  const attempts = await Promise.allSettled(Array.from({ length: 5 }, () => holdLock(path, '/data/folder')));
  expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});
