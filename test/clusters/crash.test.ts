import { describe, expect, test } from 'vitest';
import type { Cluster } from '../../src/clusters/cluster.ts';
import type { Clusters } from '../../src/clusters/clusters.ts';
import { ada, ClusterWorld } from '../support/clusterWorld.ts';
import { CrashPlan, type CrashPoint } from '../support/crashPlan.ts';
import { until } from '../support/until.ts';

/** What happens to a cluster, and what must be when the hub acknowledged it. */
interface Scenario {
  name: string;
  /** Before any hub can die: gives the cluster with so many connected workers; undefined: there is none yet. */
  workersBefore: number | undefined;
  /** Resolves when the hub has acknowledged it. */
  act(clusters: Clusters, clusterName: string, world: ClusterWorld): Promise<unknown>;
  /** The phase and number of workers that follow from it. */
  result: { phase: Cluster['phase']; workers: number };
}

const scenarios: Scenario[] = [
  {
    name: 'a creation',
    workersBefore: undefined,
    act: (clusters) => clusters.create(ada, {}),
    result: { phase: 'running', workers: 0 },
  },
  {
    name: 'a scale up',
    workersBefore: 1,
    act: (clusters, name) => clusters.scale(name, 3n),
    result: { phase: 'running', workers: 3 },
  },
  {
    name: 'a scale down',
    workersBefore: 3,
    act: (clusters, name) => clusters.scale(name, 1n),
    result: { phase: 'running', workers: 1 },
  },
  {
    name: 'a worker that dies',
    workersBefore: 2,
    act: (_clusters, _name, world) => {
      world.runtime.workloads.get(world.liveWorkers[0] ?? '')?.exit({ code: null, signal: 'SIGKILL' });
      return Promise.resolve();
    },
    result: { phase: 'running', workers: 2 },
  },
  {
    name: 'a scheduler that dies',
    workersBefore: 2,
    act: (_clusters, name, world) => {
      world.schedulerWorkload(name).exit({ code: null, signal: 'SIGKILL' });
      return Promise.resolve();
    },
    result: { phase: 'failed', workers: 0 },
  },
  {
    name: 'a stop',
    workersBefore: 2,
    act: (clusters, name) => clusters.stop(name, 'Stopped by ada.'),
    result: { phase: 'stopped', workers: 0 },
  },
];

/** Runs a scenario with a hub that dies at `point`, then a second hub. Returns whether the first one died. */
async function run(scenario: Scenario, point: CrashPoint): Promise<boolean> {
  const world = await ClusterWorld.create();
  const before = scenario.workersBefore === undefined ? undefined : await prepare(world, scenario.workersBefore);
  const plan = new CrashPlan(point);
  let acknowledged = false;
  await Promise.race([plan.crashed, runFirstHub()]);
  const { clusters, routes } = await world.open();
  const context = `${scenario.name}, ${plan.diedAt ?? 'no crash'}, acknowledged: ${acknowledged}`;

  const name = before ?? (await onlyCluster(world));
  if (name !== undefined) {
    const results = [scenario.result];
    if (!acknowledged) results.push({ phase: 'running', workers: scenario.workersBefore ?? 0 });
    await until(`what follows (${context})`, async () => {
      const cluster = await clusters.get(name);
      const fits = results.some((one) => one.phase === cluster?.phase && isSo(world, one.workers));
      return fits && (cluster?.phase === 'running' || cluster?.ended);
    });
    const running = (await clusters.get(name))?.phase === 'running';
    must(routes.table.size === (running ? 2 : 0), `routes of what runs only (${context})`);
    must(running || world.runtime.workloads.size === 0, `nothing left of what has ended (${context})`);
    const schedulers = world.runtime.started.filter((id) => id.startsWith('scheduler-'));
    must(schedulers.length === 1, `one scheduler (${context})`);
  } else {
    must(!acknowledged, `no acknowledged cluster is lost (${context})`);
    must(world.runtime.workloads.size === 0, `no workload without a cluster (${context})`);
  }
  await world.close();
  return plan.diedAt !== undefined;

  /** Acts on the hub that may die; resolves when all is at rest without it having died. */
  async function runFirstHub(): Promise<void> {
    const hub = await world.open({
      store: plan.guard(world.store, 'store', ['write']),
      runtime: plan.guard(world.runtime, 'runtime', ['reserve', 'start', 'stop', 'list', 'get', 'logTail', 'forget']),
    });
    const created = await scenario.act(hub.clusters, before ?? '', world);
    acknowledged = true;
    const name = before ?? (created as Cluster).name;
    await until('rest', async () => {
      const cluster = await hub.clusters.get(name);
      if (cluster?.phase !== scenario.result.phase || !isSo(world, scenario.result.workers)) return false;
      return cluster.phase === 'running' || cluster.ended;
    });
    await hub.clusters.close();
  }
}

/** So many workers live, and the runtime has nothing else left but a scheduler. */
function isSo(world: ClusterWorld, workers: number): boolean {
  return world.liveWorkers.length === workers && world.runtime.workloads.size <= workers + 1;
}

function must(condition: boolean, what: string): void {
  if (!condition) throw new Error(`it must be so: ${what}`);
}

async function prepare(world: ClusterWorld, workers: number): Promise<string> {
  const { clusters } = await world.open();
  const { name } = await clusters.create(ada, {});
  await clusters.waitForChange(name, 20_000);
  await clusters.scale(name, BigInt(workers));
  await until('connected workers that the hub knows of', async () => {
    const rows = await world.store.db.selectFrom('workers').select('phase').execute();
    return rows.filter((row) => row.phase === 'running').length === workers;
  });
  await clusters.close();
  return name;
}

async function onlyCluster(world: ClusterWorld): Promise<string | undefined> {
  const [row] = await world.store.db.selectFrom('clusters').select('name').execute();
  return row?.name;
}

describe.each(scenarios)('the hub dies at any step of $name, and the next one carries on', (scenario) => {
  test.each(['before', 'after'] as const)('%s the step takes effect', async (when) => {
    let step = 1;
    while (await run(scenario, { step, when })) step += 1;
    // The last run was one without a crash; there were steps to die at before it.
    expect(step).toBeGreaterThan(5);
  });
});
