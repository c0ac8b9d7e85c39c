import { type Arbitrary, array, assert, constant, constantFrom, integer, nat, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Amount,
  allotWorkers,
  type Holder,
  Ledger,
  times,
  type WorkerDemand,
} from '../../src/clusters/allowances.ts';
import type { ClusterAllowance, ClusterLimits } from '../../src/config/settings.ts';

const kinds = ['clusters', 'workers', 'cores', 'memory'] as const;
const noLimits: ClusterLimits = { user: {}, groups: {}, total: {}, whenFull: 'queue' };
const worker = (cores: number, memory = 1): Amount => ({ clusters: 0, workers: 1, cores, memory });

const allowance = record(
  {
    clusters: nat(5),
    workers: nat(20),
    cores: integer({ min: 0, max: 40 }).map((tenths) => tenths / 2),
    memory: nat(30),
  },
  { requiredKeys: [] },
) as Arbitrary<ClusterAllowance>;

const limits: Arbitrary<ClusterLimits> = record({
  user: allowance,
  groups: record({ geo: allowance, bio: allowance }, { requiredKeys: [] }),
  total: allowance,
  whenFull: constant('queue' as const),
}) as Arbitrary<ClusterLimits>;

const members: Record<string, string[]> = { ada: ['geo'], bob: ['geo', 'bio'], eve: [] };

const demands: Arbitrary<WorkerDemand[]> = array(
  record({
    owner: constantFrom('ada', 'bob', 'eve'),
    cores: constantFrom(0.1, 0.5, 1, 3),
    memory: nat(4),
    count: nat(30),
  }),
  { maxLength: 6 },
).map((list) =>
  list.map(({ owner, cores, memory, count }, index) => ({
    cluster: `c${index}`,
    owner,
    groups: members[owner] ?? [],
    worker: worker(cores, memory),
    count,
  })),
);

/** What the holders that `counts` names were granted. */
function grantedTo(some: WorkerDemand[], granted: Map<string, number>, counts: (holder: Holder) => boolean): Amount {
  return some
    .filter(counts)
    .map((demand) => times(demand.worker, granted.get(demand.cluster) ?? 0))
    .reduce(
      (one, other) => Object.fromEntries(kinds.map((kind) => [kind, one[kind] + other[kind]])) as unknown as Amount,
      {
        clusters: 0,
        workers: 0,
        cores: 0,
        memory: 0,
      },
    );
}

describe('workers under limits', () => {
  test('no limit is ever exceeded, and nobody gets more than asked for', () => {
    assert(
      property(limits, demands, (some, asked) => {
        const granted = allotWorkers(new Ledger(some), asked);
        const within = (used: Amount, bound: ClusterAllowance | undefined): void => {
          for (const kind of kinds) expect(used[kind]).toBeLessThanOrEqual((bound?.[kind] ?? Infinity) + 1e-6);
        };
        for (const owner of Object.keys(members))
          within(
            grantedTo(asked, granted, (one) => one.owner === owner),
            some.user,
          );
        for (const group of ['geo', 'bio'])
          within(
            grantedTo(asked, granted, (one) => one.groups.includes(group)),
            some.groups[group],
          );
        within(
          grantedTo(asked, granted, () => true),
          some.total,
        );
        for (const { cluster, count } of asked) expect(granted.get(cluster) ?? 0).toBeLessThanOrEqual(count);
      }),
    );
  });

  test('no room is left that somebody who waits could use', () => {
    assert(
      property(limits, demands, (some, asked) => {
        const ledger = new Ledger(some);
        const granted = allotWorkers(ledger, asked);
        const waiting = asked.filter(({ cluster, count }) => (granted.get(cluster) ?? 0) < count);
        expect(waiting.filter((demand) => !ledger.obstacle(demand, demand.worker))).toEqual([]);
      }),
    );
  });

  test('of people who want the same, nobody gets two workers more than another who still waits', () => {
    assert(
      property(nat(40), array(integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 6 }), (room, counts) => {
        const asked = counts.map((count, index) => ({
          cluster: `c${index}`,
          owner: `user${index}`,
          groups: [],
          worker: worker(1),
          count,
        }));
        const granted = allotWorkers(new Ledger({ ...noLimits, total: { workers: room } }), asked);
        const most = Math.max(...asked.map(({ cluster }) => granted.get(cluster) ?? 0));
        const waiting = asked.filter(({ cluster, count }) => (granted.get(cluster) ?? 0) < count);
        expect(waiting.filter(({ cluster }) => most - (granted.get(cluster) ?? 0) > 1)).toEqual([]);
      }),
    );
  });

  test('without limits everybody gets everything', () => {
    const asked = [{ cluster: 'c', owner: 'ada', groups: [], worker: worker(1), count: 1000 }];
    expect(allotWorkers(new Ledger(noLimits), asked).get('c')).toBe(1000);
  });
});

describe('the limit in the way', () => {
  const gibi = 1024 ** 3;
  test.each<[ClusterLimits, Amount, string]>([
    [{ ...noLimits, user: { cores: 8 } }, worker(8.5), 'ada may have 8 cores at a time, and has 0'],
    [
      { ...noLimits, groups: { geo: { memory: 4 * gibi } } },
      worker(1, 5 * gibi),
      'the group geo may have 4 GiB of memory at a time, and has 0 bytes',
    ],
    [{ ...noLimits, total: { workers: 0 } }, worker(1), 'all people together may have 0 workers at a time, and have 0'],
    [
      { ...noLimits, user: { clusters: 1 } },
      { clusters: 2, workers: 0, cores: 0, memory: 0 },
      'ada may have 1 cluster at a time, and has 0',
    ],
  ])('is named: %#', (some, more, sentence) => {
    expect(new Ledger(some).obstacle({ owner: 'ada', groups: ['geo'] }, more)?.sentence).toBe(sentence);
  });

  test('of a group counts for its members only', () => {
    const some = { ...noLimits, groups: { geo: { workers: 0 } } };
    expect(new Ledger(some).obstacle({ owner: 'eve', groups: ['bio'] }, worker(1))).toBeUndefined();
  });
});
