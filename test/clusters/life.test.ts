import { afterEach, describe, expect, test } from 'vitest';
import type { Cluster } from '../../src/clusters/cluster.ts';
import type { Clusters } from '../../src/clusters/clusters.ts';
import type { ClusterSettings } from '../../src/config/settings.ts';
import { ada, ClusterWorld } from '../support/clusterWorld.ts';
import { until } from '../support/until.ts';

let world: ClusterWorld;

afterEach(() => world.close());

async function openWorld(settings: Partial<ClusterSettings> = {}): Promise<ReturnType<ClusterWorld['open']>> {
  world = await ClusterWorld.create(settings);
  return world.open();
}

async function running(clusters: Clusters): Promise<Cluster> {
  const { name } = await clusters.create(ada, {});
  const cluster = await clusters.waitForChange(name, 20_000);
  expect(cluster?.phase).toBe('running');
  return cluster as Cluster;
}

const phaseOf = async (clusters: Clusters, name: string): Promise<string | undefined> =>
  (await clusters.get(name))?.phase;

const workers = (count: number): Promise<boolean> =>
  until(`${count} workers`, () => world.liveWorkers.length === count);

describe('a start', () => {
  test('runs one scheduler, with its credentials as files and no secret in its environment or command', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    const { spec } = world.schedulerWorkload(name);
    const credentials = await clusters.credentials(name);
    expect(spec).toMatchObject({
      id: `scheduler-${name}`,
      owner: 'ada',
      files: {
        'dask.crt': credentials?.tlsCert,
        'dask.pem': credentials?.tlsKey,
        'api-token': credentials?.token,
      },
      environment: {
        DASK_GATEWAY_API_URL: 'http://127.0.0.1:8000/services/dask-gateway/api',
        DASK_GATEWAY_CLUSTER_NAME: name,
        DASK_GATEWAY_API_TOKEN: `/run/scheduler-${name}/api-token`,
        DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION: 'True',
        DASK_DISTRIBUTED__COMM__TLS__CA_FILE: `/run/scheduler-${name}/dask.crt`,
        DASK_DISTRIBUTED__COMM__TLS__SCHEDULER__CERT: `/run/scheduler-${name}/dask.crt`,
        DASK_DISTRIBUTED__COMM__TLS__SCHEDULER__KEY: `/run/scheduler-${name}/dask.pem`,
      },
    });
    const { scheduler, dashboard, api } = spec.reservation.ports;
    expect(spec.command.join(' ')).toBe(
      `python -m distributed.cli.dask_scheduler --protocol tls --host 127.0.0.1 --port ${scheduler} ` +
        `--dashboard-address 127.0.0.1:${dashboard} --preload dask_gateway.scheduler_preload ` +
        `--preload /run/scheduler-${name}/atoll_dask_scheduler.py ` +
        `--dg-api-address 127.0.0.1:${api} --dg-heartbeat-period 15 --dg-adaptive-period 3 --dg-idle-timeout 0`,
    );
    const shown = JSON.stringify([spec.command, spec.environment]);
    expect(shown).not.toContain(credentials?.token);
  });

  test('keeps token and key sealed in the store', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    const credentials = await clusters.credentials(name);
    const row = await world.store.db.selectFrom('clusters').selectAll().where('name', '=', name).executeTakeFirst();
    expect(JSON.stringify(row)).not.toContain(credentials?.token);
    expect(JSON.stringify(row)).not.toContain('PRIVATE KEY');
  });

  test('publishes the TLS route and the guarded dashboard', async () => {
    const { clusters, routes } = await openWorld();
    const { name } = await running(clusters);
    const { ports } = world.schedulerWorkload(name).spec.reservation;
    expect([...routes.table.values()]).toEqual([
      {
        kind: 'sni',
        id: `scheduler:${name}`,
        sni: `daskgateway-${name}`,
        target: { kind: 'tcp', host: '127.0.0.1', port: ports.scheduler },
      },
      {
        kind: 'http',
        id: `dashboard:${name}`,
        prefix: `/services/dask-gateway/clusters/${name}/`,
        target: { kind: 'tcp', host: '127.0.0.1', port: ports.dashboard },
        stripPrefix: true,
        access: 'granted',
      },
    ]);
    expect(await clusters.routes()).toEqual([...routes.table.values()]);
  });

  test('a scheduler that ends before it is ready fails the cluster, with its exit code and last lines', async () => {
    const { clusters, routes } = await openWorld();
    world.onScheduler = (workload) => {
      workload.run();
      workload.log.push("ModuleNotFoundError: No module named 'dask_gateway'");
      workload.exit({ code: 1, signal: null });
    };
    const { name } = await clusters.create(ada, {});
    const failed = await clusters.waitForChange(name, 20_000);
    expect(failed).toMatchObject({
      phase: 'failed',
      reason:
        "Its scheduler ended with exit code 1 before it was ready. Its last lines:\nModuleNotFoundError: No module named 'dask_gateway'",
    });
    await until('nothing is left', async () => (await clusters.get(name))?.ended && world.runtime.workloads.size === 0);
    expect(routes.table.size).toBe(0);
    expect(await clusters.credentials(name)).toBeUndefined();
  });

  test('stopping all waits for what is left of one that has failed already', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    await clusters.scale(name, 1n);
    await workers(1);
    world.runtime.onStop = () => undefined;
    world.schedulerWorkload(name).exit({ code: 1, signal: null });
    await until('the failure', async () => (await phaseOf(clusters, name)) === 'failed');
    expect(await clusters.get(name)).toMatchObject({ ended: false });
    expect(await clusters.stopAll('Stopped with Atoll.', 50)).toBeUndefined();
    expect(await clusters.get(name)).toMatchObject({ ended: false });
    const stopped = clusters.stopAll('Stopped with Atoll.', 20_000);
    for (const workload of world.runtime.live) workload.exit({ code: null, signal: 'SIGKILL' });
    await stopped;
    expect(await clusters.get(name)).toMatchObject({ phase: 'failed', ended: true });
    expect(world.runtime.live).toEqual([]);
  });

  test('ports that another program took meanwhile lead to a start on other ones', async () => {
    const { clusters } = await openWorld();
    const first = world.onScheduler;
    let starts = 0;
    world.onScheduler = (workload, scheduler) => {
      starts += 1;
      if (starts > 1) return first(workload, scheduler);
      workload.run();
      workload.log.push('OSError: [Errno 98] Address already in use');
      workload.exit({ code: 1, signal: null });
    };
    const { name } = await running(clusters);
    expect(world.runtime.started).toEqual([`scheduler-${name}`, `scheduler-${name}-2`]);
    expect([...world.runtime.workloads.keys()]).toEqual([`scheduler-${name}-2`]);
  });

  test('ports that are always taken fail the cluster after three starts', async () => {
    const { clusters } = await openWorld();
    world.onScheduler = (workload) => {
      workload.log.push('OSError: [Errno 98] Address already in use');
      workload.exit({ code: 1, signal: null });
    };
    const { name } = await clusters.create(ada, {});
    expect(await clusters.waitForChange(name, 20_000)).toMatchObject({ phase: 'failed' });
    expect(world.runtime.started).toHaveLength(3);
  });

  test('a scheduler that never takes requests fails the cluster when its time is over', async () => {
    const { clusters } = await openWorld({ startTimeoutSeconds: 0.3 });
    world.onScheduler = (workload) => workload.run();
    const { name } = await clusters.create(ada, {});
    expect(await clusters.waitForChange(name, 20_000)).toMatchObject({
      phase: 'failed',
      reason: 'Its scheduler runs, but was not ready within 0.3 seconds.',
    });
    await until('its process is ended', () => world.runtime.live.length === 0);
  });

  test('time spent waiting for a machine does not count', async () => {
    const { clusters } = await openWorld({ startTimeoutSeconds: 0.3 });
    world.onScheduler = (workload) => workload.wait('a machine to join');
    const { name } = await clusters.create(ada, {});
    await until('it waits', () => world.runtime.live.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await phaseOf(clusters, name)).toBe('pending');
    const workload = world.schedulerWorkload(name);
    await world.scheduler(name).listen();
    workload.run();
    expect(await clusters.waitForChange(name, 20_000)).toMatchObject({ phase: 'running' });
  });

  test('a runtime that refuses fails the cluster with its sentence', async () => {
    const { clusters } = await openWorld();
    const { AtollError } = await import('../../src/core/errors.ts');
    world.onScheduler = () => {
      throw new AtollError('ATOLL_DISK_FULL', 'No space is left to start anything.');
    };
    const { name } = await clusters.create(ada, {});
    const failed = await clusters.waitForChange(name, 20_000);
    expect(failed?.phase).toBe('failed');
    expect(failed?.reason).toContain('No space is left to start anything.');
  });

  test('a stop during the start ends it', async () => {
    const { clusters } = await openWorld();
    world.onScheduler = (workload) => workload.run();
    const { name } = await clusters.create(ada, {});
    await until('started', () => world.runtime.live.length === 1);
    await clusters.stop(name, 'Stopped by ada.');
    expect(await clusters.waitForChange(name, 20_000)).toMatchObject({ phase: 'stopped', reason: 'Stopped by ada.' });
    expect(world.runtime.workloads.size).toBe(0);
  });
});

describe('scaling', () => {
  test('up: workers are started, with the name and address they need and without the token', async () => {
    const { clusters } = await openWorld({ worker: { memory: 1024, cores: 2 }, environment: { COLOUR: 'blue' } });
    const { name } = await running(clusters);
    expect(await clusters.scale(name, 3n)).toEqual({ warning: undefined });
    await workers(3);
    const [id = ''] = world.liveWorkers;
    const spec = world.runtime.workloads.get(id)?.spec;
    const { scheduler } = world.schedulerWorkload(name).spec.reservation.ports;
    expect(spec?.command.join(' ')).toBe(
      `python -m distributed.cli.dask_worker tls://127.0.0.1:${scheduler} --no-nanny --no-dashboard ` +
        `--host 127.0.0.1 --name ${id} --nthreads 2 --memory-limit 1024 --death-timeout 60 ` +
        `--preload /run/${id}/atoll_dask_worker.py`,
    );
    expect(spec?.resources).toEqual({ memoryGuarantee: 1024, memoryLimit: 1024, coreGuarantee: 2, coreLimit: 2 });
    expect(spec?.environment).toMatchObject({ COLOUR: 'blue', OMP_NUM_THREADS: '1' });
    const credentials = await clusters.credentials(name);
    expect(JSON.stringify(spec)).not.toContain(credentials?.token);
    expect(id).toMatch(/^worker-[0-9a-f]{16}$/);
    expect(world.scheduler(name).messages).toEqual([{ op: 'scale', count: 3 }]);
  });

  test('up: workers and scheduler may use as much as the settings say, also when a later hub starts them', async () => {
    const { clusters } = await openWorld({
      worker: { memory: 1024, memoryLimit: 4096, cores: 0.5, coreLimit: 2 },
      scheduler: { memory: 512, memoryLimit: 2048, cores: 1, coreLimit: 3 },
    });
    const { name } = await running(clusters);
    const limits = { memoryGuarantee: 512, memoryLimit: 2048, coreGuarantee: 1, coreLimit: 3 };
    expect(world.schedulerWorkload(name).spec.resources).toEqual(limits);
    await clusters.close();
    // The settings have changed meanwhile; the cluster was made under the old ones.
    const later = { ...world.settings, worker: { memory: 1, cores: 1 } };
    const { clusters: again } = await world.open({ settings: { current: later } });
    await again.scale(name, 1n);
    await workers(1);
    const spec = world.runtime.workloads.get(world.liveWorkers[0] ?? '')?.spec;
    expect(spec?.command.join(' ')).toContain('--nthreads 1 --memory-limit 4096 ');
    expect(spec?.resources).toEqual({ memoryGuarantee: 1024, memoryLimit: 4096, coreGuarantee: 0.5, coreLimit: 2 });
  });

  test('up: workers are started although the scheduler does not answer, which is told later, and the warning says so', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    const scheduler = world.scheduler(name);
    scheduler.status = 500;
    expect((await clusters.scale(name, 2n)).warning).toMatch(/does not answer at the moment/);
    await workers(2);
    expect(await phaseOf(clusters, name)).toBe('running');
    scheduler.status = 200;
    await until('the scheduler is told', () => scheduler.count === 2);
    await workers(2);
  });

  test('down: only the workers that the scheduler retires end', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    await clusters.scale(name, 4n);
    await workers(4);
    const scheduler = world.scheduler(name);
    await until('all connected', () => scheduler.active.size === 4);
    await clusters.scale(name, 1n);
    await workers(1);
    expect([...scheduler.active]).toEqual(world.liveWorkers);
    const stopped = [...world.runtime.workloads.values()].flatMap((workload) => workload.stops);
    expect(stopped).toEqual([]);
    await until('the others are forgotten', () => world.runtime.workloads.size === 2);
    // None was started in their place.
    expect(world.runtime.started).toHaveLength(5);
  });

  test('down: workers that never connected are ended by the hub', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    world.onWorker = (workload) => workload.run();
    await clusters.scale(name, 3n);
    await workers(3);
    await clusters.scale(name, 0n);
    await workers(0);
    expect(world.scheduler(name).active.size).toBe(0);
  });

  test('down and up at once replaces the workers being retired', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    await clusters.scale(name, 2n);
    await workers(2);
    const scheduler = world.scheduler(name);
    await until('all connected', () => scheduler.active.size === 2);
    await clusters.scale(name, 0n);
    await clusters.scale(name, 2n);
    await until('two connected workers', () => scheduler.active.size === 2 && scheduler.count === 2);
    await workers(2);
    expect([...scheduler.active].sort()).toEqual(world.liveWorkers.sort());
  });

  test('a heartbeat from before the scale neither ends workers nor is taken for an answer', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    world.scheduler(name).status = 500; // The scheduler does not learn of it yet.
    await clusters.scale(name, 2n);
    await workers(2);
    const outdated = { count: 0, active_workers: [], closing_workers: world.liveWorkers, closed_workers: [] };
    await expect(clusters.heartbeat(name, outdated)).rejects.toMatchObject({ code: 'ATOLL_HEARTBEAT_OUTDATED' });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(world.liveWorkers).toHaveLength(2);
  });

  test('a scheduler that lost what it was told is told again', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    await clusters.scale(name, 2n);
    await workers(2);
    const scheduler = world.scheduler(name);
    await until('told', () => scheduler.messages.length === 1);
    scheduler.count = 0;
    await expect(scheduler.reportOnce()).rejects.toMatchObject({ code: 'ATOLL_HEARTBEAT_OUTDATED' });
    await until('told again', () => scheduler.count === 2);
    await workers(2);
  });

  test('adaptive: the scheduler decides, within the limit of the cluster', async () => {
    const { clusters } = await openWorld({ maxWorkers: 3 });
    const { name } = await running(clusters);
    await clusters.adapt(name, { minimum: 1n, maximum: null });
    await workers(1);
    const scheduler = world.scheduler(name);
    expect(scheduler.messages).toEqual([
      { op: 'adapt', active: false },
      { op: 'adapt', minimum: 1, maximum: 3, active: true },
    ]);
    scheduler.count = 50;
    scheduler.report();
    await workers(3);
    scheduler.count = 0;
    scheduler.report();
    await workers(0);
  });

  test('an end of adapting keeps the workers there are', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    await clusters.adapt(name, { minimum: 2n, maximum: 4n });
    await workers(2);
    await clusters.stopAdapting(name);
    const scheduler = world.scheduler(name);
    await until('the scheduler is told', () => scheduler.messages.at(-1)?.op === 'scale');
    expect(scheduler.messages.at(-1)).toEqual({ op: 'scale', count: 2 });
    await workers(2);
  });

  test('a cluster that does not run cannot be scaled', async () => {
    const { clusters } = await openWorld();
    world.onScheduler = (workload) => workload.run();
    const { name } = await clusters.create(ada, {});
    await expect(clusters.scale(name, 1n)).rejects.toMatchObject({
      code: 'ATOLL_CLUSTER_NOT_RUNNING',
      message: `cluster ${name} is not running`,
    });
    await expect(clusters.scale('unknown', 1n)).rejects.toMatchObject({ code: 'ATOLL_CLUSTER_NOT_RUNNING' });
  });
});

describe('workers that end', () => {
  test('one that is killed is replaced at once', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    await clusters.scale(name, 2n);
    await workers(2);
    const [killed = ''] = world.liveWorkers;
    world.runtime.workloads.get(killed)?.exit({ code: null, signal: 'SIGKILL' });
    await workers(2);
    expect(world.liveWorkers).not.toContain(killed);
    expect((await clusters.get(name))?.workerTrouble).toMatchObject({
      failures: 1,
      reason: expect.stringMatching(new RegExp(`^${killed} was killed by SIGKILL, \\d+\\.\\d s after its start\\.$`)),
    });
  });

  test('that fail at their start again and again pause; the cluster and its workers go on; a new wish tries anew and tells why', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    await clusters.scale(name, 1n);
    await workers(1);
    await until('the hub knows that it is connected', async () => {
      const row = await world.store.db.selectFrom('workers').select('phase').executeTakeFirst();
      return row?.phase === 'running';
    });
    const good = world.onWorker;
    world.onWorker = (workload) => {
      workload.run();
      workload.log.push('ValueError: no such GPU');
      workload.exit({ code: 1, signal: null });
    };
    await clusters.scale(name, 5n);
    await until('a pause', async () => ((await clusters.get(name))?.workerTrouble?.failures ?? 0) >= 3);
    const startedByThen = world.runtime.started.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(world.runtime.started.length).toBeLessThanOrEqual(startedByThen + 1);
    expect(await phaseOf(clusters, name)).toBe('running');
    expect(world.liveWorkers).toHaveLength(1);
    world.onWorker = good;
    const { warning } = await clusters.scale(name, 5n);
    expect(warning).toMatch(/^The last workers failed: worker-\w+ ended with exit code 1, .* ValueError: no such GPU$/);
    await workers(5);
  });

  test('one that does not connect in time is replaced', async () => {
    const { clusters } = await openWorld({ startTimeoutSeconds: 0.2 });
    const { name } = await running(clusters);
    const good = world.onWorker;
    world.onWorker = (workload) => workload.run();
    await clusters.scale(name, 1n);
    await workers(1);
    const [silent = ''] = world.liveWorkers;
    world.onWorker = good;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(world.liveWorkers).toEqual([silent]);
    world.scheduler(name).report();
    await until('another one', () => world.liveWorkers.length === 1 && world.liveWorkers[0] !== silent);
    expect((await clusters.get(name))?.workerTrouble?.reason).toBe(
      `${silent} did not connect to the scheduler in time.`,
    );
  });

  test('one that lost its connection is ended and replaced', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    await clusters.scale(name, 1n);
    await workers(1);
    const [lost = ''] = world.liveWorkers;
    const scheduler = world.scheduler(name);
    await until('connected', () => scheduler.active.has(lost));
    scheduler.disconnect(lost);
    scheduler.report();
    await until('another one', () => scheduler.active.size === 1 && !scheduler.active.has(lost));
    await workers(1);
    expect(world.liveWorkers).not.toContain(lost);
  });
});

describe('an end', () => {
  test('a stop ends scheduler and workers, forgets secrets and routes, and keeps the record', async () => {
    const { clusters, routes } = await openWorld();
    const { name } = await running(clusters);
    await clusters.scale(name, 2n);
    await workers(2);
    await clusters.stop(name, 'Stopped by ada.');
    expect(await clusters.waitForChange(name, 20_000)).toMatchObject({ phase: 'stopped', reason: 'Stopped by ada.' });
    expect(world.runtime.workloads.size).toBe(0);
    expect(routes.table.size).toBe(0);
    expect(await clusters.credentials(name)).toBeUndefined();
    const row = await world.store.db.selectFrom('clusters').selectAll().executeTakeFirstOrThrow();
    expect(row).toMatchObject({ token: '', tls_cert: '', tls_key: '' });
    expect(await world.store.db.selectFrom('workers').selectAll().execute()).toEqual([]);
  });

  test('asks each process once only, so that no grace is cut short', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    world.runtime.onStop = () => {};
    const workload = world.schedulerWorkload(name);
    await clusters.stop(name, 'Stopped by ada.');
    await until('asked', () => workload.stops.length > 0);
    await world.store.write(({ changed }) => Promise.resolve(changed('clusters', name)));
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(workload.stops).toEqual([{ graceSeconds: 2 }]);
    workload.exit({ code: 0, signal: null });
    expect(await clusters.waitForChange(name, 20_000)).toMatchObject({ phase: 'stopped' });
  });

  test('a scheduler that is killed fails the cluster and takes the workers along', async () => {
    const { clusters, routes } = await openWorld();
    const { name } = await running(clusters);
    await clusters.scale(name, 2n);
    await workers(2);
    world
      .schedulerWorkload(name)
      .exit({ code: null, signal: 'SIGKILL', reason: 'ended by the memory limit (2.0 GiB)' });
    await until('failed', async () => (await phaseOf(clusters, name)) === 'failed');
    expect((await clusters.get(name))?.reason).toBe(
      'Its scheduler was killed by SIGKILL: ended by the memory limit (2.0 GiB).',
    );
    await workers(0);
    await until('nothing is left', async () => (await clusters.get(name))?.ended);
    expect(routes.table.size).toBe(0);
  });

  test('ended clusters are listed for a day, then forgotten', async () => {
    world = await ClusterWorld.create();
    let now = Date.now();
    const { clusters } = await world.open({ clock: { now: () => now } });
    const { name } = await running(clusters);
    await clusters.stop(name, 'Stopped by ada.');
    await clusters.waitForChange(name, 20_000);
    now += 23 * 3_600_000;
    await clusters.close();
    const second = await world.open({ clock: { now: () => now } });
    expect(await second.clusters.list('ada', ['stopped'])).toHaveLength(1);
    await second.clusters.close();
    now += 2 * 3_600_000;
    const third = await world.open({ clock: { now: () => now } });
    await until('forgotten', async () => (await third.clusters.get(name)) === undefined);
  });

  test("a removed user's clusters are stopped and forgotten, and nobody else's", async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    const stopped = await running(clusters);
    await clusters.stop(stopped.name, 'Stopped by ada.');
    const other = await clusters.create({ name: 'bob', groups: [], admin: false }, {});
    expect(await clusters.hasActive('ada')).toBe(true);
    expect(await clusters.removeAllOf('ada', 20_000)).toBe(true);
    expect(await clusters.hasActive('ada')).toBe(false);
    expect(await clusters.get(name)).toBeUndefined();
    expect(await clusters.get(stopped.name)).toBeUndefined();
    expect(await clusters.waitForChange(other.name, 20_000)).toMatchObject({ phase: 'running' });
  });

  test('one that is made in the moment in which its owner is removed ends too', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    await world.store.write(async ({ db, changed }) => {
      await db.deleteFrom('users').where('name', '=', 'ada').execute();
      changed('users', 'ada');
    });
    await until('an end', () => world.runtime.workloads.size === 0);
    expect((await clusters.waitForChange(name, 20_000))?.reason).toBe('Its owner was removed.');
  });

  test('a removal says when something is left after its time', async () => {
    const { clusters } = await openWorld();
    await running(clusters);
    world.runtime.onStop = () => {};
    expect(await clusters.removeAllOf('ada', 50)).toBe(false);
  });
});

describe('idle', () => {
  const idle = async (clusters: Clusters, name: string): Promise<string | undefined> => {
    await clusters.stopIdle(name);
    return phaseOf(clusters, name);
  };

  test('a scheduler without work that says it is idle is stopped', async () => {
    const { clusters } = await openWorld({ idleTimeoutSeconds: 60 });
    const { name } = await running(clusters);
    expect(await idle(clusters, name)).not.toBe('running');
    expect((await clusters.get(name))?.reason).toBe('Idle for 60 seconds.');
  });

  test('not while workers that are wanted are missing, tasks are worked on, or tasks wait for their first worker', async () => {
    const { clusters } = await openWorld({ idleTimeoutSeconds: 60 });
    const { name } = await running(clusters);
    const scheduler = world.scheduler(name);
    world.onWorker = (workload) => workload.run();
    await clusters.scale(name, 1n);
    expect(await idle(clusters, name)).toBe('running');
    scheduler.connect('worker-x');
    scheduler.load = { processing: 1, desired_workers: 1 };
    expect(await idle(clusters, name)).toBe('running');
    scheduler.disconnect('worker-x');
    await clusters.scale(name, 0n);
    scheduler.load = { processing: 0, desired_workers: 1 };
    expect(await idle(clusters, name)).toBe('running');
    scheduler.load = { processing: 0, desired_workers: 0 };
    expect(await idle(clusters, name)).not.toBe('running');
  });
});

describe('waiting for a change', () => {
  test('ends at the time given, and at the end of the hub, with the cluster as it is', async () => {
    const { clusters } = await openWorld();
    world.onScheduler = (workload) => workload.run();
    const { name } = await clusters.create(ada, {});
    expect(await clusters.waitForChange(name, 50)).toMatchObject({ phase: 'pending' });
    const waiting = clusters.waitForChange(name, 60_000);
    await clusters.close();
    expect(await waiting).toMatchObject({ phase: 'pending' });
    expect(await clusters.waitForChange(name, 60_000)).toMatchObject({ phase: 'pending' });
  });

  test('ends when whoever waits is gone', async () => {
    const { clusters } = await openWorld();
    world.onScheduler = (workload) => workload.run();
    const { name } = await clusters.create(ada, {});
    const gone = new AbortController();
    const waiting = clusters.waitForChange(name, 60_000, gone.signal);
    gone.abort();
    expect(await waiting).toMatchObject({ phase: 'pending' });
  });

  test('of an unknown cluster ends at once', async () => {
    const { clusters } = await openWorld();
    expect(await clusters.waitForChange('unknown', 60_000)).toBeUndefined();
  });
});

describe('another hub', () => {
  test('has the routes of running clusters as soon as it is open, and scales them', async () => {
    const { clusters, routes } = await openWorld();
    const { name } = await running(clusters);
    await clusters.scale(name, 1n);
    await workers(1);
    await clusters.close();
    const next = await world.open();
    expect([...next.routes.table.values()]).toEqual([...routes.table.values()]);
    await next.clusters.scale(name, 3n);
    await workers(3);
    expect(world.runtime.started.filter((id) => id.startsWith('scheduler-'))).toHaveLength(1);
  });

  test('notices what ended meanwhile', async () => {
    const { clusters } = await openWorld();
    const one = await running(clusters);
    const other = await running(clusters);
    await clusters.scale(one.name, 2n);
    await workers(2);
    await clusters.close();
    world.hub = undefined;
    world.runtime.workloads.get(world.liveWorkers[0] ?? '')?.exit({ code: null, signal: 'SIGKILL' });
    world.schedulerWorkload(other.name).exit({ code: 1, signal: null });
    const next = await world.open();
    await workers(2);
    await until('the other one failed', async () => (await phaseOf(next.clusters, other.name)) === 'failed');
    expect(await phaseOf(next.clusters, one.name)).toBe('running');
  });

  test('ends workloads of clusters that it does not know', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    await clusters.close();
    await world.store.db.deleteFrom('clusters').where('name', '=', name).execute();
    await world.open();
    expect(await until('ended', () => world.runtime.live.length === 0)).toBe(true);
  });

  test('says so when nothing is left of a scheduler', async () => {
    const { clusters } = await openWorld();
    const { name } = await running(clusters);
    await clusters.close();
    world.scheduler(name).end();
    world.runtime.workloads.clear();
    const next = await world.open();
    await until('failed', async () => (await phaseOf(next.clusters, name)) === 'failed');
    expect((await next.clusters.get(name))?.reason).toBe('Its scheduler is gone, and nothing is known about its end.');
  });
});
