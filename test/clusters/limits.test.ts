import { afterEach, describe, expect, test } from 'vitest';
import type { Cluster } from '../../src/clusters/cluster.ts';
import type { Clusters } from '../../src/clusters/clusters.ts';
import type { ClusterLimits } from '../../src/config/settings.ts';
import { ada, ClusterWorld } from '../support/clusterWorld.ts';
import { until } from '../support/until.ts';

const bob = { name: 'bob', groups: ['geo'], admin: false };
let world: ClusterWorld;
afterEach(() => world.close());

async function open(limits: Partial<ClusterLimits>, more = {}): Promise<Clusters> {
  world = await ClusterWorld.create({
    limits: { user: {}, groups: {}, total: {}, whenFull: 'queue', ...limits },
    worker: { memory: 1024, cores: 1 },
    scheduler: { memory: 1024, cores: 1 },
    ...more,
  });
  return (await world.open()).clusters;
}

async function running(clusters: Clusters, user = ada): Promise<Cluster> {
  const { name } = await clusters.create(user, {});
  const cluster = await clusters.waitForChange(name, 20_000);
  expect(cluster?.phase).toBe('running');
  return cluster as Cluster;
}

const phaseOf = async (clusters: Clusters, name: string): Promise<string | undefined> =>
  (await clusters.get(name))?.phase;
const waitOf = async (clusters: Clusters, name: string): Promise<string | undefined> =>
  (await clusters.progress((await clusters.get(name)) as Cluster)).waitingFor;
const workersOf = async (name: string): Promise<number> =>
  (await world.store.db.selectFrom('workers').select('name').where('cluster_name', '=', name).execute()).length;

describe('clusters beyond a limit', () => {
  test('wait for their turn, say so, and start when there is room; others are not kept waiting', async () => {
    const clusters = await open({ user: { clusters: 1 } });
    const first = await running(clusters);
    const second = await clusters.create(ada, {});
    await running(clusters, bob);
    expect(await phaseOf(clusters, second.name)).toBe('pending');
    expect(await waitOf(clusters, second.name)).toBe(
      'It waits for its turn: ada may have 1 cluster at a time, and has 1.',
    );
    expect(world.runtime.started).not.toContain(`scheduler-${second.name}`);
    await clusters.stop(first.name, 'Stopped by ada.');
    expect((await clusters.waitForChange(second.name, 20_000))?.phase).toBe('running');
  });

  test('that wait can be stopped, and leave nothing', async () => {
    const clusters = await open({ total: { clusters: 0, cores: 5 } });
    await expect(clusters.create(ada, {})).rejects.toMatchObject({ code: 'ATOLL_CLUSTER_LIMIT' });
    await world.close();
    const others = await open({ user: { clusters: 1 } });
    await running(others);
    const { name } = await others.create(ada, {});
    await others.stop(name, 'Stopped by ada.');
    expect((await others.waitForChange(name, 20_000))?.phase).toBe('stopped');
    expect(world.runtime.started).toHaveLength(1);
  });

  test('are refused where the settings say so, with the limit', async () => {
    const clusters = await open({ groups: { geo: { clusters: 1 } }, whenFull: 'refuse' });
    await running(clusters, bob);
    await expect(clusters.create(bob, {})).rejects.toMatchObject({
      code: 'ATOLL_CLUSTER_LIMIT',
      status: 409,
      message: 'No cluster can be made now: the group geo may have 1 cluster at a time, and has 1.',
    });
    // The group is not ada's.
    await running(clusters);
    expect(await clusters.list('bob', ['pending', 'running'])).toHaveLength(1);
  });

  test('that could never be started are refused at once', async () => {
    const clusters = await open({ user: { cores: 0.5 } });
    await expect(clusters.create(ada, {})).rejects.toMatchObject({
      message: 'A scheduler alone is more than there may be: ada may have 0.5 cores at a time, and has 0.',
    });
  });

  test('wait although the hub is another one, in the same order', async () => {
    const clusters = await open({ total: { clusters: 1 } });
    const first = await running(clusters);
    const [second, third] = [await clusters.create(ada, {}), await clusters.create(ada, {})];
    await clusters.close();
    const { clusters: next } = await world.open();
    await next.stop(first.name, 'Stopped by ada.');
    expect((await next.waitForChange(second.name, 20_000))?.phase).toBe('running');
    expect(await phaseOf(next, third.name)).toBe('pending');
  });
});

test('limits that are taken away keep nobody waiting', async () => {
  const clusters = await open({ user: { clusters: 1 } });
  await running(clusters);
  const { name } = await clusters.create(ada, {});
  expect(await phaseOf(clusters, name)).toBe('pending');
  await clusters.close();
  const limits = { user: {}, groups: {}, total: {}, whenFull: 'queue' as const };
  const { clusters: next } = await world.open({ settings: { current: { ...world.settings, limits } } });
  expect((await next.waitForChange(name, 20_000))?.phase).toBe('running');
});

describe('workers beyond a limit', () => {
  test('wait for their turn; the warning and the page name the limit', async () => {
    const clusters = await open({ total: { workers: 3 } });
    const mine = await running(clusters);
    const theirs = await running(clusters, bob);
    await clusters.scale(theirs.name, 2n);
    await until('two workers', async () => (await workersOf(theirs.name)) === 2);
    const sentence =
      '2 of 3 workers wait for their turn: all people together may have 3 workers at a time, and have 3.';
    expect(await clusters.scale(mine.name, 3n)).toEqual({ warning: sentence });
    await until('one worker', async () => (await workersOf(mine.name)) === 1);
    expect(await waitOf(clusters, mine.name)).toBe(sentence);
    await clusters.scale(theirs.name, 0n);
    await until('three workers', async () => (await workersOf(mine.name)) === 3);
  });

  test('are not asked for again and again: what one could never have is cut off, with the limit', async () => {
    const clusters = await open({ user: { cores: 3 } });
    const { name } = await running(clusters);
    expect(await clusters.scale(name, 10n)).toEqual({
      warning: 'Scale request of 10 workers would exceed the limit of 3 cores for ada. Scaling to 2 instead.',
    });
    expect((await clusters.get(name))?.wantedWorkers).toBe(2);
    expect(await clusters.adapt(name, { minimum: 0n, maximum: 10n })).toEqual({
      warning: 'Adapting would exceed the limit of 3 cores for ada. Using `maximum=2, minimum=0` instead.',
    });
  });

  test('are refused where the settings say so', async () => {
    const clusters = await open({ total: { workers: 3 }, whenFull: 'refuse' });
    const [mine, theirs] = [await running(clusters), await running(clusters, bob)];
    await clusters.scale(theirs.name, 2n);
    expect(await clusters.scale(mine.name, 3n)).toEqual({
      warning:
        'Scale request of 3 workers would exceed what is free now (all people together may have 3 workers at a time, and have 2). Scaling to 1 instead.',
    });
    expect((await clusters.get(mine.name))?.wantedWorkers).toBe(1);
  });

  test('of two people who want everything, each gets half', async () => {
    const clusters = await open({ total: { workers: 10 } });
    const [mine, theirs] = [await running(clusters), await running(clusters, bob)];
    await clusters.scale(mine.name, 10n);
    await until('ten workers', async () => (await workersOf(mine.name)) === 10);
    await clusters.scale(theirs.name, 10n);
    // What one gives back goes to the other first.
    for (const worker of world.liveWorkers.slice(0, 5))
      world.runtime.workloads.get(worker)?.exit({ code: null, signal: 'SIGKILL' });
    await until('five of theirs', async () => (await workersOf(theirs.name)) === 5);
    expect(await workersOf(mine.name)).toBe(5);
  });
});
