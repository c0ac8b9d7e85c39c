import type { Cluster } from '../../clusters/cluster.ts';
import type { ClusterProgress } from '../../clusters/clusterProgress.ts';

/** Why a cluster is as it is. Not a part of dask-gateway's API, whose cluster model may have no further keys. */
export interface Explanation {
  name: string;
  user: string;
  status: string;
  /** What a start, or the workers that are missing, wait for; null: nothing is in the way. */
  waiting_for: string | null;
  /** Why it stopped or failed; null: it did not. */
  reason: string | null;
  workers: { running: number; wanted: number };
  /** Workers that ended and were not meant to, the newest first; times in milliseconds since the epoch. */
  worker_ends: { worker: string; time: number; reason: string }[];
  /** Of Python and packages, in its scheduler. */
  versions: Record<string, string>;
}

/** Explains a cluster to whoever may see it. */
export function explanationOf(cluster: Cluster, progress: ClusterProgress): Explanation {
  return {
    name: cluster.name,
    user: cluster.owner,
    status: cluster.phase.toUpperCase(),
    waiting_for: progress.waitingFor ?? null,
    reason: cluster.reason ?? null,
    workers: { running: progress.runningWorkers, wanted: cluster.wantedWorkers },
    worker_ends: progress.workerEnds.map(({ worker, endedAt, sentence }) => ({
      worker,
      time: endedAt,
      reason: sentence,
    })),
    versions: { ...cluster.versions },
  };
}
