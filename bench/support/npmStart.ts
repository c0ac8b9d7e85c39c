import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { freePort } from '../../test/support/freePort.ts';
import { withDescendants } from './processTree.ts';

/**
 * Seconds from `npm start` to its line `Ready`, on a data folder on which Atoll has run before; ends it.
 * @throws Error with what it printed, when it ends before
 */
export async function timeNpmStart(data: string): Promise<number> {
  const startedAt = performance.now();
  const words = ['start', '--', '--data', data, '--port', String(await freePort())];
  const child = spawn('npm', words, {
    cwd: resolve(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'inherit'],
    // The environment of the data folder is its own.
    env: { ...process.env, ATOLL_PYTHON_ENV: '', HOME: data },
  });
  const ended = once(child, 'exit');
  let output = '';
  const seconds = await new Promise<number>((done, reject) => {
    child.stdout.on('data', (bytes: Buffer) => {
      output += bytes.toString();
      if (/^Ready/m.test(output)) done((performance.now() - startedAt) / 1000);
    });
    child.once('exit', () => reject(new Error(`npm start ended: ${output}`)));
  });
  // npm's shell does not pass every signal on.
  for (const pid of withDescendants(child.pid ?? 0).slice(1)) process.kill(pid, 'SIGTERM');
  await ended;
  return seconds;
}
