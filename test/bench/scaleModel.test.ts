import { expect, test } from 'vitest';
import { capacityOf, mostCores, mostMegabytes, perServer, scaled } from '../../bench/model/capacity.ts';
import { type Costs, deeds, needOf, things } from '../../bench/model/costs.ts';

const nothing = { hub: 0, edge: 0 };

/** Costs of nothing but what is given. */
function costs(given: Partial<Costs> = {}): Costs {
  const none = <T extends string>(names: readonly T[]): Record<T, typeof nothing> =>
    Object.fromEntries(names.map((name) => [name, nothing])) as Record<T, typeof nothing>;
  return { rest: nothing, restCpu: nothing, memory: none(things), upkeep: none(things), cpu: none(deeds), ...given };
}

test('what is there and what happens add up, of hub and edge each', () => {
  const some = costs({ rest: { hub: 60_000, edge: 40_000 } });
  some.memory.server = { hub: 10, edge: 2 };
  some.upkeep.server = { hub: 100, edge: 0 };
  some.cpu['request to a server'] = { hub: 0, edge: 50 };
  const load = scaled(1000);
  expect(load.perSecond['request to a server']).toBe(500);
  const { cores, megabytes } = needOf(some, load);
  expect(cores.hub).toBeCloseTo(0.1);
  expect(cores.edge).toBeCloseTo(0.025);
  expect(megabytes.hub).toBeCloseTo(70);
  expect(megabytes.edge).toBeCloseTo(42);
});

test('a hub bears as much as what ends first allows, in two digits', () => {
  const some = costs();
  some.cpu['request to a server'] = { hub: 0, edge: 100 };
  // 0.5 requests a second of 100 µs each: half a processor is full at 10,000.
  expect(mostCores).toBe(0.5);
  expect(capacityOf(some)).toMatchObject({ servers: 10_000, limit: 'CPU of the edge' });
  some.memory.server = { hub: mostMegabytes / 2.345, edge: 0 };
  expect(capacityOf(some)).toMatchObject({ servers: 2300, limit: 'memory of the hub' });
});

test('a workload is heard of twice for each start', () => {
  const { perSecond } = perServer;
  const starts = perSecond['start of a server'] + perSecond['start of a cluster'] + perSecond['start of a worker'];
  expect(perSecond['event of a workload']).toBeCloseTo(2 * starts);
});
