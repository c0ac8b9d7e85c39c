/** Two values: of the hub's process, and of the edge's. */
export interface HubAndEdge {
  hub: number;
  edge: number;
}

/** What is there. */
export const things = ['user', 'server', 'cluster', 'worker'] as const;
export type Thing = (typeof things)[number];

/** What happens. */
export const deeds = [
  'start of a server',
  'start of a cluster',
  'start of a worker',
  'activity report of a server',
  'heartbeat of a cluster',
  'event of a workload',
  'API request',
  'request to a server',
  'MiB from a server',
  'WebSocket message there and back',
  'traffic of a server, told to the hub',
] as const;
export type Deed = (typeof deeds)[number];

/** What everything costs, measured on one machine. */
export interface Costs {
  /** Kilobytes that hub and edge have resident with nothing to do. */
  rest: HubAndEdge;
  /** Microseconds of CPU each second with nothing to do. */
  restCpu: HubAndEdge;
  /** Kilobytes more for each thing. */
  memory: Record<Thing, HubAndEdge>;
  /** Microseconds of CPU each second for each thing that is only there. */
  upkeep: Record<Thing, HubAndEdge>;
  /** Microseconds of CPU for each deed. */
  cpu: Record<Deed, HubAndEdge>;
}

/** How much there is, and what happens each second. */
export interface Load {
  things: Record<Thing, number>;
  perSecond: Record<Deed, number>;
}

/** What hub and edge need for a load: processors, and megabytes. */
export interface Need {
  cores: HubAndEdge;
  megabytes: HubAndEdge;
}

/** What a load needs, when everything costs as much as it does alone. */
export function needOf({ rest, restCpu, memory, upkeep, cpu }: Costs, load: Load): Need {
  const both = (of: (side: keyof HubAndEdge) => number): HubAndEdge => ({ hub: of('hub'), edge: of('edge') });
  const sum = <T extends string>(names: readonly T[], amounts: Record<T, number>, each: (name: T) => number): number =>
    names.reduce((total, name) => total + amounts[name] * each(name), 0);
  return {
    cores: both(
      (side) =>
        (restCpu[side] +
          sum(things, load.things, (thing) => upkeep[thing][side]) +
          sum(deeds, load.perSecond, (deed) => cpu[deed][side])) /
        1e6,
    ),
    megabytes: both((side) => (rest[side] + sum(things, load.things, (thing) => memory[thing][side])) / 1000),
  };
}
