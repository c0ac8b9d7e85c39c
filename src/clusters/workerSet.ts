import type { Kysely } from 'kysely';
import { randomHex } from '../core/ids.ts';
import type { Database } from '../store/database.ts';
import type { Cluster, ClusterWorker } from './cluster.ts';
import { listWorkers, readCluster } from './clusterTable.ts';
import { startableWorkers } from './workerTrouble.ts';

type Db = Kysely<Database>;

/** How many workers are written down at a time; the next ones follow when these are started. */
const addedTogether = 256;

/** How many workers a cluster lacks that may be started now. */
export function missingWorkers(cluster: Cluster, workers: readonly ClusterWorker[], now: number): number {
  if (cluster.phase !== 'running' || cluster.desired !== 'running') return 0;
  return Math.min(addedTogether, startableWorkers(cluster.wantedWorkers, workers, cluster.workerTrouble, now));
}

/**
 * Writes down workers that a cluster lacks, `most` at most. Once they are in the table they will be started, whatever happens
 * to the hub. Returns how many were added. Only for {@link grantRoom}, which decides about the limits.
 */
export async function addWorkers(db: Db, clusterName: string, most: number | undefined, now: number): Promise<number> {
  const cluster = await readCluster(db, clusterName);
  if (!cluster) return 0;
  const missing = missingWorkers(cluster, await listWorkers(db, clusterName), now);
  const count = Math.min(missing, most ?? missing);
  if (count === 0) return 0;
  const rows = Array.from({ length: count }, () => ({
    // Not only digits: dask would take the name for a number, and it would match nothing any more.
    name: `worker-${randomHex(8)}`,
    cluster_name: clusterName,
    created_at: now,
    phase: 'starting',
  }));
  await db.insertInto('workers').values(rows).execute();
  return count;
}

/** Gives workers another phase. */
export async function setWorkerPhase(
  db: Db,
  names: readonly string[],
  phase: Exclude<ClusterWorker['phase'], 'starting'>,
): Promise<void> {
  if (names.length > 0) await db.updateTable('workers').set({ phase }).where('name', 'in', names).execute();
}

/** Of the workers that no scheduler has yet, those that are more than wanted; the newest first. */
export function surplusWorkers(cluster: Cluster, workers: readonly ClusterWorker[]): ClusterWorker[] {
  const starting = workers.filter((worker) => worker.phase === 'starting');
  const running = workers.filter((worker) => worker.phase === 'running');
  const surplus = Math.max(0, starting.length + running.length - cluster.wantedWorkers);
  return starting.toReversed().slice(0, surplus);
}
