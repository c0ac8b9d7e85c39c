import { sleep } from '../core/clock.ts';
import { type Cluster, isLive } from './cluster.ts';
import { listWorkers } from './clusterTable.ts';
import type { ClustersContext } from './context.ts';
import { askCounts } from './schedulerApi.ts';
import { isPaused } from './workerTrouble.ts';

/** How far a cluster is, beside what is stored of it. */
export interface ClusterProgress {
  /** Workers that its scheduler has. */
  runningWorkers: number;
  /** Whether workers are on their way. */
  workersAreStarting: boolean;
  /** Why it does not run yet, or has fewer workers than wanted, in plain words; undefined when nothing is in the way. */
  waitingFor: string | undefined;
}

/** How long a scheduler may take to say how many workers it has. */
const patienceMs = 300;

/** Looks how far a cluster is. */
export async function clusterProgress(context: ClustersContext, cluster: Cluster): Promise<ClusterProgress> {
  const { store, runtime } = context;
  if (cluster.phase === 'pending') {
    const scheduler = await runtime.get(cluster.schedulerWorkloadId);
    return { runningWorkers: 0, workersAreStarting: false, waitingFor: scheduler?.waitingFor };
  }
  if (cluster.phase !== 'running') return { runningWorkers: 0, workersAreStarting: false, waitingFor: undefined };
  const live = (await listWorkers(store.db, cluster.name)).filter(isLive);
  const starting = live.filter(({ phase }) => phase === 'starting');
  // Schedulers report new workers with their next heartbeat: up to 15 seconds late.
  const connected = starting.length === 0 ? 0 : await connectedWorkers(cluster);
  const runningWorkers = Math.max(live.length - starting.length, Math.min(live.length, connected));
  const seen = await Promise.all(starting.map(({ name }) => runtime.get(name)));
  const { workerTrouble: trouble, wantedWorkers } = cluster;
  return {
    runningWorkers,
    workersAreStarting: runningWorkers < live.length,
    waitingFor:
      runningWorkers < wantedWorkers && isPaused(trouble)
        ? `${trouble.failures} workers in a row did not start; another one is tried from time to time. The last one: ${trouble.reason}`
        : seen.find((one) => one?.waitingFor !== undefined)?.waitingFor,
  };
}

/** How many workers the scheduler says it has; 0 when it does not say. */
async function connectedWorkers({ address }: Cluster): Promise<number> {
  if (!address || address.ports.dashboard === null) return 0;
  const asked = askCounts(address.host, address.ports.dashboard).catch(() => undefined);
  const counts = await Promise.race([asked, sleep(patienceMs)]);
  return counts?.workers ?? 0;
}
