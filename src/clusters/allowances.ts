import type { ClusterAllowance, ClusterLimits } from '../config/settings.ts';
import { formatBytes } from '../core/quantities.ts';

/** An amount of what limits count. Memory in bytes. */
export type Amount = Required<ClusterAllowance>;

/** Whose limits count for something: a user, with their groups. */
export interface Holder {
  owner: string;
  groups: readonly string[];
}

/** A limit that stands in the way. */
export interface Obstacle {
  /** In plain words, without a final point: `ada may have 8 cores at a time, and has 8`. */
  sentence: string;
}

const nothing: Amount = { clusters: 0, workers: 0, cores: 0, memory: 0 };
const kinds = ['clusters', 'workers', 'cores', 'memory'] as const;
/** Sums of binary fractions (0.1 + 0.2) may miss a limit by this. */
const roundingError = 1e-9;

/** Whether any limit is set at all. */
export function areLimited({ user, groups, total }: ClusterLimits): boolean {
  return [user, total, ...Object.values(groups)].some((allowance) =>
    kinds.some((kind) => allowance[kind] !== undefined),
  );
}

/** So many times an amount. */
export function times(amount: Amount, count: number): Amount {
  return {
    clusters: amount.clusters * count,
    workers: amount.workers * count,
    cores: amount.cores * count,
    memory: amount.memory * count,
  };
}

/** Who has how much, and whether there is room for more. The one place where limits over all clusters are decided. */
export class Ledger {
  readonly #limits: ClusterLimits;
  /** By scope: `user ada`, `group geo`, `total`. */
  readonly #used = new Map<string, Amount>();

  constructor(limits: ClusterLimits) {
    this.#limits = limits;
  }

  /** Notes that somebody has something, whether or not there was room for it. */
  add(holder: Holder, amount: Amount): void {
    for (const { key } of this.#scopesOf(holder)) this.#used.set(key, sum(this.#usedBy(key), amount));
  }

  /** What an owner has. */
  usedByOwner(owner: string): Amount {
    return this.#usedBy(`user ${owner}`);
  }

  /** The limit that stands in the way of so much more; undefined: there is room. */
  obstacle(holder: Holder, more: Amount): Obstacle | undefined {
    for (const scope of this.#scopesOf(holder)) {
      const used = this.#usedBy(scope.key);
      for (const kind of kinds) {
        const limit = scope.allowance[kind];
        if (limit === undefined || more[kind] === 0 || used[kind] + more[kind] <= limit + roundingError) continue;
        return {
          sentence: `${scope.who} may have ${shown(kind, limit)} at a time, and ${scope.verb} ${shown(kind, used[kind], false)}`,
        };
      }
    }
    return undefined;
  }

  /** How many workers somebody could have if they had nothing but one scheduler; Infinity: no limit counts. */
  static mostWorkers(
    limits: ClusterLimits,
    holder: Holder,
    scheduler: Amount,
    worker: Amount,
  ): { most: number; limit: string } {
    let found = { most: Number.POSITIVE_INFINITY, limit: '' };
    for (const scope of new Ledger(limits).#scopesOf(holder))
      for (const kind of ['workers', 'cores', 'memory'] as const) {
        const limit = scope.allowance[kind];
        if (limit === undefined || worker[kind] === 0) continue;
        const most = Math.max(0, Math.floor((limit - scheduler[kind]) / worker[kind] + roundingError));
        if (most < found.most) found = { most, limit: `${shown(kind, limit)} for ${scope.whom}` };
      }
    return found;
  }

  #usedBy(key: string): Amount {
    return this.#used.get(key) ?? nothing;
  }

  #scopesOf({
    owner,
    groups,
  }: Holder): { key: string; allowance: ClusterAllowance; who: string; whom: string; verb: string }[] {
    const { user, groups: ofGroups, total } = this.#limits;
    const limited = groups.filter((group) => Object.hasOwn(ofGroups, group));
    return [
      { key: `user ${owner}`, allowance: user, who: owner, whom: owner, verb: 'has' },
      ...limited.map((group) => ({
        key: `group ${group}`,
        allowance: ofGroups[group] ?? {},
        who: `the group ${group}`,
        whom: `the group ${group}`,
        verb: 'has',
      })),
      { key: 'total', allowance: total, who: 'all people together', whom: 'all people together', verb: 'have' },
    ];
  }
}

/** Workers that one cluster lacks. */
export interface WorkerDemand extends Holder {
  cluster: string;
  /** What one of them takes. */
  worker: Amount;
  count: number;
}

/**
 * How many of the workers that clusters lack may be started now, by cluster. One at a time, each to the owner who has the
 * fewest cores and still lacks some that there is room for: whoever asks for a thousand does not keep others waiting.
 * What is granted is noted in the ledger.
 */
export function allotWorkers(ledger: Ledger, demands: readonly WorkerDemand[]): Map<string, number> {
  const granted = new Map<string, number>();
  let open = demands.filter(({ count }) => count > 0);
  while (open.length > 0) {
    const next = open.reduce((least, one) => (isBefore(ledger, granted, one, least) ? one : least));
    if (ledger.obstacle(next, next.worker)) {
      open = open.filter((one) => one !== next);
      continue;
    }
    ledger.add(next, next.worker);
    const count = (granted.get(next.cluster) ?? 0) + 1;
    granted.set(next.cluster, count);
    if (count >= next.count) open = open.filter((one) => one !== next);
  }
  return granted;
}

/** Whether a cluster's turn comes before another's: first the owner with the fewest cores, then their cluster with the fewest new workers. */
function isBefore(ledger: Ledger, granted: Map<string, number>, one: WorkerDemand, other: WorkerDemand): boolean {
  const byOwner = ledger.usedByOwner(one.owner).cores - ledger.usedByOwner(other.owner).cores;
  if (one.owner !== other.owner && Math.abs(byOwner) > roundingError) return byOwner < 0;
  return (granted.get(one.cluster) ?? 0) < (granted.get(other.cluster) ?? 0);
}

function sum(one: Amount, other: Amount): Amount {
  return {
    clusters: one.clusters + other.clusters,
    workers: one.workers + other.workers,
    cores: one.cores + other.cores,
    memory: one.memory + other.memory,
  };
}

function shown(kind: (typeof kinds)[number], amount: number, withKind = true): string {
  if (kind === 'memory') return withKind ? `${formatBytes(amount)} of memory` : formatBytes(amount);
  const number = String(Math.round(amount * 1000) / 1000);
  if (!withKind) return number;
  return amount === 1 ? `1 ${kind.replace(/s$/, '')}` : `${number} ${kind}`;
}
