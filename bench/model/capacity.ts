import { type Costs, deeds, type Load, type Need, needOf, things } from './costs.ts';

/** What people with a running server do, on average; the numbers are assumptions, and stand in docs/scale.md beside the results. */
export const perServer: Load = {
  things: { user: 5, server: 1, cluster: 0.2, worker: 2 },
  perSecond: {
    // A server runs for eight hours, a cluster for one.
    'start of a server': 1 / (8 * 3600),
    'start of a cluster': 0.2 / 3600,
    'start of a worker': 2 / 3600,
    // jupyterhub-singleuser's and dask-gateway's own intervals.
    'activity report of a server': 1 / 300,
    'heartbeat of a cluster': 0.2 / 15,
    // A workload is heard of when it begins and when it ends.
    'event of a workload': 2 * (1 / (8 * 3600) + 0.2 / 3600 + 2 / 3600),
    'API request': 1 / 30,
    'request to a server': 0.5,
    'MiB from a server': 0.02,
    'WebSocket message there and back': 2,
    // The edge tells every five seconds which servers were in use.
    'traffic of a server, told to the hub': 1 / 5,
  },
};

/** More than this a process should not do of the time, so that a burst finds room. */
export const mostCores = 0.5;
/** Megabytes of a hub, or of an edge, on a machine of a usual size. */
export const mostMegabytes = 1000;

/** How many running servers, with all that belongs to them, one hub and one edge bear, and what ends first. */
export function capacityOf(costs: Costs): { servers: number; limit: string; need: Need } {
  const at = (servers: number): Need => needOf(costs, scaled(servers));
  const [none, one] = [at(0), at(1)];
  const bounds = (['hub', 'edge'] as const).flatMap((side) => [
    {
      limit: `CPU of the ${side}`,
      servers: (mostCores - none.cores[side]) / (one.cores[side] - none.cores[side]),
    },
    {
      limit: `memory of the ${side}`,
      servers: (mostMegabytes - none.megabytes[side]) / (one.megabytes[side] - none.megabytes[side]),
    },
  ]);
  const first = bounds.reduce((least, bound) => (bound.servers < least.servers ? bound : least));
  // Two digits: a model has no more.
  const digits = 10 ** Math.max(0, Math.floor(Math.log10(first.servers)) - 1);
  const servers = Math.floor(first.servers / digits) * digits;
  return { servers, limit: first.limit, need: at(servers) };
}

/** The load of so many running servers. */
export function scaled(servers: number): Load {
  const times = <T extends string>(names: readonly T[], amounts: Record<T, number>): Record<T, number> =>
    Object.fromEntries(names.map((name) => [name, amounts[name] * servers])) as Record<T, number>;
  return { things: times(things, perServer.things), perSecond: times(deeds, perServer.perSecond) };
}
