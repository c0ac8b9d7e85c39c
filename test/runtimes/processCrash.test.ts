import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { readBootId, readProcess } from '../../src/runtimes/process/proc.ts';
import { until } from '../support/until.ts';
import { Probe } from './support/probe.ts';
import { ProcessWorld } from './support/processWorld.ts';

const probe = new Probe();
const worlds: ProcessWorld[] = [];
const strangers: number[] = [];

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.dispose();
  for (const pid of strangers.splice(0)) process.kill(pid, 'SIGKILL');
});
afterAll(() => probe.dispose());

/** A process that is none of Atoll's. */
function startStranger(): number {
  const { pid = 0 } = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  strangers.push(pid);
  return pid;
}

const isThere = (pid: number): boolean => (readProcess(pid)?.state ?? 'Z') !== 'Z';

describe.each([
  // A shell notes that it ran, and under which pid, then stays.
  { variant: 'plain', command: ['sh', '-c', 'echo "$WHOAMI $$" >> ../ran; exec sleep 600'] },
  {
    variant: 'forked',
    command: probe.command(`
import os
with open("../ran", "a") as file:
    file.write(os.environ["WHOAMI"] + " " + str(os.getpid()) + "\\n")
import time; time.sleep(600)`),
  },
])('a hub that is killed, $variant starts', ({ variant, command }) => {
  test('loses nothing and doubles nothing, whenever it is killed', async () => {
    const world = new ProcessWorld({ allowForkServers: variant === 'forked' });
    worlds.push(world);
    chmodSync(world.root, 0o711);
    const ranFile = join(world.root, 'homes/ran');
    mkdirSync(join(world.root, 'homes'), { recursive: true });
    writeFileSync(ranFile, '');
    const { log: _, ...options } = world.options;
    const acknowledged = new Set<string>();
    let next = 0;
    for (let round = 0; round < 14; round += 1) {
      const hub = spawn(
        process.execPath,
        [resolve(import.meta.dirname, 'support/doomedHub.ts'), JSON.stringify(options), String(next), ...command],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      let output = '';
      hub.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      await until('the hub is at work', () => output.includes(`asked w-${next}`));
      // The first start of a fork server takes seconds; then starts take some 10 to 50 ms: kill at many points of them.
      if (round === 0) await until('the first start', () => output.includes(`acknowledged w-${next}`));
      await wait(round * 7);
      hub.kill('SIGKILL');
      await once(hub, 'close');
      for (const [, id = ''] of output.matchAll(/acknowledged (\S+)/g)) acknowledged.add(id);
      const asked = [...output.matchAll(/asked w-(\d+)/g)].map((match) => Number(match[1]));
      next = Math.max(...asked) + 1;

      // The next hub begins at once, while what the killed one had begun may still be under way.
      await world.reopen();
      const listed = new Map((await world.runtime.list()).map((observation) => [observation.id, observation.phase]));
      expect([...acknowledged].filter((id) => listed.get(id) !== 'running')).toEqual([]);
      // It asks again for the one start of which it does not know.
      const unsure = `w-${next - 1}`;
      const reservation = await world.runtime.reserve({ id: unsure, kind: 'scheduler', owner: 'ada', ports: ['http'] });
      const more = { environment: { WHOAMI: unsure }, files: {}, resources: {}, reservation };
      await world.runtime.start({ id: unsure, kind: 'scheduler', owner: 'ada', command, ...more });
      acknowledged.add(unsure);
      await world.runtime.close();
    }
    await world.reopen();
    const everything = (await world.runtime.list()).map(({ id }) => id).sort();
    expect(everything).toEqual([...acknowledged].sort());
    const ran = (): string[][] =>
      readFileSync(ranFile, 'utf8')
        .trim()
        .split('\n')
        .map((line) => line.split(' '));
    await until('every workload has run', () => new Set(ran().map(([id]) => id)).size === everything.length);
    // Late starters would show up now.
    await wait(1000);
    const pids = new Map<string, number[]>();
    for (const [id = '', pid] of ran()) pids.set(id, [...(pids.get(id) ?? []), Number(pid)]);
    for (const id of everything) expect([id, pids.get(id)]).toEqual([id, [world.pidOf(id)]]);
    // All of them end when asked, and nothing is left.
    for (const id of everything) await world.runtime.stop(id, { graceSeconds: 0 });
    for (const id of everything) expect((await world.exited(id)).exit?.signal).toBe('SIGKILL');
    const servers = new Set(world.forkServers().values());
    await until('nothing is left', () => world.processes().filter((pid) => !servers.has(pid)).length === 0);
  });

  test('learns how a workload ended that ended while no hub ran', async () => {
    const world = await ProcessWorld.open({ allowForkServers: variant === 'forked' });
    worlds.push(world);
    const ends = async (python: string): Promise<string> =>
      (await world.start(probe.command(`import os, signal, time; time.sleep(1); ${python}`), { kind: 'scheduler' })).id;
    const code = await ends('os._exit(9)');
    const signal = await ends('os.kill(os.getpid(), signal.SIGKILL)');
    await world.runtime.close();
    await until('both have ended', () => !isThere(world.pidOf(code)) && !isThere(world.pidOf(signal)));
    await world.reopen();
    expect((await world.exited(code)).exit).toEqual({ code: 9, signal: null });
    expect((await world.exited(signal)).exit).toMatchObject({ code: null, signal: 'SIGKILL' });
  });
});

describe('a hub that comes back', () => {
  test('carries a stop on when it is asked again', async () => {
    const world = await ProcessWorld.open({ allowForkServers: false });
    worlds.push(world);
    const { id } = await world.start(['sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.1; done']);
    await world.line(id, /up/);
    await world.runtime.stop(id, { graceSeconds: 600 });
    await world.reopen();
    expect((await world.runtime.get(id))?.phase).toBe('running');
    await world.runtime.stop(id, { graceSeconds: 0.2 });
    expect((await world.exited(id)).exit).toMatchObject({ signal: 'SIGKILL' });
  });

  test('kills what an ended workload left behind', async () => {
    const world = await ProcessWorld.open({ allowForkServers: false });
    worlds.push(world);
    const { id } = await world.start(['sh', '-c', 'setsid sleep 600 & echo $!; sleep 0.5; exit 0']);
    const survivor = Number(await world.line(id, /^\d+$/));
    await world.runtime.close();
    await until('the workload has ended', () => !isThere(world.pidOf(id)));
    expect(world.processes().length).toBeGreaterThan(0);
    await world.reopen();
    await world.exited(id);
    await until('nothing is left', () => world.processes().length === 0);
    expect(isThere(survivor)).toBe(false);
  });

  test('says so when the machine was restarted', async () => {
    const world = await ProcessWorld.open({ allowForkServers: false });
    worlds.push(world);
    const { id } = await world.start(['sleep', '600']);
    await world.runtime.close();
    rewriteProcessFile(world, id, (identity) => ({ ...identity, bootId: 'another-boot' }));
    await world.reopen();
    expect((await world.exited(id)).exit).toEqual({ code: null, signal: null, reason: 'The machine was restarted.' });
  });

  test('does not take a later process with the same pid for its workload, nor stop it', async () => {
    const world = await ProcessWorld.open({ allowForkServers: false });
    worlds.push(world);
    const { id } = await world.start(['sh', '-c', 'exit 0']);
    await world.exited(id);
    const { id: other } = await world.start(['sleep', '600']);
    await world.runtime.close();
    const pid = startStranger();
    // As if the workload had ended, and its pid had come to the stranger half a second later.
    const startTime = (readProcess(pid)?.startTime ?? 0) - 50;
    rewriteProcessFile(world, other, (identity) => ({ ...identity, pid, startTime }));
    await world.reopen();
    expect((await world.exited(other)).exit).toMatchObject({ code: null, signal: null });
    await world.runtime.stop(other, { graceSeconds: 0 });
    await wait(1000);
    expect(isThere(pid)).toBe(true);
  });

  test('never signals a process of another account, whatever the workload wrote about itself', async () => {
    const world = await ProcessWorld.open({ allowForkServers: false });
    worlds.push(world);
    const { id } = await world.start(['sleep', '600']);
    await world.runtime.close();
    const pid = startStranger();
    const startTime = readProcess(pid)?.startTime;
    rewriteProcessFile(world, id, (identity) => ({ ...identity, pid, startTime, bootId: readBootId() }));
    const record = join(world.options.directory, 'workloads', id, 'workload.json');
    writeFileSync(record, readFileSync(record, 'utf8').replace(/"uid":\d+/, '"uid":65533'));
    await world.reopen();
    await world.runtime.stop(id, { graceSeconds: 0 });
    await wait(1000);
    expect(isThere(pid)).toBe(true);
  });

  test('removes the folder of a start that an earlier hub did not finish', async () => {
    const world = await ProcessWorld.open({ allowForkServers: false });
    worlds.push(world);
    await world.runtime.close();
    const folder = join(world.options.directory, 'workloads/half-made');
    mkdirSync(join(folder, 'files'), { recursive: true });
    writeFileSync(join(folder, 'files/secret'), 'x');
    await world.reopen();
    expect(await world.runtime.list()).toEqual([]);
    expect(readdirSync(join(world.options.directory, 'workloads'))).toEqual([]);
  });
});

function rewriteProcessFile(world: ProcessWorld, id: string, change: (identity: object) => object): void {
  const folder = join(world.options.directory, 'workloads', id);
  for (const name of readdirSync(folder).filter((entry) => /^process\.[0-9a-f]+\.json$/.test(entry))) {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')) as object)));
  }
}
