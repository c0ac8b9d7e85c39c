import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { folderNameOf } from '../../src/runtimes/process/homes.ts';
import { readProcess, userOf } from '../../src/runtimes/process/proc.ts';
import { until } from '../support/until.ts';
import { Probe } from './support/probe.ts';
import { ProcessWorld } from './support/processWorld.ts';

const worlds: ProcessWorld[] = [];
const open = async (options: Parameters<typeof ProcessWorld.open>[0] = {}): Promise<ProcessWorld> => {
  const world = await ProcessWorld.open(options);
  worlds.push(world);
  return world;
};
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.dispose();
});

describe('the folder of an owner', () => {
  test('keeps plain names, and never gives two owners the same', () => {
    const names = [
      'ada',
      'Ada',
      'ADA',
      'ada.l',
      'ada@example.org',
      'ada=40example.org',
      'ada example',
      'ädä',
      'ädä'.normalize('NFD'),
    ];
    names.push('.ada', 'ada.', '..ada', '🌊', 'x'.repeat(300), 'x'.repeat(301), `${'x'.repeat(150)}=${'0'.repeat(32)}`);
    const folders = names.map(folderNameOf);
    expect(new Set(folders).size).toBe(names.length);
    expect(folders[0]).toBe('ada');
    for (const folder of folders) expect(folder).toMatch(/^[a-z0-9_=A-F-][a-z0-9._=A-F-]{0,199}$/);
  });

  test.each(['', '.', '..', '...', 'a/b', '/', '../x', 'a\0b', 'a\nb', '\u007f', '\ud800'])('refuses %j', (owner) => {
    expect(() => folderNameOf(owner)).toThrow('Nothing can run for a user of this name');
  });

  test('is made for them alone', async () => {
    const world = await open({ allowForkServers: false });
    const owner = 'Nobody Here@example.org';
    const { id, reservation } = await world.start(['sh', '-c', 'pwd'], { owner });
    await world.exited(id);
    expect(reservation.homeDirectory).toBe(join(world.root, 'homes', folderNameOf(owner)));
    expect(statSync(reservation.homeDirectory).mode & 0o777).toBe(0o700);
    expect(await world.runtime.logTail(id, 5)).toEqual([reservation.homeDirectory]);
    expect(reservation.superuser).toBe(userInfo().uid === 0);
  });

  test('an owner that cannot be anybody is refused before anything is made', async () => {
    const world = await open({ allowForkServers: false });
    await expect(world.start(['true'], { owner: '../../tmp/x' })).rejects.toMatchObject({ code: 'ATOLL_OWNER_NAME' });
    expect(readdirSync(join(world.options.directory, 'workloads'))).toEqual([]);
  });
});

const why = accountsCannotBeMade();
describe.skipIf(why)(`a hub that runs as root${why ? ` (${why})` : ''}`, () => {
  const suffix = randomBytes(3).toString('hex');
  const [ada, eve, homeless, group] = [`ada-${suffix}`, `eve-${suffix}`, `homeless-${suffix}`, `lab-${suffix}`];
  const probe = new Probe();
  const idOf = (...question: string[]): string => execFileSync('id', question, { encoding: 'utf8' }).trim();

  beforeAll(() => {
    execFileSync('groupadd', [group]);
    for (const name of [ada, eve]) execFileSync('useradd', ['--create-home', '--shell', '/bin/bash', name]);
    execFileSync('useradd', ['--no-create-home', homeless]);
    execFileSync('usermod', ['--append', '--groups', group, ada]);
  });
  afterAll(() => {
    probe.dispose();
    for (const name of [ada, eve, homeless])
      execFileSync('userdel', ['--remove', '--force', name], { stdio: 'ignore' });
    execFileSync('groupdel', ['--force', group], { stdio: 'ignore' });
  });

  /** Runs a command as an account; its exit code. */
  const runAs = (name: string, ...command: string[]): number => {
    try {
      const ids = ['--reuid', name, '--regid', idOf('-g', name), '--init-groups'];
      execFileSync('setpriv', [...ids, ...command], { stdio: 'ignore' });
      return 0;
    } catch (error) {
      return (error as { status: number }).status;
    }
  };

  test.each([
    { variant: 'plainly', allowForkServers: false },
    { variant: 'by a fork server', allowForkServers: true },
    { variant: 'by a fork server that was a spare one', allowForkServers: true },
  ])('runs an account as itself, with its groups and home: $variant', async ({ variant, allowForkServers }) => {
    const world = await open({ allowForkServers });
    if (variant.includes('spare')) await world.runtime.keepSpareForkServer();
    expect(world.forkServers().has('')).toBe(variant.includes('spare'));
    const python = [
      'import os, pwd, subprocess, sys',
      'print("|".join(map(str, [os.getresuid(), os.getresgid(), sorted(os.getgroups()), os.getcwd(), os.environ["HOME"], os.environ["USER"]])))',
      'print(open(os.environ["TOKEN"]).read(), os.access("/etc/shadow", os.R_OK), open("/proc/self/status").read().split("CapEff:")[1].split()[0])',
      'open(os.path.expanduser("~/mine"), "w").write("x")',
      'sys.path.insert(0, os.path.dirname(os.environ["TOKEN"])); import preload',
      'sys.stdout.flush(); os._exit(0)',
    ].join('\n');
    const id = `w-${variant.replaceAll(' ', '-')}`;
    const request = { id, kind: 'scheduler', owner: ada, ports: [] } as const;
    const { filesDirectory, homeDirectory, superuser } = await world.runtime.reserve(request);
    expect([homeDirectory, superuser]).toEqual([`/home/${ada}`, false]);
    await world.start(probe.command(python), {
      id,
      kind: 'scheduler',
      owner: ada,
      environment: { TOKEN: join(filesDirectory, 'token') },
      // As Dask loads a preload, which asks for the names in the folder too.
      files: { token: 'secret', 'preload.py': 'print("preloaded")' },
    });
    await world.exited(id);
    const [uid, gid] = [Number(idOf('-u', ada)), Number(idOf('-g', ada))];
    const groups = idOf('-G', ada)
      .split(' ')
      .map(Number)
      .sort((a, b) => a - b);
    expect(groups.length).toBe(2);
    const lines = await world.runtime.logTail(id, 20);
    expect(lines).toContain(
      [
        `(${uid}, ${uid}, ${uid})`,
        `(${gid}, ${gid}, ${gid})`,
        `[${groups.join(', ')}]`,
        `/home/${ada}`,
        `/home/${ada}`,
        ada,
      ].join('|'),
    );
    expect(lines).toContain('secret False 0000000000000000');
    expect(lines).toContain('preloaded');
    expect(statSync(`/home/${ada}/mine`).uid).toBe(uid);
    expect([...world.forkServers().keys()]).toEqual(allowForkServers ? [ada] : []);
    for (const pid of world.forkServers().values()) expect(userOf(pid)).toBe(uid);
    // Another account reads none of it, and cannot look around.
    const folder = join(world.options.directory, 'workloads', id);
    expect(statSync(join(filesDirectory, 'token'))).toMatchObject({ uid });
    expect(statSync(join(filesDirectory, 'token')).mode & 0o777).toBe(0o600);
    expect(runAs(ada, 'cat', join(filesDirectory, 'token'))).toBe(0);
    for (const file of ['files/token', 'log', 'exit.json', 'workload.json'])
      expect([file, runAs(eve, 'cat', join(folder, file))]).not.toEqual([file, 0]);
    for (const file of ['.', 'files', '..'])
      expect([file, runAs(eve, 'ls', join(folder, file))]).not.toEqual([file, 0]);
    // Its own account cannot change what the hub relies on.
    expect(runAs(ada, 'sh', '-c', `cat "$0"`, join(folder, 'workload.json'))).not.toBe(0);
    expect(runAs(ada, 'sh', '-c', `rm "$0"`, join(folder, 'log'))).not.toBe(0);
    expect(runAs(ada, 'sh', '-c', `ln -s /etc/shadow "$0"`, join(folder, 'files/link'))).not.toBe(0);
  });

  test("nobody else can talk to an account's fork server", async () => {
    const world = await open();
    await world.runtime.warmUp(ada);
    const server = await until('the fork server', () => world.forkServers().get(ada));
    const folder = join(world.options.directory, 'fork-servers');
    const [name = ''] = readdirSync(folder);
    const python = 'import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])';
    const connectAs = (account: string): number =>
      runAs(account, '/usr/bin/python3', '-c', python, join(folder, name, 's'));
    // Even when the folders were open.
    for (const path of [folder, join(folder, name)]) chmodSync(path, 0o755);
    expect(connectAs(eve)).not.toBe(0);
    expect(connectAs('root')).toBe(0);
    expect(userOf(server)).toBe(Number(idOf('-u', ada)));
  });

  test('stops what runs as an account', async () => {
    const world = await open({ allowForkServers: false });
    const { id } = await world.start(
      ['sh', '-c', 'trap "" TERM; (trap "" TERM; exec sleep 600) & echo $!; while :; do sleep 1; done'],
      { owner: ada },
    );
    const child = Number(await world.line(id, /^\d+$/));
    await world.runtime.stop(id, { graceSeconds: 0.2 });
    expect((await world.exited(id)).exit?.signal).toBe('SIGKILL');
    await until('its child is gone', () => (readProcess(child)?.state ?? 'Z') === 'Z');
  });

  test('does not follow what an account writes into its files', async () => {
    const world = await open({ allowForkServers: false });
    const { id } = await world.start(['sh', '-c', 'echo $$; exec sleep 600'], { owner: eve });
    await world.line(id, /^\d+$/);
    const stranger = (await world.start(['sleep', '600'], { owner: ada })).id;
    const victim = readProcess(world.pidOf(stranger));
    const folder = join(world.options.directory, 'workloads', id);
    const file = readdirSync(folder).find((name) => /^process\.[0-9a-f]+\.json$/.test(name)) ?? '';
    const identity = JSON.parse(readFileSync(join(folder, file), 'utf8')) as object;
    const lie = JSON.stringify({ ...identity, pid: victim?.pid, startTime: victim?.startTime });
    expect(runAs(eve, 'sh', '-c', 'printf %s "$1" > "$0"', join(folder, file), lie)).toBe(0);
    await world.reopen();
    await world.runtime.stop(id, { graceSeconds: 0 });
    await until('the sweep has been', () => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 1000)));
    expect((await world.runtime.get(stranger))?.phase).toBe('running');
  });

  test("an account of the system is nobody's", async () => {
    const world = await open({ allowForkServers: false });
    await expect(world.start(['true'], { owner: 'daemon' })).rejects.toMatchObject({ code: 'ATOLL_SYSTEM_ACCOUNT' });
  });

  test('an account without a home, or behind a closed folder, is told so', async () => {
    const world = await open({ allowForkServers: false });
    await expect(world.start(['true'], { owner: homeless })).rejects.toMatchObject({ code: 'ATOLL_HOME_MISSING' });
    chmodSync(world.root, 0o700);
    await expect(world.start(['true'], { owner: ada })).rejects.toMatchObject({
      code: 'ATOLL_FOLDER_UNREACHABLE',
      evidence: expect.stringContaining(world.root) as string,
    });
    expect(await world.runtime.list()).toEqual([]);
  });

  test('says that the others are not kept apart', async () => {
    const world = await open({ allowForkServers: false });
    expect(world.runtime.isolation()).toMatchObject({
      kind: 'users',
      sentence: expect.stringContaining('no isolation') as string,
    });
  });
});

/** Why this machine cannot give the tests accounts; undefined when it can. */
function accountsCannotBeMade(): string | undefined {
  if (userInfo().uid !== 0) return 'skipped: the tests do not run as root';
  try {
    execFileSync('useradd', ['--help'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'skipped: this machine has no useradd';
  }
}
