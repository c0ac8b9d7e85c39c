import { afterEach, expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { ProcessWorld } from './support/processWorld.ts';

let world: ProcessWorld;
afterEach(() => world.dispose());

const mebibyte = 2 ** 20;
/** Python that holds so many MiB for good, and says so. */
const holding = (mebibytes: number): string =>
  `import time; held = bytearray(${mebibytes} * 2**20); print("holds it", flush=True); time.sleep(600)`;

test('what holds more than it may is ended, all of it, and the reason is told', async () => {
  world = await ProcessWorld.open({ allowForkServers: false });
  // In a child with a session of its own, as Jupyter starts kernels.
  const script = `import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", ${JSON.stringify(holding(200))}], start_new_session=True)
time.sleep(600)`;
  const { id } = await world.start(['python', '-c', script], { resources: { memoryLimit: 100 * mebibyte } });
  const { exit } = await world.exited(id);
  expect(exit).toEqual({ code: null, signal: 'SIGKILL', reason: 'ended by the memory limit (100 MiB)' });
  await until('nothing is left of it', () => world.processes().length === 0);
});

test('what stays below its limit, and what has none, goes on', async () => {
  world = await ProcessWorld.open({ allowForkServers: false });
  const limited = await world.start(['python', '-c', holding(50)], { resources: { memoryLimit: 200 * mebibyte } });
  const unlimited = await world.start(['python', '-c', holding(300)]);
  for (const { id } of [limited, unlimited]) await world.line(id, /holds it/);
  // One that is ended later has had the same looks at it.
  const ended = await world.start(['python', '-c', holding(300)], { resources: { memoryLimit: 100 * mebibyte } });
  await world.exited(ended.id);
  for (const { id } of [limited, unlimited]) expect((await world.runtime.get(id))?.phase).toBe('running');
});

test('the limit counts for what an earlier hub started too', async () => {
  world = await ProcessWorld.open({ allowForkServers: false });
  const script = `import time; print("runs", flush=True); time.sleep(3); ${holding(200)}`;
  const { id } = await world.start(['python', '-c', script], { resources: { memoryLimit: 100 * mebibyte } });
  await world.line(id, /runs/);
  await world.reopen();
  expect((await world.exited(id)).exit?.reason).toBe('ended by the memory limit (100 MiB)');
});
