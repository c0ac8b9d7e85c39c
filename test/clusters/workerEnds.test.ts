import { afterEach, describe, expect, test } from 'vitest';
import type { Cluster } from '../../src/clusters/cluster.ts';
import type { Clusters } from '../../src/clusters/clusters.ts';
import { causeOf } from '../../src/clusters/workerEnds.ts';
import { ada, ClusterWorld } from '../support/clusterWorld.ts';
import { until } from '../support/until.ts';

const report = { lost: [], missing: 0, used: { core_seconds: 0, byte_seconds: 0 } };
const mebi = 1024 ** 2;

describe('the cause of an end', () => {
  test.each([
    [
      'what the worker wrote itself',
      { code: 137, signal: null },
      ['something', 'atoll: memory limit: {"used": 310000000, "limit": 314572800, "tasks": ["sum-1"]}'],
      { how: 'was ended by the memory limit (300 MiB)', memory: true, tasks: ['sum-1'], circumstances: '' },
    ],
    [
      'what the runtime says',
      { code: null, signal: 'SIGKILL', reason: 'ended by the memory limit (2.0 GiB)' },
      [],
      { how: 'was ended by the memory limit (2.0 GiB)', memory: true, tasks: [], circumstances: '' },
    ],
    [
      'a signal, without lines that explain nothing',
      { code: null, signal: 'SIGSEGV' },
      ['2026-11-24 09:33:45,886 - distributed.core - INFO - Starting established connection'],
      { how: 'was killed by SIGSEGV', memory: false, tasks: [], circumstances: ', 2.5 s after its start' },
    ],
    [
      'a line that only looks like the worker’s own',
      { code: 1, signal: null },
      ['atoll: memory limit: {"limit": "much"}'],
      {
        how: 'ended with exit code 1',
        memory: false,
        tasks: [],
        circumstances: ', 2.5 s after its start. Its last line: atoll: memory limit: {"limit": "much"}',
      },
    ],
    [
      'nothing left',
      undefined,
      [],
      {
        how: 'is gone, and nothing is known about its end',
        memory: false,
        tasks: [],
        circumstances: ', 2.5 s after its start',
      },
    ],
  ])('%s', (_name, exit, lines, cause) => {
    expect(causeOf(exit, 2500, lines)).toEqual(cause);
  });
});

describe('what people are told', () => {
  let world: ClusterWorld;
  afterEach(() => world.close());

  async function withWorker(): Promise<{ clusters: Clusters; name: string; worker: string }> {
    const memory = 300 * mebi;
    const options = { worker_memory: { type: 'int', default: 2, min: 1, max: 8, as: '{}G' } } as const;
    world = await ClusterWorld.create({ worker: { memory, cores: 1 }, options });
    const { clusters } = await world.open();
    const { name } = await clusters.create(ada, {});
    await clusters.waitForChange(name, 20_000);
    await clusters.scale(name, 1n);
    await until('a worker', () => world.liveWorkers.length === 1);
    await until('that the scheduler reported', async () => {
      const row = await world.store.db.selectFrom('workers').select('phase').executeTakeFirst();
      return row?.phase === 'running';
    });
    return { clusters, name, worker: world.liveWorkers[0] ?? '' };
  }

  const endsOf = async (clusters: Clusters, name: string): Promise<string[]> => {
    const { workerEnds } = await clusters.progress((await clusters.get(name)) as Cluster);
    return workerEnds.map(({ sentence }) => sentence);
  };

  const exit = (worker: string): void =>
    world.runtime.workloads
      .get(worker)
      ?.exit({ code: null, signal: 'SIGKILL', reason: 'ended by the memory limit (2.0 GiB)' });

  test('the reason of the runtime with the tasks of the scheduler, whichever comes first', async () => {
    const { clusters, name, worker } = await withWorker();
    const sentence = `${worker} was ended by the memory limit (2.0 GiB) while running \`sum-1\` and \`sum-2\` and 1 more; ask for \`worker_memory\` 4.`;
    // The scheduler notices first, and waits for the reason.
    const told = clusters.report(name, { ...report, lost: [{ worker, tasks: ['sum-1', 'sum-2', 'sum-3'] }] });
    setTimeout(() => exit(worker), 100);
    expect(await told).toEqual([sentence]);
    expect(await endsOf(clusters, name)).toEqual([sentence]);

    await until('another one', () => world.liveWorkers.length === 1 && world.liveWorkers[0] !== worker);
    const next = world.liveWorkers[0] ?? '';
    exit(next);
    await until('an end', async () => (await endsOf(clusters, name)).length === 2);
    expect((await endsOf(clusters, name))[0]).toBe(
      `${next} was ended by the memory limit (2.0 GiB); ask for \`worker_memory\` 4.`,
    );
    expect(await clusters.report(name, { ...report, lost: [{ worker: next, tasks: ['max-1'] }] })).toEqual([
      `${next} was ended by the memory limit (2.0 GiB) while running \`max-1\`; ask for \`worker_memory\` 4.`,
    ]);
  });

  test('nothing about workers that were meant to end, or that are none', async () => {
    const { clusters, name, worker } = await withWorker();
    await clusters.scale(name, 0n);
    await until('an end', () => world.liveWorkers.length === 0);
    const lost = [
      { worker, tasks: [] },
      { worker: 'somebody-elses', tasks: ['x'] },
    ];
    expect(await clusters.report(name, { ...report, lost })).toEqual([]);
    expect(await endsOf(clusters, name)).toEqual([]);
  });

  test('what missing workers wait for', async () => {
    const { clusters, name } = await withWorker();
    world.onWorker = (workload) => workload.wait('no node has enough free cores, 1.5 of 4');
    await clusters.scale(name, 3n);
    await until('two more', () => world.liveWorkers.length === 3);
    expect(await clusters.report(name, { ...report, missing: 12.5 })).toEqual([
      '1 of 3 workers are there. The others wait: no node has enough free cores, 1.5 of 4.',
    ]);
    expect(await clusters.report(name, report)).toEqual([]);
  });

  test('the versions of the scheduler', async () => {
    const { clusters, name } = await withWorker();
    await clusters.report(name, { ...report, versions: { python: '3.11.2', dask: '2026.8.0' } });
    expect((await clusters.get(name))?.versions).toEqual({ python: '3.11.2', dask: '2026.8.0' });
  });

  test.each([
    null,
    [],
    { lost: 'all' },
    { ...report, missing: -1 },
    { ...report, lost: [{ worker: 'x'.repeat(101), tasks: [] }] },
    { ...report, lost: [{ worker: 'x', tasks: Array.from({ length: 11 }, () => 'x') }] },
    { ...report, used: { core_seconds: 'many', byte_seconds: 0 } },
  ])('a broken report is refused, and ends nothing: %j', async (body) => {
    const { clusters, name } = await withWorker();
    await expect(clusters.report(name, body)).rejects.toMatchObject({ code: 'ATOLL_HEARTBEAT_INVALID' });
    expect((await clusters.get(name))?.phase).toBe('running');
  });

  test('of the many that ended the last twenty are kept', async () => {
    const { clusters, name } = await withWorker();
    const { noteCause } = await import('../../src/clusters/workerEnds.ts');
    for (let index = 0; index < 30; index++)
      await world.store.write(({ db }) =>
        noteCause(db, name, `worker-x${index}`, causeOf({ code: 1, signal: null }, 1, []), index),
      );
    const ends = await endsOf(clusters, name);
    expect(ends).toHaveLength(20);
    expect(ends[0]).toContain('worker-x29 ended with exit code 1');
  });
});
