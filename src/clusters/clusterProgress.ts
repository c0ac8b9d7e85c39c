import { type Cluster, isLive } from './cluster.ts';
import { listWorkers } from './clusterTable.ts';
import type { ClustersContext } from './context.ts';
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

/** Looks how far a cluster is. */
export async function clusterProgress({ store, runtime }: ClustersContext, cluster: Cluster): Promise<ClusterProgress> {
  if (cluster.phase === 'pending') {
    const scheduler = await runtime.get(cluster.schedulerWorkloadId);
    return { runningWorkers: 0, workersAreStarting: false, waitingFor: scheduler?.waitingFor };
  }
  if (cluster.phase !== 'running') return { runningWorkers: 0, workersAreStarting: false, waitingFor: undefined };
  const workers = await listWorkers(store.db, cluster.name);
  const starting = workers.filter(({ phase }) => phase === 'starting');
  const seen = await Promise.all(starting.map(({ name }) => runtime.get(name)));
  const { workerTrouble: trouble } = cluster;
  const isIncomplete = starting.length > 0 || workers.filter(isLive).length < cluster.wantedWorkers;
  return {
    runningWorkers: workers.filter(({ phase }) => phase === 'running').length,
    workersAreStarting: starting.length > 0,
    waitingFor:
      isIncomplete && isPaused(trouble)
        ? `${trouble.failures} workers in a row did not start; another one is tried from time to time. The last one: ${trouble.reason}`
        : seen.find((one) => one?.waitingFor !== undefined)?.waitingFor,
  };
}
