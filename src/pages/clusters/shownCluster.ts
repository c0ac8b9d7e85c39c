import type { Cluster } from '../../clusters/cluster.ts';
import type { ClusterProgress } from '../../clusters/clusterProgress.ts';

/** A cluster on the page. */
export interface ShownCluster {
  cluster: Cluster;
  progress: ClusterProgress;
}

/** Whether it has stopped or failed. */
export function isOver({ cluster }: ShownCluster): boolean {
  return cluster.phase === 'stopped' || cluster.phase === 'failed';
}

/** Whether the page will soon look different by itself. */
export function isUnderWay({ cluster, progress }: ShownCluster): boolean {
  return cluster.phase === 'pending' || cluster.phase === 'stopping' || progress.workersAreStarting;
}
