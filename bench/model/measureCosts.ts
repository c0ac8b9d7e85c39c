import { setTimeout as wait } from 'node:timers/promises';
import type { Costs, Deed, HubAndEdge, Thing } from './costs.ts';
import { ModelWorld } from './world.ts';

/** How much of each is measured. */
const amounts = { users: 20_000, servers: 400, clusters: 40, workersEach: 10 };
/** As long as the hub takes between two looks at everything. */
const upkeepMs = 30_000;

/** Measures what everything costs, one thing after the other; prints what it is at. */
export async function measureCosts(log: (line: string) => void): Promise<Costs> {
  const { servers, clusters, workersEach } = amounts;
  const few = await ModelWorld.start(1000);
  await few.startServers(20);
  const fewUsers = await few.memory();
  await few.end();

  const world = await ModelWorld.start(amounts.users);
  try {
    await world.startServers(20);
    await warmUp(world);
    const costs = { memory: {}, upkeep: {}, cpu: {} } as Costs;
    const deed = async (name: Deed, count: number, work: () => Promise<void>): Promise<void> => {
      const before = world.cpu();
      await work();
      costs.cpu[name] = each(difference(world.cpu(), before), count);
      log(
        `${name}: ${Math.round(costs.cpu[name].hub)} µs of the hub, ${Math.round(costs.cpu[name].edge)} µs of the edge`,
      );
    };
    /** `before` is what there was without the things. */
    const thing = async (name: Thing, count: number, before: { memory: HubAndEdge; upkeep: HubAndEdge }) => {
      const now = { memory: await world.memory(), upkeep: await upkeepOf(world, log, `${name}s`) };
      costs.memory[name] = each(difference(now.memory, before.memory), count);
      costs.upkeep[name] = each(difference(now.upkeep, before.upkeep), count);
      return now;
    };

    await deed('activity report of a server', 2000, () => world.activityReports(2000));
    await deed('API request', 2000, () => world.apiRequests(2000));
    await deed('request to a server', 10_000, () => world.serverRequests(10_000));
    await deed('MiB from a server', 400, () => world.serverRequests(400, 'large'));
    await deed('WebSocket message there and back', 20_000, () => world.messages(20_000));
    // After some traffic, for what was allocated once stays.
    costs.rest = world.resident();
    const memory = await world.memory();
    costs.memory.user = each(difference(memory, fewUsers), amounts.users - 1000);
    costs.memory.user.edge = 0;
    costs.upkeep.user = { hub: 0, edge: 0 };
    const empty = await upkeepOf(world, log, 'nothing');
    costs.restCpu = empty;
    await deed('start of a server', servers, () => world.startServers(servers));
    const withServers = await thing('server', servers, { memory, upkeep: empty });
    await deed('traffic of a server, told to the hub', servers * trafficTimes, () => trafficOf(world, servers));
    costs.cpu['traffic of a server, told to the hub'].edge = 0; // Counted with the requests.
    const withTraffic = { memory: await world.memory(), upkeep: withServers.upkeep };
    await deed('start of a cluster', clusters, () => world.startClusters(clusters));
    const withClusters = await thing('cluster', clusters, withTraffic);
    await deed('start of a worker', clusters * workersEach, () => world.scaleClusters(workersEach));
    await thing('worker', clusters * workersEach, withClusters);
    await deed('heartbeat of a cluster', 1000, () => world.heartbeats(1000));
    const workloads = 20 + servers + clusters * (1 + workersEach);
    await deed('event of a workload', 5 * workloads, () => world.events(5));
    return costs;
  } finally {
    await world.end();
  }
}

/** Compiled code is what runs for most of a hub's life. */
async function warmUp(world: ModelWorld): Promise<void> {
  await world.apiRequests(1000);
  await world.activityReports(500);
  await world.serverRequests(3000);
  await world.messages(3000);
}

const trafficTimes = 4;

/** A request to each of some servers in every time for which the edge tells what was in use. */
async function trafficOf(world: ModelWorld, servers: number): Promise<void> {
  for (let time = 0; time < trafficTimes; time++) {
    await world.serverRequests(servers);
    await wait(5000);
  }
}

/** Microseconds of CPU each second while nothing happens. */
async function upkeepOf(world: ModelWorld, log: (line: string) => void, what: string): Promise<HubAndEdge> {
  const before = world.cpu();
  await wait(upkeepMs);
  const upkeep = each(difference(world.cpu(), before), upkeepMs / 1000);
  log(`at rest with ${what}: ${Math.round(upkeep.hub)} µs a second of the hub, ${Math.round(upkeep.edge)} of the edge`);
  return upkeep;
}

function difference(one: HubAndEdge, other: HubAndEdge): HubAndEdge {
  return { hub: Math.max(0, one.hub - other.hub), edge: Math.max(0, one.edge - other.edge) };
}

function each({ hub, edge }: HubAndEdge, count: number): HubAndEdge {
  return { hub: hub / count, edge: edge / count };
}
