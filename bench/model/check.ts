import { setTimeout as wait } from 'node:timers/promises';
import { scaled } from './capacity.ts';
import { type Costs, type Deed, deeds, type HubAndEdge, type Load, needOf } from './costs.ts';
import { ModelWorld } from './world.ts';

/** One thing that the model says of the run, and what the run says. */
export interface Comparison {
  what: string;
  unit: string;
  predicted: number;
  measured: number;
}

const seconds = 60;

/** Runs so many servers, with all that belongs to them, for a minute, and compares what hub and edge needed with the model. */
export async function checkModel(costs: Costs, servers: number, log: (line: string) => void): Promise<Comparison[]> {
  const load = scaled(servers);
  const { user, cluster, worker } = load.things;
  const [clusters, workersEach] = [Math.round(cluster), Math.round(worker / cluster)];
  const world = await ModelWorld.start(Math.round(user));
  try {
    log(`${servers} servers, ${clusters} clusters with ${workersEach} workers each, for ${seconds} s`);
    const begun = world.cpu();
    await world.startServers(servers);
    await world.startClusters(clusters);
    await world.scaleClusters(workersEach);
    const startCounts: Partial<Record<Deed, number>> = {
      'start of a server': servers,
      'start of a cluster': clusters,
      'start of a worker': clusters * workersEach,
    };
    const starts = compare('CPU of all starts', costs, world.cpu(), begun, startCounts);
    const steadyBegun = world.cpu();
    const startedAt = performance.now();
    const counts = await live(world, load);
    const elapsed = (performance.now() - startedAt) / 1000;
    counts['traffic of a server, told to the hub'] = elapsed * load.perSecond['traffic of a server, told to the hub'];
    const atRest: Load = { things: load.things, perSecond: zero() };
    const upkeep = needOf(costs, atRest).cores;
    const steady = compare(`CPU of ${seconds} s of use`, costs, world.cpu(), steadyBegun, counts, {
      hub: upkeep.hub * elapsed * 1e6,
      edge: upkeep.edge * elapsed * 1e6,
    });
    const { megabytes } = needOf(costs, load);
    const resident = world.resident();
    const memory = (['hub', 'edge'] as const).map((side) => ({
      what: `memory of the ${side}`,
      unit: 'MB',
      predicted: megabytes[side],
      measured: resident[side] / 1000,
    }));
    return [...starts, ...steady, ...memory];
  } finally {
    await world.end();
  }
}

/** What people do in a minute, second by second, however long that takes here; returns how often they did what. */
async function live(world: ModelWorld, { perSecond }: Load): Promise<Partial<Record<Deed, number>>> {
  const counts: Partial<Record<Deed, number>> = {};
  const works: Partial<Record<Deed, (count: number) => Promise<void>>> = {
    'activity report of a server': (count) => world.activityReports(count),
    'heartbeat of a cluster': (count) => world.heartbeats(count),
    'API request': (count) => world.apiRequests(count),
    'request to a server': (count) => world.serverRequests(count),
    'MiB from a server': (count) => world.serverRequests(count, 'large'),
    'WebSocket message there and back': (count) => world.messages(count),
  };
  for (let second = 1; second <= seconds; second++) {
    const next = performance.now() + 1000;
    const doing = Object.entries(works).map(async ([name, work]) => {
      const deed = name as Deed;
      const count = Math.round(perSecond[deed] * second) - (counts[deed] ?? 0);
      counts[deed] = (counts[deed] ?? 0) + count;
      if (count > 0) await work(count);
    });
    await Promise.all(doing);
    await wait(Math.max(0, next - performance.now()));
  }
  return counts;
}

function compare(
  what: string,
  costs: Costs,
  now: HubAndEdge,
  before: HubAndEdge,
  counts: Partial<Record<Deed, number>>,
  besides: HubAndEdge = { hub: 0, edge: 0 },
): Comparison[] {
  return (['hub', 'edge'] as const).map((side) => ({
    what: `${what}, ${side}`,
    unit: 's',
    predicted:
      (besides[side] + deeds.reduce((sum, deed) => sum + (counts[deed] ?? 0) * costs.cpu[deed][side], 0)) / 1e6,
    measured: (now[side] - before[side]) / 1e6,
  }));
}

function zero(): Record<Deed, number> {
  return Object.fromEntries(deeds.map((deed) => [deed, 0])) as Record<Deed, number>;
}
