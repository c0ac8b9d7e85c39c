import { afterEach, describe, expect, test } from 'vitest';
import type { Cluster } from '../../src/clusters/cluster.ts';
import type { Clusters } from '../../src/clusters/clusters.ts';
import type { ClusterSettings } from '../../src/config/settings.ts';
import { ada, ClusterWorld } from '../support/clusterWorld.ts';
import { TestClock } from '../support/identityWorld.ts';
import { until } from '../support/until.ts';

let world: ClusterWorld;
let clock: TestClock;
afterEach(() => world.close());

async function open(settings: Partial<ClusterSettings>): Promise<Clusters> {
  world = await ClusterWorld.create(settings);
  clock = new TestClock();
  return (await world.open({ clock })).clusters;
}

async function running(clusters: Clusters): Promise<Cluster> {
  const { name } = await clusters.create(ada, {});
  const cluster = await clusters.waitForChange(name, 20_000);
  expect(cluster?.phase).toBe('running');
  return cluster as Cluster;
}

const phaseOf = async (clusters: Clusters, name: string): Promise<string | undefined> =>
  (await clusters.get(name))?.phase;

/** Time goes by, and the hub looks at the cluster (unless it has ended). */
async function pass(seconds: number, name: string): Promise<void> {
  const scheduler = world.scheduler(name);
  const before = scheduler.looks;
  clock.advance(seconds);
  await world.store.write(({ changed }) => Promise.resolve(changed('clusters', name)));
  await until(
    'a look',
    async () => scheduler.looks > before || (await phaseOf(world.hub as Clusters, name)) !== 'running',
  );
}

describe('the lease', () => {
  const alone = { processing: 0, desired_workers: 0, clients: 1 };

  test('ends a cluster that nobody is connected to and that has no work, with the reason', async () => {
    const clusters = await open({ leaseSeconds: 100 });
    const { name } = await running(clusters);
    world.scheduler(name).load = alone;
    for (let passed = 0; passed < 4; passed++) {
      expect(await phaseOf(clusters, name)).toBe('running');
      await pass(30, name);
    }
    await pass(30, name);
    expect((await clusters.waitForChange(name, 20_000))?.reason).toBe(
      'Nobody has been connected for 100 seconds, and it had no work.',
    );
  });

  test.each([
    ['a client', { ...alone, clients: 2 }],
    ['tasks being worked on', { ...alone, processing: 1 }],
    ['tasks that wait for their first worker', { ...alone, desired_workers: 1 }],
  ])('does not end one with %s', async (_what, load) => {
    const clusters = await open({ leaseSeconds: 100 });
    const { name } = await running(clusters);
    world.scheduler(name).load = load;
    for (let passed = 0; passed < 6; passed++) await pass(30, name);
    expect(await phaseOf(clusters, name)).toBe('running');
  });

  test('ends one whose published datasets count as clients: its scheduler tells that they are none', async () => {
    const clusters = await open({ leaseSeconds: 100 });
    const [published, used] = [await running(clusters), await running(clusters)];
    const report = { lost: [], missing: 0, used: { core_seconds: 0, byte_seconds: 0 }, unconnected: 2 };
    for (const { name } of [published, used]) await clusters.report(name, report);
    world.scheduler(published.name).load = { ...alone, clients: 2 };
    world.scheduler(used.name).load = { ...alone, clients: 3 };
    for (let passed = 0; passed < 6; passed++) for (const { name } of [published, used]) await pass(30, name);
    expect((await clusters.waitForChange(published.name, 20_000))?.reason).toContain('Nobody has been connected');
    expect(await phaseOf(clusters, used.name)).toBe('running');
  });

  test('does not end one with an open connection, or with workers still to come', async () => {
    const clusters = await open({ leaseSeconds: 100 });
    const [connected, growing] = [await running(clusters), await running(clusters)];
    for (const { name } of [connected, growing]) world.scheduler(name).load = alone;
    const traffic = { lastActivity: 0, requests: 0, openConnections: 1 };
    clusters.recordTraffic({ routes: { [`scheduler:${connected.name}`]: traffic } });
    world.onWorker = (workload) => workload.wait('a machine');
    await clusters.scale(growing.name, 1n);
    for (let passed = 0; passed < 6; passed++) for (const { name } of [connected, growing]) await pass(30, name);
    expect([await phaseOf(clusters, connected.name), await phaseOf(clusters, growing.name)]).toEqual([
      'running',
      'running',
    ]);
    clusters.recordTraffic({ routes: { [`scheduler:${connected.name}`]: { ...traffic, openConnections: 0 } } });
    for (let passed = 0; passed < 6; passed++) await pass(30, connected.name);
    expect((await clusters.waitForChange(connected.name, 20_000))?.phase).toBe('stopped');
  });
});

describe('idleness', () => {
  test('is noticed by the hub too, should the scheduler have given up asking', async () => {
    const clusters = await open({ leaseSeconds: 0, idleTimeoutSeconds: 40 });
    const { name } = await running(clusters);
    for (let passed = 0; passed < 4; passed++) await pass(10, name);
    expect(await phaseOf(clusters, name)).toBe('running');
    for (let passed = 0; passed < 3; passed++) await pass(10, name);
    expect((await clusters.waitForChange(name, 20_000))?.reason).toBe('Idle for 40 seconds.');
  });
});

describe('a scheduler that dies', () => {
  const die = (name: string): void => world.schedulerWorkload(name).exit({ code: null, signal: 'SIGKILL' });

  test('is started anew where the settings say so, with as many new workers', async () => {
    const clusters = await open({ restartScheduler: true });
    const { name } = await running(clusters);
    await clusters.scale(name, 2n);
    await until('two workers', () => world.liveWorkers.length === 2);
    const before = world.liveWorkers;
    clock.advance(60);
    die(name);
    await until('another scheduler', () => world.runtime.workloads.has(`scheduler-${name}-2`));
    expect((await clusters.waitForChange(name, 20_000))?.phase).toBe('running');
    await until(
      'two other workers',
      () => world.liveWorkers.length === 2 && !world.liveWorkers.includes(before[0] ?? ''),
    );
    await until('that it is told', () => world.scheduler(name).count === 2);
    expect(world.liveWorkers.filter((worker) => before.includes(worker))).toEqual([]);
    expect(await clusters.routes()).toHaveLength(2);
  });

  test('right after its start, or again and again, ends its cluster all the same', async () => {
    const clusters = await open({ restartScheduler: true });
    const early = await running(clusters);
    die(early.name);
    expect(await until('an end', async () => (await phaseOf(clusters, early.name)) === 'failed')).toBe(true);
    const { name } = await running(clusters);
    for (let deaths = 0; deaths < 5; deaths++) {
      clock.advance(60);
      die(name);
      await until('another scheduler', () => world.runtime.workloads.has(`scheduler-${name}-${deaths + 2}`));
      await until('that it runs', async () => (await phaseOf(clusters, name)) === 'running');
    }
    clock.advance(60);
    die(name);
    await until('an end', async () => (await phaseOf(clusters, name)) === 'failed');
    expect((await clusters.get(name))?.reason).toMatch(/^Its scheduler was killed by SIGKILL/);
  });
});

describe('a cluster that is tied to a notebook server', () => {
  async function serverOf(phase: string): Promise<string> {
    const user = await world.store.db
      .selectFrom('users')
      .select('id')
      .where('name', '=', 'ada')
      .executeTakeFirstOrThrow();
    return world.store.write(async ({ db, changed }) => {
      await db.deleteFrom('servers').execute();
      const times = { created_at: 0, started_at: 0, ready_at: null, last_activity: null };
      const names = { name: 'lab', display_name: '', user_id: user.id };
      const rest = { workload_id: null, token_fingerprint: null, user_options: '{}', failure: null };
      await db
        .insertInto('servers')
        .values({ ...names, ...times, ...rest, desired: 'running', phase })
        .execute();
      await db
        .insertInto('api_tokens')
        .values({
          hash: `hash-${phase}`,
          user_id: user.id,
          oauth_client_id: null,
          session_id: null,
          server_name: 'lab',
          scopes: '[]',
          note: '',
          created_at: 0,
          expires_at: null,
          last_activity: null,
        })
        .execute();
      changed('servers', 'ada/lab');
      const row = await db.selectFrom('api_tokens').select('id').orderBy('id', 'desc').executeTakeFirstOrThrow();
      return `a${row.id}`;
    });
  }

  test('ends with it; others go on', async () => {
    const clusters = await open({ endWithServer: true });
    const token = await serverOf('ready');
    const tied = await clusters.create(ada, {}, token);
    const free = await clusters.create(ada, {});
    for (const { name } of [tied, free]) await clusters.waitForChange(name, 20_000);
    expect((await clusters.get(tied.name))?.serverName).toBe('lab');
    await serverOf('stopped');
    expect(await until('an end', async () => (await phaseOf(clusters, tied.name)) === 'stopped')).toBe(true);
    expect((await clusters.get(tied.name))?.reason).toBe('The notebook server on which it was made has ended.');
    expect(await phaseOf(clusters, free.name)).toBe('running');
  });

  test('ends also when the server ended while no hub was there', async () => {
    const clusters = await open({ endWithServer: true });
    const { name } = await clusters.create(ada, {}, await serverOf('ready'));
    await clusters.waitForChange(name, 20_000);
    await clusters.close();
    await serverOf('failed');
    const { clusters: next } = await world.open({ clock });
    expect(await until('an end', async () => (await phaseOf(next, name)) === 'stopped')).toBe(true);
  });

  test('is tied only when somebody chose so', async () => {
    const clusters = await open({
      options: { end_with_my_server: { type: 'bool', default: false, sets: 'end_with_server' } },
    });
    const token = await serverOf('ready');
    const chosen = await clusters.create(ada, { end_with_my_server: true }, token);
    const other = await clusters.create(ada, {}, token);
    expect([chosen.config.endWithServer, other.config.endWithServer]).toEqual([true, false]);
  });
});
