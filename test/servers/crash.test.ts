import { describe, expect, test } from 'vitest';
import type { Server } from '../../src/servers/server.ts';
import type { Servers } from '../../src/servers/servers.ts';
import { CrashPlan, type CrashPoint } from '../support/crashPlan.ts';
import { createWorld, type FakeRoutes, openServers, type World } from '../support/serverWorld.ts';
import { until } from '../support/until.ts';

/** What happens to ada's server `gpu`, and how it must end when the hub acknowledged it. */
interface Scenario {
  name: string;
  /** Prepares the world, before any hub can die. */
  prepare?(servers: Servers, world: World): Promise<unknown>;
  /** Resolves with what the hub acknowledged. */
  act(servers: Servers, world: World): Promise<unknown>;
  /** The phases that may follow from an acknowledged request; `gone` means no record. */
  ends: (Server['phase'] | 'gone')[];
  arrange?(world: World): void;
}

const isReady = async (servers: Servers): Promise<boolean> => (await servers.get('ada', 'gpu'))?.phase === 'ready';
const start = (servers: Servers): Promise<Server> => servers.start('ada', 'gpu');
const startAndWait = async (servers: Servers): Promise<void> => {
  await start(servers);
  await until('ready', () => isReady(servers));
};

const scenarios: Scenario[] = [
  { name: 'a start', act: start, ends: ['ready'] },
  {
    name: 'a start that is given up',
    act: (servers) => start(servers).then(() => servers.stop('ada', 'gpu')),
    ends: ['stopped'],
  },
  { name: 'a stop', prepare: startAndWait, act: (servers) => servers.stop('ada', 'gpu'), ends: ['stopped'] },
  { name: 'a restart', prepare: startAndWait, act: (servers) => servers.restart('ada', 'gpu'), ends: ['ready'] },
  { name: 'a deletion', prepare: startAndWait, act: (servers) => servers.remove('ada', 'gpu'), ends: ['gone'] },
  {
    name: 'a start whose process ends',
    arrange: ({ runtime }) => {
      runtime.onStart = (workload) => {
        workload.run();
        workload.exit({ code: 1, signal: null });
      };
    },
    act: start,
    ends: ['failed'],
  },
  {
    name: 'a server that dies',
    prepare: startAndWait,
    act: async (_servers, { runtime }) => runtime.live[0]?.exit({ code: null, signal: 'SIGKILL' }),
    ends: ['failed'],
  },
];

/** Runs a scenario with a hub that dies at `point`, then a second hub. Returns whether the first one died. */
async function run(scenario: Scenario, point: CrashPoint): Promise<boolean> {
  const world = await createWorld({ allowNamedServers: true });
  const mostAlive = watchForTwins(world);
  if (scenario.prepare) {
    const { servers } = await openServers(world);
    await scenario.prepare(servers, world);
    await servers.close();
  }
  scenario.arrange?.(world);
  const plan = new CrashPlan(point);
  let acknowledged = false;
  const first = runFirstHub();
  await Promise.race([plan.crashed, first]);
  const { servers, routes } = await openServers(world);
  const context = `${scenario.name}, ${plan.diedAt ?? 'no crash'}, acknowledged: ${acknowledged}`;
  const server = await until(`an acknowledged or untouched end (${context})`, async () => {
    const current = await servers.get('ada', 'gpu');
    const phase = current?.phase ?? 'gone';
    const fits = acknowledged ? scenario.ends.includes(phase) : phase !== 'starting' && phase !== 'stopping';
    return fits && (current ?? 'gone');
  });
  await until(`an end of all that is not needed (${context})`, () => holds(world, routes, server));
  if (mostAlive() > 1) throw new Error(`two servers at a time (${context})`);
  await servers.close();
  await world.runtime.close();
  return plan.diedAt !== undefined;

  /** Acts on the hub that may die; resolves when all is at rest without it having died. */
  async function runFirstHub(): Promise<void> {
    const hub = await openServers(world, {
      store: plan.guard(world.store, 'store', ['write']),
      runtime: plan.guard(world.runtime, 'runtime', ['reserve', 'start', 'stop', 'list', 'get', 'logTail', 'forget']),
      credentials: plan.guard(world.credentials, 'credentials', ['issueServerCredentials', 'revokeServerCredentials']),
    });
    await scenario.act(hub.servers, world);
    acknowledged = true;
    await until('rest', async () => {
      const current = await hub.servers.get('ada', 'gpu');
      return scenario.ends.includes(current?.phase ?? 'gone');
    });
    await hub.servers.close();
  }
}

/** Whether exactly that is there which a server in this state needs. */
function holds(world: World, routes: FakeRoutes, server: Server | 'gone'): boolean {
  const { runtime, credentials } = world;
  if (server === 'gone' || server.phase !== 'ready') {
    // The path of a named server that is stopped leads to the hub, which says so.
    const elsewhere = [...routes.table.values()].filter(({ target }) => server === 'gone' || target.kind !== 'hub');
    return runtime.workloads.size === 0 && credentials.good.size === 0 && elsewhere.length === 0;
  }
  const [workload] = runtime.live;
  const [route] = routes.table.values();
  return (
    runtime.workloads.size === 1 &&
    workload?.spec.id === server.workloadId &&
    workload.spec.environment.JUPYTERHUB_API_TOKEN === credentials.good.get('ada/gpu') &&
    route?.target.kind === 'tcp' &&
    route.target.port === workload.spec.reservation.ports.http
  );
}

/** Counts how many workloads were ever alive at the same time. */
function watchForTwins({ runtime }: World): () => number {
  let most = 0;
  runtime.observe(() => {
    most = Math.max(most, runtime.live.length);
  });
  return () => most;
}

describe.each(scenarios)('the hub dies at any step of $name, and the next one carries on', (scenario) => {
  test.each(['before', 'after'] as const)('%s the step takes effect', async (when) => {
    let step = 1;
    while (await run(scenario, { step, when })) step += 1;
    // The last run was one without a crash; there were steps to die at before it.
    expect(step).toBeGreaterThan(5);
  });
});
