import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PortAllocator } from '../../src/runtimes/process/portAllocator.ts';
import { readProcess } from '../../src/runtimes/process/proc.ts';
import { until } from '../support/until.ts';
import { ProcessWorld } from './support/processWorld.ts';

let world: ProcessWorld;
beforeEach(async () => {
  world = await ProcessWorld.open({ allowForkServers: false });
});
afterEach(() => world.dispose());

const isThere = (pid: number): boolean => (readProcess(pid)?.state ?? 'Z') !== 'Z';
const folderOf = (id: string): string => join(world.options.directory, 'workloads', id);

describe('what is kept of a workload', () => {
  test('has no secret in its record, and is for the hub alone', async () => {
    const { id } = await world.start(['sleep', '600'], {
      environment: { JUPYTERHUB_API_TOKEN: 'secret-in-the-environment' },
      files: { key: 'secret-in-a-file' },
    });
    const texts = readdirSync(folderOf(id))
      .filter((name) => name.endsWith('.json'))
      .map((name) => readFileSync(join(folderOf(id), name), 'utf8'));
    expect(texts.length).toBeGreaterThan(1);
    expect(texts.join('\n')).not.toContain('secret');
    for (const name of ['workload.json', 'log', 'exit.json', 'files/key'])
      expect([name, statSync(join(folderOf(id), name)).mode & 0o777]).toEqual([name, 0o600]);
  });

  test('goes when it is forgotten, credentials and all', async () => {
    const { id } = await world.start(['true'], { files: { key: 'x' } });
    await world.exited(id);
    expect(readdirSync(folderOf(id))).toContain('files');
    await world.runtime.forget(id);
    expect(readdirSync(join(world.options.directory, 'workloads'))).toEqual([]);
  });

  test('is bounded: a long log is cut to its end while the workload writes on', async () => {
    const script =
      'yes "a line of a talkative workload" | head -c 13000000; echo; while :; do sleep 0.1; echo more; done';
    const { id } = await world.start(['sh', '-c', script]);
    const log = join(folderOf(id), 'log');
    await until('it wrote a lot', () => statSync(log).size > 12_000_000);
    await until('the log is cut', () => statSync(log).size < 2_000_000 && statSync(log).size > 500_000);
    const lines = await world.runtime.logTail(id, 100_000);
    expect(lines.length).toBeGreaterThan(5000);
    const after = statSync(log).size;
    await until('it writes on', () => statSync(log).size > after);
    expect(readFileSync(log, 'utf8')).toContain('[earlier lines were cut]\na line of a talkative workload\n');
  });

  test('odd file names are refused, and nothing is started', async () => {
    for (const name of ['../escape', 'a/b', '.hidden', ''])
      await expect(world.start(['true'], { id: 'odd', files: { [name]: 'x' } })).rejects.toThrow('not a file name');
    expect(await world.runtime.list()).toEqual([]);
    expect(readdirSync(join(world.options.directory, 'workloads'))).toEqual([]);
  });
});

describe('what a workload leaves behind', () => {
  // A process that left the session and the group; it keeps the environment.
  const escapee = 'setsid sh -c \'trap "" TERM HUP; echo $$; while :; do sleep 0.2; done\' &';

  test('ends with a stop, also when it left the session', async () => {
    const { id } = await world.start(['sh', '-c', `${escapee} wait`]);
    const pid = Number(await world.line(id, /^\d+$/));
    expect(readProcess(pid)?.session).toBe(pid);
    await world.runtime.stop(id, { graceSeconds: 60 });
    await world.exited(id);
    await until('the escapee is gone', () => !isThere(pid));
  });

  test('ends when the workload ends by itself', async () => {
    const { id } = await world.start(['sh', '-c', `${escapee} sleep 0.5; kill -KILL $$`]);
    const pid = Number(await world.line(id, /^\d+$/));
    expect((await world.exited(id)).exit?.signal).toBe('SIGKILL');
    await until('the escapee is gone', () => !isThere(pid));
  });

  test('does not include the processes of another workload', async () => {
    const { id: other } = await world.start(['sh', '-c', `${escapee} wait`]);
    const pid = Number(await world.line(other, /^\d+$/));
    const { id } = await world.start(['sh', '-c', 'exec sleep 600']);
    await world.runtime.stop(id, { graceSeconds: 0 });
    await world.exited(id);
    // Several sweeps have been by then.
    const { id: later } = await world.start(['sleep', '1.5']);
    await world.exited(later);
    expect([(await world.runtime.get(other))?.phase, isThere(pid)]).toEqual(['running', true]);
  });

  test('a supervisor that is killed takes nothing with it, and the end is noticed all the same', async () => {
    const { id } = await world.start(['sleep', '600']);
    const pid = world.pidOf(id);
    process.kill(readProcess(pid)?.parent ?? 0, 'SIGKILL');
    await until('the supervisor is gone', () => readProcess(pid)?.parent === 1 || !isThere(pid));
    expect((await world.runtime.get(id))?.phase).toBe('running');
    process.kill(pid, 'SIGKILL');
    const { exit } = await world.exited(id);
    expect(exit).toMatchObject({ code: null, signal: null });
    expect(exit?.reason).toContain('cannot be known');
  });
});

describe('a command', () => {
  test('python -m does not find modules in the home, where a random.py would break everything', async () => {
    const { reservation } = await world.start(['true']);
    writeFileSync(join(reservation.homeDirectory, 'random.py'), 'raise SystemExit("shadowed")\n');
    const { id } = await world.start(['python', '-m', 'random']);
    const { exit } = await world.exited(id);
    expect(await world.runtime.logTail(id, 5)).not.toContain('shadowed');
    expect(exit?.code).toBe(0);
  });

  test('finds programs of the environment first', async () => {
    const { id } = await world.start(['sh', '-c', 'command -v python; command -v jupyter-lab']);
    await world.exited(id);
    const bin = join(world.options.environment.directory, 'bin');
    expect(await world.runtime.logTail(id, 5)).toEqual([`${bin}/python`, `${bin}/jupyter-lab`]);
  });

  test.each([
    [['no-such-program']],
    [['/nonexistent/program']],
    [['./relative']],
    [['']],
    [[]],
    [['/etc/passwd']],
    [['/tmp']],
  ])('%j is refused before anything is made', async (command) => {
    await expect(world.start(command)).rejects.toMatchObject({ code: 'ATOLL_PROGRAM_MISSING' });
    expect(readdirSync(join(world.options.directory, 'workloads'))).toEqual([]);
  });

  test('that cannot be executed after all ends with 126, and says why', async () => {
    const { reservation } = await world.start(['true']);
    const program = join(reservation.homeDirectory, 'program');
    writeFileSync(program, 'no program of any kind\0', { mode: 0o755 });
    const { id } = await world.start([program]);
    expect((await world.exited(id)).exit).toEqual({ code: 126, signal: null });
    expect((await world.runtime.logTail(id, 1))[0]).toContain('Exec format error');
  });
});

describe('ports', () => {
  test('of a live workload are not handed out, nor one that somebody listens on', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const listening = typeof address === 'object' && address ? address.port : 0;
    const taken = new Set<number>();
    const ports = new PortAllocator((port) => taken.has(port));
    for (let count = 0; count < 200; count += 1) {
      const port = await ports.take();
      expect(port).not.toBe(listening);
      expect(taken.has(port)).toBe(false);
      taken.add(port);
    }
    server.close();
  });

  test('of a workload that an earlier hub started are not handed out', async () => {
    const { id, reservation } = await world.start(['sleep', '600']);
    await world.reopen();
    expect((await world.runtime.get(id))?.ports).toEqual(reservation.ports);
    expect((await world.runtime.reserve({ id, kind: 'worker', owner: 'ada', ports: ['http'] })).ports).toEqual(
      reservation.ports,
    );
  });
});

test('a workload that the kernel killed for lack of memory is said to be', async ({ skip }) => {
  const group = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup'].map((root) => join(root, `atoll-test-${process.pid}`));
  const made = group.find((folder) => {
    try {
      mkdirSync(folder);
      const limit = readdirSync(folder).find((name) => ['memory.limit_in_bytes', 'memory.max'].includes(name));
      if (limit === undefined) throw new Error('no memory controller');
      writeFileSync(join(folder, limit), String(48 * 2 ** 20));
      return true;
    } catch {
      return false;
    }
  });
  skip(made === undefined, 'this machine lets the tests make no memory limit');
  try {
    const python = 'import os; os.environ["X"] = "x"; block = bytearray(400 * 2**20); print(len(block))';
    const script = `echo $$ > ${made}/cgroup.procs && exec ${world.options.environment.python} -c '${python}'`;
    const { id } = await world.start(['sh', '-c', script]);
    const { exit } = await world.exited(id);
    expect(exit).toEqual({
      code: null,
      signal: 'SIGKILL',
      reason: 'The operating system killed it because memory ran out.',
    });
  } finally {
    await until('the group is empty', () => {
      rmdirSync(made ?? '');
      return true;
    });
  }
});
