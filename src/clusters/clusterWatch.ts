import { sleep } from '../core/clock.ts';
import type { ActivityReport } from '../edge/protocol.ts';
import type { Cluster } from './cluster.ts';
import { clusterOfSchedulerRoute } from './clusterRoutes.ts';
import type { ClustersContext } from './context.ts';
import { askCounts, type SchedulerCounts } from './schedulerApi.ts';

/** What is remembered of one cluster between two looks. Lost with the hub, which lets everything go on for longer. */
interface Memory {
  lookedAt: number;
  /** Since when nobody is connected and there is no work. */
  lonelySince: number | undefined;
  /** Since when there is no work, and nothing has changed in the scheduler. */
  idleSince: number | undefined;
  /** The scheduler's counts then. */
  state: string;
}

/** Milliseconds between two looks at a cluster. */
const longestPeriodMs = 30_000;
const shortestPeriodMs = 500;

/** How long a scheduler may take to say what it has to do. */
const patienceMs = 1000;

/**
 * Finds clusters that nobody needs any more: those whose lease is over (no client connected, no work), and those that are
 * idle. Schedulers end idle clusters themselves, but give up for good when the hub does not answer once.
 */
export class ClusterWatch {
  readonly #context: ClustersContext;
  readonly #memories = new Map<string, Memory>();
  /** Connections through the edge to a scheduler, by cluster. */
  readonly #connections = new Map<string, number>();
  /** How many of what a scheduler counts as clients are none, by cluster. */
  readonly #unconnected = new Map<string, number>();

  constructor(context: ClustersContext) {
    this.#context = context;
  }

  /** Takes in what the edge saw. */
  recordTraffic({ routes }: ActivityReport): void {
    for (const [id, { openConnections }] of Object.entries(routes)) {
      const name = clusterOfSchedulerRoute(id);
      if (name === undefined) continue;
      if (openConnections > 0) this.#connections.set(name, openConnections);
      else this.#connections.delete(name);
    }
  }

  /** Takes in how many of what a scheduler counts as clients are none. */
  recordUnconnected(clusterName: string, count: number): void {
    this.#unconnected.set(clusterName, count);
  }

  /** Looks at a running cluster when it is time. Returns why it should end, or when to look again; undefined: never. */
  async look(cluster: Cluster): Promise<{ end: string } | { againInMs: number } | undefined> {
    const { idleTimeout, leaseSeconds = 0 } = cluster.config;
    const spans = [idleTimeout, leaseSeconds].filter((seconds) => seconds > 0);
    if (spans.length === 0 || !cluster.address?.ports.dashboard) return undefined;
    const periodMs = Math.max(shortestPeriodMs, Math.min(longestPeriodMs, (Math.min(...spans) * 1000) / 4));
    const now = this.#context.clock.now();
    const before = this.#memories.get(cluster.name);
    if (before && now - before.lookedAt < periodMs) return { againInMs: before.lookedAt + periodMs - now };
    const asked = askCounts(cluster.address.host, cluster.address.ports.dashboard).catch(() => undefined);
    // A scheduler that is too busy to answer has work; the hub has other clusters to look after.
    const counts = await Promise.race([asked, sleep(patienceMs).then(() => undefined)]);
    const memory = this.#remember(cluster, before, counts, now);
    if (memory.lonelySince !== undefined && leaseSeconds > 0 && now - memory.lonelySince >= leaseSeconds * 1000)
      return { end: `Nobody has been connected for ${leaseSeconds} seconds, and it had no work.` };
    // One period longer than the scheduler's own clock, which goes first.
    if (memory.idleSince !== undefined && idleTimeout > 0 && now - memory.idleSince >= idleTimeout * 1000 + periodMs)
      return { end: `Idle for ${idleTimeout} seconds.` };
    return { againInMs: periodMs };
  }

  /** It has ended. */
  forget(clusterName: string): void {
    this.#memories.delete(clusterName);
    this.#connections.delete(clusterName);
    this.#unconnected.delete(clusterName);
  }

  #remember(cluster: Cluster, before: Memory | undefined, counts: SchedulerCounts | undefined, now: number): Memory {
    const state = JSON.stringify(counts);
    const works = counts === undefined || hasWork(cluster, counts);
    const unconnected = this.#unconnected.get(cluster.name) ?? usuallyUnconnected;
    const connected =
      (this.#connections.get(cluster.name) ?? 0) > 0 || counts?.clients === undefined || counts.clients > unconnected;
    const memory = {
      lookedAt: now,
      lonelySince: works || connected ? undefined : (before?.lonelySince ?? now),
      idleSince: works ? undefined : before?.state === state ? (before.idleSince ?? now) : now,
      state,
    };
    this.#memories.set(cluster.name, memory);
    return memory;
  }
}

/** `fire-and-forget` counts as a client; so does each published dataset, of which the scheduler tells (report.ts). */
const usuallyUnconnected = 1;

/**
 * Whether a cluster has work: tasks being worked on, tasks that wait (also for their first worker, which schedulers do not
 * count), or workers still to come.
 */
export function hasWork(cluster: Cluster, counts: SchedulerCounts): boolean {
  const areWaiting = counts.workers === 0 && counts.desiredWorkers > 0;
  return counts.workers < cluster.wantedWorkers || counts.processing > 0 || areWaiting;
}
