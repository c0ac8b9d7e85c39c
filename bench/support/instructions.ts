import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { isInstalled } from './isInstalled.ts';

const event = 'instructions:u';
/** As long as perf takes to attach to processes, and more. */
const attachMs = 500;

/** Why instructions cannot be counted on this machine; undefined when they can. (Node 24 does not run under callgrind.) */
export function whyNoInstructions(): string | undefined {
  if (!isInstalled('perf')) return 'perf is not installed';
  const { stderr } = spawnSync('perf', ['stat', '-x', ',', '-e', event, 'true'], { encoding: 'utf8' });
  if (countIn(stderr) !== undefined) return undefined;
  return `the machine does not let perf count them: ${stderr.trim().split(/\n|,,/)[0]}`;
}

/** How many instructions these processes run, in their own code and not the kernel's, while `work` is done. */
export async function countInstructions(pids: readonly number[], work: () => unknown): Promise<number> {
  const child = spawn('perf', ['stat', '-x', ',', '-e', event, '-p', pids.join(',')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.on('data', (bytes: Buffer) => (output += bytes.toString()));
  const ended = once(child, 'close');
  await wait(attachMs);
  await work();
  child.kill('SIGINT');
  await ended;
  const count = countIn(output);
  if (count === undefined) throw new Error(`perf: ${output}`);
  return count;
}

/** What `perf stat -x ,` has in the first field of the line of the event; there are words where it could not count. */
export function countIn(output: string): number | undefined {
  const first = /^(\d+),[^,]*,instructions/m.exec(output)?.[1];
  return first === undefined ? undefined : Number(first);
}
