import { readdirSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { readProcess } from '../../src/runtimes/process/proc.ts';
import { until } from '../support/until.ts';
import { Probe } from './support/probe.ts';
import { ProcessWorld, testEnvironment } from './support/processWorld.ts';

const probe = new Probe();
const worlds: ProcessWorld[] = [];
const open = async (options: Parameters<typeof ProcessWorld.open>[0] = {}): Promise<ProcessWorld> => {
  const world = await ProcessWorld.open(options);
  worlds.push(world);
  return world;
};
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.dispose();
});
afterAll(() => probe.dispose());

const isThere = (pid: number): boolean => (readProcess(pid)?.state ?? 'Z') !== 'Z';
const mebibyte = 2 ** 20;

/** The owner's fork server, once it is there. */
const serverOf = (world: ProcessWorld, owner = 'ada'): Promise<number> =>
  until(`a fork server for ${owner}`, () => {
    const pid = world.forkServers().get(owner);
    return pid !== undefined && isThere(pid) && pid;
  });

const startForked = async (world: ProcessWorld, python: string, owner = 'ada'): Promise<string> =>
  (await world.start(probe.command(python), { kind: 'scheduler', owner })).id;

const parentOf = (world: ProcessWorld, id: string): number | undefined => readProcess(world.pidOf(id))?.parent;

describe('fork servers', () => {
  test('are one for each user, begun by the first start and used by the next', async () => {
    const world = await open();
    const first = await startForked(world, 'pass');
    const second = await startForked(world, 'pass');
    const other = await startForked(world, 'pass', 'grace');
    const [ada, grace] = [await serverOf(world, 'ada'), await serverOf(world, 'grace')];
    expect(ada).not.toBe(grace);
    expect([first, second, other].map((id) => parentOf(world, id))).toEqual([ada, ada, grace]);
  });

  test('do not share the seed of hashes: who knows their own can do nothing with it to others', async () => {
    const world = await open();
    const hashes: (string | undefined)[] = [];
    await world.runtime.keepSpareForkServer();
    for (const owner of ['ada', 'grace']) {
      const id = await startForked(world, 'import os; print("hash", hash("atoll"), flush=True); os._exit(0)', owner);
      hashes.push(await world.line(id, /^hash /));
    }
    expect(new Set(hashes).size).toBe(2);
  });

  test('can be begun at sign-in', async () => {
    const world = await open();
    await world.runtime.warmUp('ada');
    const server = await serverOf(world);
    const id = await startForked(world, 'pass');
    expect(parentOf(world, id)).toBe(server);
  });

  test('warming up never fails, whatever the name', async () => {
    const world = await open();
    await world.runtime.warmUp('../../etc');
    expect(world.forkServers().size).toBe(0);
  });

  test('tell how much memory they hold', async () => {
    const world = await open();
    await startForked(world, 'pass');
    const [memory, ...others] = await world.runtime.forkServerMemory();
    expect(others).toEqual([]);
    expect(memory?.owner).toBe('ada');
    expect(memory?.bytes).toBeGreaterThan(20 * mebibyte);
    expect(memory?.bytes).toBeLessThan(400 * mebibyte);
  });

  test('hold no more memory together than they may: beyond, starts are plain', async () => {
    const world = await open({ forkServerMostBytes: 200 * mebibyte });
    const forked = await startForked(world, 'print("begun", flush=True)');
    const plain = await startForked(world, 'print("begun", flush=True)', 'grace');
    for (const id of [forked, plain]) await world.line(id, /begun/);
    expect(parentOf(world, forked)).toBe(await serverOf(world));
    expect([...world.forkServers().keys()]).toEqual(['ada']);
    await world.runtime.keepSpareForkServer();
    expect([...world.forkServers().keys()]).toEqual(['ada']);
  });

  test('serve the next hub too', async () => {
    const world = await open();
    await startForked(world, 'pass');
    const server = await serverOf(world);
    await world.reopen();
    const id = await startForked(world, 'pass');
    expect(parentOf(world, id)).toBe(server);
    expect((await world.runtime.forkServerMemory())[0]?.bytes).toBeGreaterThan(0);
  });

  test('are not used for an environment that somebody else keeps', async () => {
    const { directory, python } = testEnvironment();
    const world = await open({ environment: { directory, python, owned: false } });
    await world.runtime.warmUp('ada');
    await startForked(world, 'pass');
    expect(world.forkServers().size).toBe(0);
    expect(await world.runtime.forkServerMemory()).toEqual([]);
  });

  test('start nothing but the modules that they know', async () => {
    const world = await open();
    await world.runtime.warmUp('ada');
    const { id } = await world.start(['python', '-m', 'this']);
    expect((await world.exited(id)).exit).toEqual({ code: 0, signal: null });
    expect((await world.runtime.logTail(id, 30)).join()).toContain('Beautiful is better');
  });
});

describe('a spare fork server', () => {
  const spareOf = (world: ProcessWorld): number | undefined => world.forkServers().get('');

  test('is given to the first user who needs one, and to nobody else', async () => {
    const world = await open();
    await world.runtime.keepSpareForkServer();
    await world.runtime.keepSpareForkServer();
    const spare = spareOf(world);
    expect((await world.runtime.forkServerMemory()).map(({ owner }) => owner)).toEqual(['']);
    const [first, second] = [await startForked(world, 'pass', 'ada'), await startForked(world, 'pass', 'grace')];
    expect(parentOf(world, first)).toBe(spare);
    expect(parentOf(world, second)).not.toBe(spare);
    expect(world.forkServers().get('ada')).toBe(spare);
    expect(world.forkServers().get('grace')).toBe(parentOf(world, second));
  });

  test('is followed by another one, for the next user', async () => {
    const world = await open();
    await world.runtime.keepSpareForkServer();
    const taken = spareOf(world);
    await startForked(world, 'pass', 'ada');
    await until('another one', () => spareOf(world) !== undefined);
    const next = spareOf(world);
    expect(next).not.toBe(taken);
    expect(parentOf(world, await startForked(world, 'pass', 'grace'))).toBe(next);
  });

  test('is given once when several users come at a time', async () => {
    const world = await open();
    await world.runtime.keepSpareForkServer();
    const spare = spareOf(world);
    const ids = await Promise.all(['ada', 'grace', 'mary'].map((owner) => startForked(world, 'pass', owner)));
    const parents = ids.map((id) => parentOf(world, id));
    expect(new Set(parents).size).toBe(3);
    expect(parents.filter((parent) => parent === spare)).toHaveLength(1);
  });

  test('runs nothing, and belongs to its first user for good', async () => {
    const world = await open();
    await world.runtime.keepSpareForkServer();
    const [folder = ''] = forkServerFolders(world);
    const ask = (message: object): Promise<string> => sendTo(folder, `${JSON.stringify(message)}\n`);
    await until('it is ready', async () => (await ask({ op: 'warm' })).includes('true'));
    const run = { op: 'run', module: 'distributed.cli.dask_scheduler', arguments: [], environment: {} };
    expect(await ask(run)).toContain('it belongs to nobody');
    expect(await ask({ op: 'assign', account: null })).toContain('ready');
    expect(await ask({ op: 'assign', account: null })).toContain('it belongs to somebody');
    // A hub that was killed in between leaves it under the old name: the next user gets one of their own.
    const spare = spareOf(world);
    const id = await startForked(world, 'pass');
    expect(parentOf(world, id)).not.toBe(spare);
    expect(parentOf(world, id)).toBe(world.forkServers().get('ada'));
  });

  test('knows its user’s folders, also those that modules worked out before it had a user', async () => {
    const world = await open();
    await world.runtime.keepSpareForkServer();
    const [folder = ''] = forkServerFolders(world);
    await until('it has its modules', async () => (await sendTo(folder, '{"op": "warm"}\n')).includes('true'));
    const python = [
      'import os, sys, json',
      'imported = all(name in sys.modules for name in ("jupyterlab.labapp", "send2trash.plat_other", "dask.config"))',
      'from jupyterlab.labapp import LabApp',
      'import dask.config, send2trash.plat_other as trash',
      'folders = [LabApp.workspaces_dir.default_value, LabApp.user_settings_dir.default_value, trash.HOMETRASH, dask.config.PATH]',
      'print(json.dumps([imported, *map(os.path.realpath, folders)]), flush=True)',
      'os._exit(0)',
    ].join('\n');
    const { id, reservation } = await world.start(probe.command(python), { kind: 'scheduler' });
    await world.exited(id);
    const [line = '[]'] = (await world.runtime.logTail(id, 10)).filter((text) => text.startsWith('['));
    const home = realpathSync(reservation.homeDirectory);
    expect(JSON.parse(line)).toEqual([
      true,
      `${home}/.jupyter/lab/workspaces`,
      `${home}/.jupyter/lab/user-settings`,
      `${home}/.local/share/Trash`,
      `${home}/.config/dask`,
    ]);
  });

  test('its home goes once neither it nor a child of it is left', async () => {
    const world = await open();
    const homes = (): string[] => readdirSync(join(world.root, 'process/fork-server-homes'));
    await world.runtime.keepSpareForkServer();
    const spare = spareOf(world) ?? 0;
    const id = await startForked(world, 'import time; print("runs", flush=True); time.sleep(600)');
    await world.line(id, /runs/);
    expect(parentOf(world, id)).toBe(spare);
    process.kill(spare, 'SIGKILL');
    await until('its end', () => !isThere(spare));
    await world.reopen();
    expect(homes()).toHaveLength(1);
    await world.runtime.stop(id, { graceSeconds: 0 });
    await world.exited(id);
    await world.reopen();
    expect(homes()).toEqual([]);
    expect(statSync(join(world.root, 'homes/ada')).isDirectory()).toBe(true);
  });

  test('is found by the next hub', async () => {
    const world = await open();
    await world.runtime.keepSpareForkServer();
    const spare = spareOf(world);
    await world.reopen();
    await world.runtime.keepSpareForkServer();
    expect(spareOf(world)).toBe(spare);
    expect(parentOf(world, await startForked(world, 'pass'))).toBe(spare);
  });

  test('ends when nobody comes', async () => {
    const world = await open({ forkServerIdleSeconds: 1 });
    await world.runtime.keepSpareForkServer();
    const spare = spareOf(world) ?? 0;
    expect(isThere(spare)).toBe(true);
    await until('it has ended', () => !isThere(spare));
  });
});

describe('a fork server that fails', () => {
  test('killed: its children live on, and the next start works', async () => {
    const world = await open();
    const id = await startForked(world, 'print("begun", flush=True)');
    await world.line(id, /begun/);
    const server = await serverOf(world);
    process.kill(server, 'SIGKILL');
    await until('the fork server is gone', () => !isThere(server));
    expect((await world.runtime.get(id))?.phase).toBe('running');
    const next = await startForked(world, 'import os; os._exit(6)');
    expect((await world.exited(next)).exit).toEqual({ code: 6, signal: null });
    // Its parent is gone, so nobody knows the exit code: that is said, and soon.
    process.kill(world.pidOf(id), 'SIGKILL');
    const { exit } = await world.exited(id);
    expect(exit).toMatchObject({ code: null, signal: null });
    expect(exit?.reason).toContain('cannot be known');
  });

  test('stopped: how its children end is known all the same', async () => {
    const world = await open();
    const python = 'import os, time\nwhile not os.path.exists("../end"): time.sleep(0.05)\nos._exit(77)';
    const [ends, killed] = [await startForked(world, python), await startForked(world, 'print("begun", flush=True)')];
    await world.line(killed, /begun/);
    process.kill(await serverOf(world), 'SIGSTOP');
    process.kill(world.pidOf(killed), 'SIGKILL');
    const { id: helper } = await world.start(['touch', '../end']);
    await world.exited(helper);
    expect((await world.exited(ends)).exit).toEqual({ code: 77, signal: null });
    expect((await world.exited(killed)).exit).toEqual({ code: null, signal: 'SIGKILL' });
  });

  test('stopped: the start is made plainly after a while, once, and the late fork does not run', async () => {
    const world = await open();
    await startForked(world, 'pass');
    const server = await serverOf(world);
    process.kill(server, 'SIGSTOP');
    const id = await startForked(
      world,
      'import os; open("../ran", "a").write(f"{os.getpid()}\\n"); print("begun", flush=True)',
    );
    await world.line(id, /begun/);
    expect(parentOf(world, id)).not.toBe(server);
    const begun = Date.now();
    const next = await startForked(world, 'print("begun", flush=True)');
    // It is not waited for again.
    expect(Date.now() - begun).toBeLessThan(3000);
    await world.line(next, /begun/);
    process.kill(server, 'SIGCONT');
    await until('it has answered what it was asked', async () => {
      const children = world.processes().filter((pid) => readProcess(pid)?.parent === server);
      return children.length <= 1;
    });
    const ran = readFileSync(join(world.root, 'homes/ran'), 'utf8').trim().split('\n');
    expect(new Set(ran)).toEqual(new Set([String(world.pidOf(id))]));
  });

  test('without its folder: the start is made all the same', async () => {
    const world = await open();
    await startForked(world, 'pass');
    rmSync(join(world.options.directory, 'fork-servers'), { recursive: true });
    const id = await startForked(world, 'import os; os._exit(8)');
    expect((await world.exited(id)).exit).toEqual({ code: 8, signal: null });
  });

  test('with an environment without the modules: the start is made all the same', async () => {
    const { directory } = testEnvironment();
    const world = await open({ environment: { directory, python: '/usr/bin/python3', owned: true } });
    const { id } = await world.start(['python', '-m', 'distributed.cli.dask_scheduler', '--version']);
    expect((await world.exited(id)).exit).toEqual({ code: 1, signal: null });
    expect((await world.runtime.logTail(id, 5)).join()).toMatch(/No module named|ModuleNotFoundError/);
  });
});

describe('a fork server that nobody uses', () => {
  test('ends when it is told to rest; one with children goes on, small, until they have ended', async () => {
    const world = await open();
    const id = await startForked(world, 'print("begun", flush=True)');
    await world.line(id, /begun/);
    await world.runtime.warmUp('grace');
    const [ada, grace] = [await serverOf(world, 'ada'), await serverOf(world, 'grace')];
    await world.runtime.restForkServers();
    await until('it has ended', () => !isThere(grace));
    await until('it is small', async () => ((await world.runtime.forkServerMemory())[0]?.bytes ?? 0) < 12 * mebibyte);
    expect(isThere(ada)).toBe(true);
    await world.runtime.stop(id, { graceSeconds: 0 });
    expect((await world.exited(id)).exit).toMatchObject({ code: null, signal: 'SIGKILL' });
    await until('it has ended', () => !isThere(ada));
  });

  test('ends when it has no children', async () => {
    const world = await open({ forkServerIdleSeconds: 1 });
    const id = await startForked(world, 'import os; os._exit(0)');
    const server = await serverOf(world);
    await world.exited(id);
    await until('it has ended', () => !isThere(server));
    expect(await world.runtime.forkServerMemory()).toEqual([]);
    // The next start begins another one.
    const next = await startForked(world, 'pass');
    expect(parentOf(world, next)).toBe(await serverOf(world));
  });

  test('gives its memory back while its children run, and still tells how they end', async () => {
    const world = await open({ forkServerIdleSeconds: 1 });
    const killed = await startForked(world, 'print("begun", flush=True)');
    const ends = await startForked(
      world,
      'import os, sys\nwhile not os.path.exists("../end"): __import__("time").sleep(0.1)\nos._exit(5)',
    );
    const server = await serverOf(world);
    await until('it is small', async () => ((await world.runtime.forkServerMemory())[0]?.bytes ?? 0) < 12 * mebibyte);
    expect(isThere(server)).toBe(true);
    const { id: helper } = await world.start(['touch', '../end']);
    await world.exited(helper);
    expect((await world.exited(ends)).exit).toEqual({ code: 5, signal: null });
    // Asked again, it is a fork server again: the same process.
    const next = await startForked(world, 'pass');
    expect(parentOf(world, next)).toBe(server);
    await world.runtime.stop(killed, { graceSeconds: 0 });
    expect((await world.exited(killed)).exit).toMatchObject({ code: null, signal: 'SIGKILL' });
  });
});

describe('the socket of a fork server', () => {
  test('is for nobody else', async () => {
    const world = await open();
    await startForked(world, 'pass');
    const [server] = world.forkServers().values();
    expect(server).toBeDefined();
    const folder = join(world.options.directory, 'fork-servers');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of forkServerFolders(world)) {
      expect(statSync(name).mode & 0o777).toBe(0o700);
      expect(statSync(join(name, 's')).mode & 0o777).toBe(0o600);
    }
  });

  test('bears garbage, half requests, large ones and silence', async () => {
    const world = await open();
    await startForked(world, 'pass');
    const server = await serverOf(world);
    const [folder = ''] = forkServerFolders(world);
    const send = (bytes: string | Buffer): Promise<string> => sendTo(folder, bytes);
    for (const bytes of [
      '',
      '\n',
      'GET / HTTP/1.1\r\n\r\n',
      '{"op": "run"}\n',
      '{"op": "run", "module"',
      '[]\n',
      '7\n',
      '{"op": 5}\n',
    ])
      await send(bytes);
    await send(Buffer.alloc(6 * mebibyte, 'x'));
    await send('{"op": "run", "module": "distributed.cli.dask_scheduler", "environment": 5}\n');
    await send('{"op": "run", "module": "os", "arguments": []}\n');
    await until('it still answers', async () => (await send('{"op": "warm"}\n')).includes('ready'));
    expect(isThere(server)).toBe(true);
  });
});

function forkServerFolders(world: ProcessWorld): string[] {
  const folder = join(world.options.directory, 'fork-servers');
  return readdirSync(folder).map((name) => join(folder, name));
}

/** Sends bytes to the fork server of a folder; what it answers. */
function sendTo(folder: string, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(join(folder, 's'));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
    socket.end(bytes);
  });
}
