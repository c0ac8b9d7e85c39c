import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { readProcess } from '../../src/runtimes/process/proc.ts';
import { until } from '../support/until.ts';
import { Probe } from './support/probe.ts';
import { ProcessWorld } from './support/processWorld.ts';

const probe = new Probe();
let world: ProcessWorld;

afterEach(() => world.dispose());
afterAll(() => probe.dispose());

/** What a scheduler finds imported at its start, of the modules that only notebook servers need. */
const jupyterModules = `
import sys
print("imported:", [name for name in ("jupyterhub.singleuser", "jupyterlab.labapp") if name in sys.modules], flush=True)
`;

/** Starts a scheduler; returns what it found, and whether a fork server made it. */
async function startedScheduler(): Promise<{ found: string; isForked: boolean }> {
  const { id } = await world.start(probe.command(jupyterModules), { kind: 'scheduler', owner: 'ada' });
  const found = await world.line(id, /^imported:/);
  return { found, isForked: readProcess(world.pidOf(id))?.parent === world.forkServers().get('ada') };
}

describe('a start by a fork server that is still importing', () => {
  test('waits for its own modules only, when it began the fork server', async () => {
    world = await ProcessWorld.open();
    expect(await startedScheduler()).toEqual({ found: 'imported: []', isForked: true });
  });

  test('waits for its own modules only, when the fork server has begun with others', async () => {
    world = await ProcessWorld.open();
    const warm = world.runtime.warmUp('ada');
    expect(await startedScheduler()).toEqual({ found: 'imported: []', isForked: true });
    await warm;
  });

  test('waits for its own modules only, when the fork server imports again after it was idle', async () => {
    world = await ProcessWorld.open({ forkServerIdleSeconds: 3 });
    // While somebody's process is there, it gives its modules back but stays.
    await world.start(probe.command('pass'), { kind: 'scheduler', owner: 'ada' });
    const pid = world.forkServers().get('ada') ?? 0;
    const before = (await world.runtime.forkServerMemory())[0]?.bytes ?? 0;
    await until('the memory is given back', async () => {
      const now = (await world.runtime.forkServerMemory())[0]?.bytes ?? 0;
      return now > 0 && now < before / 3;
    });
    expect(await startedScheduler()).toEqual({ found: 'imported: []', isForked: true });
    expect(world.forkServers().get('ada')).toBe(pid);
  });

  test('the others follow by and by', async () => {
    world = await ProcessWorld.open();
    await startedScheduler();
    await until('Jupyter', async () => (await startedScheduler()).found !== 'imported: []');
    expect((await startedScheduler()).isForked).toBe(true);
  });
});
