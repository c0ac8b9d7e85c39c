import { sleep } from '../core/clock.ts';
import { obstacleOf } from './admission.ts';
import { type Cluster, type ClusterWorker, isLive } from './cluster.ts';
import { listWorkers } from './clusterTable.ts';
import type { ClustersContext } from './context.ts';
import { askCounts } from './schedulerApi.ts';
import { listWorkerEnds, type WorkerEnd } from './workerEnds.ts';
import { isPaused } from './workerTrouble.ts';

/** How far a cluster is, beside what is stored of it. */
export interface ClusterProgress {
  /** Workers that its scheduler has. */
  runningWorkers: number;
  /** Whether workers are on their way. */
  workersAreStarting: boolean;
  /** Why it does not run yet, or has fewer workers than wanted, in plain words; undefined when nothing is in the way. */
  waitingFor: string | undefined;
  /** Workers that ended and were not meant to, the newest first. */
  workerEnds: WorkerEnd[];
}

/** Milliseconds for which nobody is told that a scheduler starts. */
const usualStartMs = 3000;

/** Characters of a reason in such a sentence. */
const longestReason = 600;

/**
 * What somebody who waits for a cluster to run should read, in one sentence; undefined when there is nothing to say.
 * @param cluster one that is pending.
 */
export async function startSentence(context: ClustersContext, cluster: Cluster): Promise<string | undefined> {
  const { waitingFor } = await clusterProgress(context, cluster);
  const now = context.clock.now();
  if (waitingFor === undefined) {
    const isSlow = cluster.admittedAt !== undefined && now - cluster.admittedAt > usualStartMs;
    return isSlow ? 'The scheduler of your cluster is starting.' : undefined;
  }
  const text = waitingFor
    .slice(0, longestReason)
    .toWellFormed()
    .replace(/^It waits/, 'Your cluster waits');
  const minutes = Math.floor((now - cluster.createdAt) / 60_000);
  const sofar = minutes === 0 ? '' : ` (${minutes} min so far)`;
  return isSentence(text) ? `${text.slice(0, -1)}${sofar}${text.slice(-1)}` : `Your cluster waits: ${text}${sofar}.`;
}

/** What something waits for is a sentence already, or goes after "It waits: ". */
export function isSentence(waitingFor: string): boolean {
  return /[.!?]$/.test(waitingFor);
}

/** How long a scheduler may take to say how many workers it has. */
const patienceMs = 300;

/** Looks how far a cluster is. */
export async function clusterProgress(context: ClustersContext, cluster: Cluster): Promise<ClusterProgress> {
  const { store, runtime } = context;
  const nothing = { runningWorkers: 0, workersAreStarting: false, waitingFor: undefined };
  if (cluster.phase === 'pending') {
    const scheduler = await runtime.get(cluster.schedulerWorkloadId);
    const waitingFor = cluster.admittedAt === undefined ? await turnOf(context, cluster) : scheduler?.waitingFor;
    return { ...nothing, waitingFor, workerEnds: [] };
  }
  const workerEnds = await listWorkerEnds(store.db, cluster);
  if (cluster.phase !== 'running') return { ...nothing, workerEnds };
  const live = (await listWorkers(store.db, cluster.name)).filter(isLive);
  const starting = live.filter(({ phase }) => phase === 'starting');
  // Schedulers report new workers with their next heartbeat: up to 15 seconds late.
  const connected = starting.length === 0 ? 0 : await connectedWorkers(cluster);
  const runningWorkers = Math.max(live.length - starting.length, Math.min(live.length, connected));
  return {
    runningWorkers,
    workersAreStarting: runningWorkers < live.length,
    waitingFor: runningWorkers < cluster.wantedWorkers ? await waitingFor(context, cluster, live) : undefined,
    workerEnds,
  };
}

/** Why a running cluster has fewer workers than wanted. */
async function waitingFor(
  { store, runtime, settings }: ClustersContext,
  cluster: Cluster,
  live: readonly ClusterWorker[],
): Promise<string | undefined> {
  const { workerTrouble: trouble, wantedWorkers } = cluster;
  if (isPaused(trouble))
    return `${trouble.failures} workers in a row failed; another one is tried from time to time. The last one: ${trouble.reason}`;
  const seen = await Promise.all(live.filter(({ phase }) => phase === 'starting').map(({ name }) => runtime.get(name)));
  const ofRuntime = seen.find((one) => one?.waitingFor !== undefined)?.waitingFor;
  const missing = wantedWorkers - live.length;
  const obstacle = missing > 0 ? await obstacleOf(store.db, settings.limits, cluster) : undefined;
  if (!obstacle) return ofRuntime;
  const turn = `${missing} of ${wantedWorkers} workers wait for their turn: ${obstacle.sentence}.`;
  return ofRuntime === undefined ? turn : `${turn} The others wait: ${ofRuntime}.`;
}

/** What a cluster waits for that has no room under the limits. */
async function turnOf({ store, settings }: ClustersContext, cluster: Cluster): Promise<string | undefined> {
  const obstacle = await obstacleOf(store.db, settings.limits, cluster);
  return obstacle && `It waits for its turn: ${obstacle.sentence}.`;
}

/** How many workers the scheduler says it has; 0 when it does not say. */
async function connectedWorkers({ address }: Cluster): Promise<number> {
  if (!address || address.ports.dashboard === null) return 0;
  const asked = askCounts(address.host, address.ports.dashboard).catch(() => undefined);
  const counts = await Promise.race([asked, sleep(patienceMs)]);
  return counts?.workers ?? 0;
}
