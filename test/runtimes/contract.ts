import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AtollError } from '../../src/core/errors.ts';
import type { Observation, Runtime, WorkloadSpec } from '../../src/runtimes/contract.ts';
import { until } from '../support/until.ts';

/** A runtime under test, and the place that its workloads live in. */
export interface RuntimeUnderTest {
  runtime: Runtime;
  /** Ends this hub's part of the runtime and opens another one on the same place, as after a restart of the hub. */
  reopen(): Promise<Runtime>;
  /** Ends everything that was started. */
  dispose(): Promise<void>;
}

/** What {@link runtimeContract} is given. */
export interface RuntimeContractOptions {
  name: string;
  makeRuntime: () => Promise<RuntimeUnderTest>;
  /** Tests, by their full title, that this runtime cannot pass, and why. */
  skip?: { reason: string; tests: string[] }[];
}

let ids = 0;

/** What every runtime must do. Workloads are shell commands, so any machine or image will do. */
export function runtimeContract({ name, makeRuntime, skip = [] }: RuntimeContractOptions): void {
  describe(`the runtime contract: ${name}`, () => {
    let world: RuntimeUnderTest;
    beforeAll(async () => {
      world = await makeRuntime();
    });
    afterAll(async () => {
      await world.dispose();
    });

    const check = (title: string, body: () => Promise<void>): void => {
      const skipped = skip.find(({ tests }) => tests.includes(title));
      const declare = skipped ? test.skip : test;
      declare(skipped ? `${title} (${skipped.reason})` : title, body);
    };

    /** Reserves and starts; the rest of the spec has defaults. */
    const start = async (
      command: readonly string[],
      more: Partial<Omit<WorkloadSpec, 'reservation' | 'command'>> = {},
    ): Promise<WorkloadSpec> => {
      ids += 1;
      const { id = `contract-${process.pid}-${ids}`, kind = 'worker', owner = 'ada' } = more;
      const reservation = await world.runtime.reserve({ id, kind, owner, ports: ['http', 'other'] });
      const defaults = { kind, owner, environment: {}, files: {}, resources: {} };
      const spec: WorkloadSpec = { ...defaults, ...more, id, command, reservation };
      await world.runtime.start(spec);
      return spec;
    };
    const shell = (script: string): string[] => ['sh', '-c', script];
    const exited = (id: string): Promise<Observation> =>
      until(`${id} has exited`, async () => {
        const seen = await world.runtime.get(id);
        return seen?.phase === 'exited' && seen;
      });
    const log = (id: string): Promise<string[]> => world.runtime.logTail(id, 1000);
    const logHas = (id: string, line: string): Promise<string[]> =>
      until(`${id} wrote ${line}`, async () => {
        const lines = await log(id);
        return lines.includes(line) && lines;
      });

    check('a workload runs, is observed, and its exit code is known', async () => {
      const seen: Observation[] = [];
      const stopObserving = world.runtime.observe((observation) => seen.push(observation));
      const { id, reservation } = await start(shell('echo hello; exit 7'), { kind: 'server', owner: 'grace' });
      const end = await exited(id);
      expect(end).toMatchObject({ id, kind: 'server', owner: 'grace', exit: { code: 7, signal: null } });
      expect(end.ports).toEqual(reservation.ports);
      const phases = seen.filter((one) => one.id === id && one.phase !== 'waiting').map(({ phase }) => phase);
      // What ends within milliseconds may never be seen running by a runtime that is told by others.
      expect(phases).toEqual(name === 'process' || phases.length > 1 ? ['running', 'exited'] : ['exited']);
      expect(await log(id)).toEqual(['hello']);
      stopObserving();
      const { id: later } = await start(shell('exit 0'));
      await exited(later);
      expect(seen.some((observation) => observation.id === later)).toBe(false);
    });

    check('an exit is noticed at once', async () => {
      const { id } = await start(shell('date +%s%3N; exit 3'));
      const ends = new Promise<number>((resolve) => {
        const stopObserving = world.runtime.observe((observation) => {
          if (observation.id !== id || observation.phase !== 'exited') return;
          stopObserving();
          resolve(Date.now());
        });
      });
      const noticedAt = (await world.runtime.get(id))?.phase === 'exited' ? Date.now() : await ends;
      // Promised within a second, on a machine that has nothing else to do.
      expect(noticedAt - Number((await log(id))[0])).toBeLessThan(5000);
    });

    check('the signal that ended a workload is known', async () => {
      const { id } = await start(shell('kill -KILL $$'));
      expect((await exited(id)).exit).toMatchObject({ code: null, signal: 'SIGKILL' });
    });

    check('an exit code that looks like a signal is an exit code', async () => {
      const { id } = await start(shell('exit 143'));
      expect((await exited(id)).exit).toMatchObject({ code: 143, signal: null });
    });

    check('arguments arrive unchanged', async () => {
      const odd = ['', ' two  words ', '"quotes\'', '$HOME', '*', 'ünïcode 🌊', '-n', 'line\nbreak', '\\'];
      const { id } = await start(['sh', '-c', 'for a in "$@"; do printf "<%s>\\n" "$a"; done', 'sh', ...odd]);
      await exited(id);
      expect((await log(id)).join('\n')).toBe(odd.map((argument) => `<${argument}>`).join('\n'));
    });

    check(
      'the workload has the environment of its spec, its resources, a home it may write, and nothing of the hub',
      async () => {
        process.env.ATOLL_TEST_SECRET_OF_THE_HUB = 'leaked';
        const script = 'env; echo "cwd=$(pwd)"; touch "$HOME/written" && echo writable; command -v ls';
        const { id, reservation } = await start(shell(script), {
          environment: { PLAIN: 'x=y z', EMPTY: '' },
          resources: { memoryLimit: 2 ** 31, memoryGuarantee: 2 ** 30, coreLimit: 1.5, coreGuarantee: 0.5 },
        });
        delete process.env.ATOLL_TEST_SECRET_OF_THE_HUB;
        await exited(id);
        const lines = await log(id);
        expect(lines).toEqual(
          expect.arrayContaining([
            'PLAIN=x=y z',
            'EMPTY=',
            `HOME=${reservation.homeDirectory}`,
            `cwd=${reservation.homeDirectory}`,
            'writable',
            'MEM_LIMIT=2147483648',
            'MEM_GUARANTEE=1073741824',
            'CPU_LIMIT=1.5',
            'CPU_GUARANTEE=0.5',
          ]),
        );
        expect(lines.join('\n')).not.toContain('leaked');
        expect(lines.some((line) => /^(USER|LANG|SHELL)=/.test(line))).toBe(true);
      },
    );

    check('nothing is said about resources that are not limited', async () => {
      const { id } = await start(shell('env'));
      await exited(id);
      expect((await log(id)).filter((line) => /^(MEM|CPU)_/.test(line))).toEqual([]);
    });

    check('files are there before the workload runs, for nobody else', async () => {
      const files = { 'dask.pem': 'secret\nlines\n', token: '' };
      ids += 1;
      const id = `contract-${process.pid}-${ids}-files`;
      const { filesDirectory } = await world.runtime.reserve({ id, kind: 'worker', owner: 'ada', ports: [] });
      const script = `cd '${filesDirectory}' && stat -c '%n %a %s' * && cat dask.pem && test -O token && echo mine`;
      await start(shell(script), { id, files });
      await exited(id);
      expect(await log(id)).toEqual(['dask.pem 600 13', 'token 600 0', 'secret', 'lines', 'mine']);
    });

    check('python is the Python of the environment', async () => {
      const { id } = await start(['python', '-c', 'import sys, dask; print(sys.version_info >= (3, 11))']);
      await exited(id);
      expect(await log(id)).toEqual(['True']);
    });

    check('the same id is started once', async () => {
      const { id, ...spec } = await start(shell('echo once; exec sleep 600'));
      await world.runtime.start({ ...spec, id, command: shell('echo twice') });
      await logHas(id, 'once');
      await world.runtime.stop(id, { graceSeconds: 0 });
      await exited(id);
      await world.runtime.start({ ...spec, id, command: shell('echo twice') });
      expect((await world.runtime.get(id))?.phase).toBe('exited');
      expect(await log(id)).toEqual(['once']);
    });

    check('two calls at once start one workload', async () => {
      const id = `contract-${process.pid}-at-once`;
      const reservation = await world.runtime.reserve({ id, kind: 'worker', owner: 'ada', ports: [] });
      const spec: WorkloadSpec = {
        id,
        kind: 'worker',
        owner: 'ada',
        command: shell('echo begun; exec sleep 600'),
        environment: {},
        files: {},
        resources: {},
        reservation,
      };
      await Promise.all([world.runtime.start(spec), world.runtime.start(spec), world.runtime.start(spec)]);
      await logHas(id, 'begun');
      expect((await world.runtime.list()).filter((observation) => observation.id === id)).toHaveLength(1);
      await world.runtime.stop(id, { graceSeconds: 0 });
      await exited(id);
      expect(await log(id)).toEqual(['begun']);
    });

    check('stop asks politely, and the answer is the exit', async () => {
      const { id } = await start(shell('trap "echo bye; exit 5" TERM; echo up; while :; do sleep 0.1; done'));
      await logHas(id, 'up');
      await world.runtime.stop(id, { graceSeconds: 60 });
      expect((await exited(id)).exit).toMatchObject({ code: 5, signal: null });
      // A shell may say of its child, which was asked too, that it is `Terminated`.
      const own = (await log(id)).filter((line) => line !== 'Terminated');
      expect(own.at(-1)).toBe('bye');
    });

    check('stop kills what does not listen, with all its children', async () => {
      const deaf =
        'trap "" TERM; (trap "" TERM; while :; do sleep 0.2; echo child >> "$HOME/alive"; done) & echo up; wait';
      const { id, reservation } = await start(shell(`cd "$HOME"; rm -f alive; ${deaf}; while :; do sleep 1; done`));
      await logHas(id, 'up');
      await world.runtime.stop(id, { graceSeconds: 0.5 });
      const { exit } = await exited(id);
      expect(exit).toMatchObject({ code: null, signal: 'SIGKILL' });
      expect(exit?.reason).toContain('0.5 s');
      // The child is gone when its file stays away.
      const probe = async (): Promise<boolean> => {
        const { id: probeId } = await start(
          shell(`cd '${reservation.homeDirectory}'; rm -f alive; sleep 0.6; test -e alive`),
        );
        return (await exited(probeId)).exit?.code === 1;
      };
      await until('the child is gone', probe);
    });

    const deaf = shell('trap "" TERM; echo up; while :; do sleep 0.1; done');

    check('stop may be called again, for ended and for unknown ids', async () => {
      const { id } = await start(deaf);
      await logHas(id, 'up');
      await world.runtime.stop(id, { graceSeconds: 3 });
      await world.runtime.stop(id, { graceSeconds: 600 });
      expect((await world.runtime.get(id))?.phase).toBe('running');
      await exited(id);
      await world.runtime.stop(id, { graceSeconds: 0 });
      await world.runtime.stop('contract-nobody', { graceSeconds: 0 });
      expect((await world.runtime.get(id))?.exit?.signal).toBe('SIGKILL');
    });

    check('a later stop may shorten the time', async () => {
      const { id } = await start(deaf);
      await logHas(id, 'up');
      await world.runtime.stop(id, { graceSeconds: 600 });
      await world.runtime.stop(id, { graceSeconds: 0 });
      expect((await exited(id)).exit?.signal).toBe('SIGKILL');
    });

    check('an ended workload is kept until it is forgotten; a running one is not forgotten', async () => {
      const { id } = await start(shell('echo last words; exit 1'));
      const { id: running } = await start(shell('echo up; exec sleep 600'));
      await exited(id);
      await world.runtime.forget(running);
      const listed = (await world.runtime.list()).map((observation) => observation.id);
      expect(listed).toEqual(expect.arrayContaining([id, running]));
      expect(await log(id)).toEqual(['last words']);
      await world.runtime.forget(id);
      await world.runtime.forget(id);
      await world.runtime.forget('contract-nobody');
      expect(await world.runtime.get(id)).toBeUndefined();
      expect(await log(id)).toEqual([]);
      expect((await world.runtime.list()).map((observation) => observation.id)).not.toContain(id);
      await world.runtime.stop(running, { graceSeconds: 0 });
      await exited(running);
    });

    check('the log gives the last lines, cut at 2000 characters', async () => {
      const { id } = await start(
        shell('seq 1 5000; head -c 5000 /dev/zero | tr "\\0" x; echo; sleep 0.5; echo end >&2'),
      );
      await exited(id);
      const lines = await world.runtime.logTail(id, 4);
      expect(lines).toEqual(['4999', '5000', 'x'.repeat(2000), 'end']);
      expect(await world.runtime.logTail(id, 0)).toEqual([]);
      expect(await world.runtime.logTail('contract-nobody', 5)).toEqual([]);
    });

    const reservedPorts = async (count: number): Promise<Record<string, number>[]> => {
      const requests = Array.from({ length: count }, (_, index) => ({
        id: `contract-${process.pid}-ports-${index}`,
        kind: 'scheduler' as const,
        owner: 'ada',
        ports: ['scheduler', 'dashboard', 'api'],
      }));
      return (await Promise.all(requests.map((request) => world.runtime.reserve(request)))).map(({ ports }) => ports);
    };

    check('a reservation has a port for each name', async () => {
      const [ports = {}] = await reservedPorts(1);
      expect(Object.keys(ports).sort()).toEqual(['api', 'dashboard', 'scheduler']);
      expect(Object.values(ports).every((port) => Number.isInteger(port) && port > 1023 && port < 65_536)).toBe(true);
      expect(new Set(Object.values(ports)).size).toBe(3);
    });

    check('no port is given twice', async () => {
      const ports = (await reservedPorts(10)).flatMap((one) => Object.values(one));
      expect(new Set(ports).size).toBe(30);
    });

    check('a reservation asked for again is the same', async () => {
      const request = { id: `contract-${process.pid}-again`, kind: 'server', owner: 'ada', ports: ['http'] } as const;
      expect(await world.runtime.reserve(request)).toEqual(await world.runtime.reserve(request));
    });

    check('a workload that cannot be accepted leaves nothing', async () => {
      const id = `contract-${process.pid}-missing`;
      const error = await start(['no-such-program-anywhere'], { id }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(AtollError);
      expect(await world.runtime.get(id)).toBeUndefined();
      expect((await world.runtime.list()).map((observation) => observation.id)).not.toContain(id);
      // The id is free: the next try is the first.
      await start(shell('echo second try'), { id });
      await exited(id);
      expect(await log(id)).toEqual(['second try']);
    });

    check('ids that are no ids are refused', async () => {
      for (const id of ['', '../x', 'a/b', 'A', 'x'.repeat(64)])
        await expect(world.runtime.reserve({ id, kind: 'worker', owner: 'ada', ports: [] })).rejects.toThrow('id');
    });

    check('after a restart of the hub: what runs is still there, what ended meanwhile is told', async () => {
      const { id: running } = await start(shell('echo up; exec sleep 600'));
      const { id: ended } = await start(shell('echo up; exit 4'));
      const { id: later } = await start(shell('sleep 3; exit 9'));
      const { id: forgotten } = await start(shell('exit 0'));
      await logHas(running, 'up');
      await exited(ended);
      await exited(forgotten);
      await world.runtime.forget(forgotten);
      const before = await world.runtime.get(running);
      world.runtime = await world.reopen();
      const observations = new Map((await world.runtime.list()).map((observation) => [observation.id, observation]));
      expect(observations.get(running)).toEqual(before);
      expect(observations.get(ended)?.exit).toMatchObject({ code: 4, signal: null });
      expect(observations.has(forgotten)).toBe(false);
      expect((await exited(later)).exit).toMatchObject({ code: 9, signal: null });
      expect(await log(running)).toEqual(['up']);
      await world.runtime.stop(running, { graceSeconds: 30 });
      expect((await exited(running)).exit).toMatchObject({ code: null, signal: 'SIGTERM' });
    });
  });
}
