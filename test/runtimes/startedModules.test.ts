import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readProcess } from '../../src/runtimes/process/proc.ts';
import { Probe } from './support/probe.ts';
import { ProcessWorld } from './support/processWorld.ts';

const probe = new Probe();
afterAll(() => probe.dispose());

describe.each([
  { variant: 'plain', allowForkServers: false },
  { variant: 'forked', allowForkServers: true },
  { variant: 'forked by what was a spare fork server', allowForkServers: true },
])('a Python module, $variant', ({ variant, allowForkServers }) => {
  let world: ProcessWorld;
  let spare: number | undefined;
  beforeAll(async () => {
    world = await ProcessWorld.open({ allowForkServers });
    if (variant.includes('spare')) {
      await world.runtime.keepSpareForkServer();
      spare = world.forkServers().get('');
    }
    await world.runtime.warmUp('ada');
  });
  afterAll(() => world.dispose());

  const result = async (python: string, more: Parameters<ProcessWorld['start']>[1] = {}): Promise<string[]> => {
    const { id } = await world.start(probe.command(`import sys, os\n${python}\nsys.stdout.flush()\nos._exit(0)`), {
      kind: 'scheduler',
      ...more,
    });
    await world.exited(id);
    return (await world.runtime.logTail(id, 50)).filter((line) => !/^\S+ \S+ - distributed\./.test(line));
  };

  test('is started the way that this variant says', async () => {
    const { id } = await world.start(probe.command('print("begun", flush=True)'), { kind: 'scheduler' });
    await world.line(id, /begun/);
    const server = world.forkServers().get('ada');
    expect(readProcess(world.pidOf(id))?.parent === server).toBe(allowForkServers);
    expect(spare === undefined || spare === server).toBe(true);
    expect(spare !== undefined).toBe(variant.includes('spare'));
    await world.runtime.stop(id, { graceSeconds: 0 });
    await world.exited(id);
  });

  test.each([0, 1, 7, 143, 255])('exit code %i is known', async (code) => {
    const { id } = await world.start(probe.command(`import os; os._exit(${code})`), { kind: 'scheduler' });
    expect((await world.exited(id)).exit).toEqual({ code, signal: null });
  });

  test.each(['SIGKILL', 'SIGTERM', 'SIGSEGV', 'SIGABRT'])('%s is known', async (signal) => {
    const python = `import os, signal; signal.signal(signal.SIGTERM, signal.SIG_DFL); os.kill(os.getpid(), signal.${signal})`;
    const { id } = await world.start(probe.command(python), { kind: 'scheduler' });
    expect((await world.exited(id)).exit).toMatchObject({ code: null, signal });
  });

  test('an exit is noticed at once', async () => {
    const { id } = await world.start(probe.command('import time, os; print(time.time(), flush=True); os._exit(3)'));
    await world.exited(id);
    expect(Date.now() - 1000 * Number((await world.runtime.logTail(id, 1))[0])).toBeLessThan(5000);
  });

  test.each([
    { argument: '--no-such-option', code: 2, message: 'No such option' },
    { argument: '--port=none', code: 1, message: 'ValueError' },
  ])(
    'a module that fails ($argument) says so in its log, and exits with $code',
    async ({ argument, code, message }) => {
      const { id } = await world.start(['python', '-m', 'distributed.cli.dask_scheduler', argument], {
        kind: 'scheduler',
      });
      expect((await world.exited(id)).exit).toEqual({ code, signal: null });
      expect((await world.runtime.logTail(id, 100)).join('\n')).toContain(message);
    },
  );

  test('has exactly the environment of its spec', async () => {
    const lines = await result('for name in sorted(os.environ): print(name + "=" + os.environ[name])', {
      environment: { PLAIN: 'x', DASK_TEST__DEEP: '5' },
    });
    const names = lines.map((line) => line.slice(0, line.indexOf('=')));
    expect(lines).toEqual(expect.arrayContaining(['PLAIN=x', 'DASK_TEST__DEEP=5']));
    // What Python or Dask set by themselves at a start is the same in both variants.
    const own = new Set(['LC_CTYPE', 'PYTHONHASHSEED', 'TZ', 'KMP_INIT_AT_FORK', 'KMP_DUPLICATE_LIB_OK']);
    expect(new Set(names.filter((name) => !own.has(name)))).toEqual(
      new Set([
        'ATOLL_INSTALLATION',
        'ATOLL_WORKLOAD_ID',
        'DASK_TEST__DEEP',
        'HOME',
        'LANG',
        'LOGNAME',
        'PATH',
        'PLAIN',
        'SHELL',
        'USER',
      ]),
    );
  });

  test('programs that it starts inherit that environment and no open file', async () => {
    const lines = await result(
      'import subprocess; print(subprocess.run(["sh", "-c", "echo $PLAIN; ls /proc/self/fd | wc -l"], capture_output=True, text=True).stdout)',
      { environment: { PLAIN: 'inherited' } },
    );
    expect(lines.slice(0, 2)).toEqual(['inherited', '4']);
  });

  test('reads Dask settings from its own environment', async () => {
    const lines = await result('import dask; print(dask.config.get("test.deep"), dask.config.get("other", None))', {
      environment: { DASK_TEST__DEEP: '{"a": 1}' },
    });
    expect(lines).toEqual(["{'a': 1} None"]);
  });

  test('draws its own random numbers', async () => {
    const python = 'import random, numpy.random; print(numpy.random.random(), random.random(), os.urandom(4).hex())';
    const draws = new Set([...(await result(python)), ...(await result(python)), ...(await result(python))]);
    expect(draws.size).toBe(3);
    const firsts = new Set([...draws].map((line) => line.split(' ')[0]));
    expect(firsts.size).toBe(3);
  });

  test('starts in its home, leads its own session, holds no other files, and listens to signals', async () => {
    const python = [
      'import signal, json',
      'files = [os.readlink("/proc/self/fd/" + f) for f in os.listdir("/proc/self/fd") if os.path.exists("/proc/self/fd/" + f)]',
      'print(json.dumps({"cwd": os.getcwd(), "session": os.getsid(0) == os.getpid(), "group": os.getpgid(0) == os.getpid(),',
      ' "files": sorted(set(files)), "int": signal.getsignal(signal.SIGINT) == signal.default_int_handler,',
      ' "child": signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL, "stdin": sys.stdin.read(),',
      ' "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])), "umask": os.umask(0), "home": os.path.expanduser("~")}))',
    ].join('\n');
    const { id, reservation } = await world.start(
      probe.command(`import sys, os\n${python}\nsys.stdout.flush(); os._exit(0)`),
    );
    await world.exited(id);
    const seen = JSON.parse((await world.runtime.logTail(id, 1))[0] ?? '{}') as Record<string, unknown>;
    const home = reservation.homeDirectory;
    expect(seen).toMatchObject({ cwd: home, home, session: true, group: true, int: true, child: true, stdin: '' });
    expect(seen).toMatchObject({ mask: [], umask: 0o022 });
    const log = join(world.options.directory, 'workloads', id, 'log');
    const others = (seen.files as string[]).filter(
      (file) => !['/dev/null', log].includes(file) && !/^(anon_inode|socket|pipe)/.test(file),
    );
    expect(others.filter((file) => !file.startsWith('/proc/'))).toEqual([]);
    expect((seen.files as string[]).filter((file) => /fork-servers|memfd/.test(file))).toEqual([]);
  });

  test('finds the settings and folders of its own home', async () => {
    const python = [
      'import dask.config, site, jupyter_core.paths as paths, json, sys, pathlib',
      'print(json.dumps([*dask.config.paths, site.getuserbase(), paths.jupyter_data_dir(), paths.jupyter_config_dir(),',
      ' *paths.jupyter_path(), *paths.jupyter_config_path(), paths.jupyter_runtime_dir(), str(pathlib.Path.home())]))',
    ].join('\n');
    const { id, reservation } = await world.start(
      probe.command(`import sys, os\n${python}\nsys.stdout.flush(); os._exit(0)`),
    );
    await world.exited(id);
    const home = reservation.homeDirectory;
    const found = JSON.parse((await world.runtime.logTail(id, 1))[0] ?? '[]') as string[];
    const prefix = world.options.environment.directory;
    expect(found).toEqual(
      expect.arrayContaining([
        home,
        `${home}/.config/dask`,
        `${home}/.local`,
        `${home}/.jupyter`,
        `${home}/.local/share/jupyter`,
      ]),
    );
    const system = /^\/(etc|usr)\//;
    expect(found.filter((path) => !path.startsWith(home) && !path.startsWith(prefix) && !system.test(path))).toEqual(
      [],
    );
  });

  test('shows its own command in the list of processes', async () => {
    const { id } = await world.start(probe.command('print("begun", flush=True)'), { kind: 'scheduler' });
    await world.line(id, /begun/);
    const shown = readFileSync(`/proc/${world.pidOf(id)}/cmdline`, 'utf8').replaceAll('\0', ' ');
    expect(shown).toMatch(/-m distributed\.cli\.dask_scheduler --no-dashboard --host 127\.0\.0\.1 --port 0 --preload/);
    await world.runtime.stop(id, { graceSeconds: 0 });
    await world.exited(id);
  });

  test('is started plainly when its environment would have to be there from the beginning', async () => {
    const { id } = await world.start(probe.command('print("begun", flush=True)'), {
      environment: { PYTHONDEVMODE: '1' },
    });
    await world.line(id, /begun/);
    expect(readProcess(world.pidOf(id))?.parent).not.toBe(world.forkServers().get('ada'));
    await world.runtime.stop(id, { graceSeconds: 0 });
    await world.exited(id);
  });

  test('a stop lets it end by itself', async () => {
    const { id } = await world.start(probe.command('pass'), { kind: 'scheduler' });
    await world.line(id, /Scheduler at/);
    await world.runtime.stop(id, { graceSeconds: 60 });
    const { exit } = await world.exited(id);
    expect(exit?.reason).toBeUndefined();
    expect((await world.runtime.logTail(id, 20)).join('\n')).toContain('SIGTERM');
  });
});
