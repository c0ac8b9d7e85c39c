import type { Kysely } from 'kysely';
import type { ClusterLimits } from '../config/settings.ts';
import type { Database } from '../store/database.ts';
import { type Amount, allotWorkers, areLimited, type Holder, Ledger, type Obstacle, times } from './allowances.ts';
import type { Cluster, ClusterWorker } from './cluster.ts';
import type { ClusterConfig } from './clusterConfig.ts';
import { listAllWorkers, listUnended, updateCluster } from './clusterTable.ts';
import { addWorkers, missingWorkers } from './workerSet.ts';

type Db = Kysely<Database>;

/** What a cluster takes before it has workers. */
export function schedulerAmount({ schedulerCores, schedulerMemory }: ClusterConfig): Amount {
  return { clusters: 1, workers: 0, cores: schedulerCores, memory: schedulerMemory };
}

/** What each of its workers takes. */
export function workerAmount({ workerCores, workerMemory }: ClusterConfig): Amount {
  return { clusters: 0, workers: 1, cores: workerCores, memory: workerMemory };
}

/**
 * Gives the room that there is under the limits to those who wait for it: first to clusters that wait to be started, then to
 * the workers that running ones lack. What is granted is in the tables when this returns, and will be started, whatever
 * happens to the hub. Safe to call at any time; to be called whenever somebody asks for more, or gives something back.
 * @param clusterName the cluster in question: without limits, only its workers are looked at.
 * @returns the names of clusters that got something.
 */
export async function grantRoom(db: Db, limits: ClusterLimits, clusterName: string, now: number): Promise<string[]> {
  if (!areLimited(limits)) return (await grantAll(db, clusterName, now)) ? [clusterName] : [];
  const clusters = await listUnended(db);
  const workers = await listAllWorkers(db);
  const ledger = ledgerOf(limits, clusters, workers);
  const admitted = queueOf(ledger, clusters).filter((cluster) => tryAdmission(ledger, cluster));
  for (const { name } of admitted) await updateCluster(db, name, { admitted_at: now });
  const granted = allotWorkers(
    ledger,
    clusters.map((cluster) => ({
      ...holderOf(cluster),
      cluster: cluster.name,
      worker: workerAmount(cluster.config),
      count: missingWorkers(cluster, workers.get(cluster.name) ?? [], now),
    })),
  );
  for (const [name, count] of granted) await addWorkers(db, name, count, now);
  return [...admitted.map(({ name }) => name), ...granted.keys()];
}

/** There are no limits (any more): gives a cluster all that it waits for. Returns whether that was anything. */
async function grantAll(db: Db, clusterName: string, now: number): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('clusters')
    .set({ admitted_at: now })
    .where('name', '=', clusterName)
    .where('admitted_at', 'is', null)
    .executeTakeFirst();
  return (await addWorkers(db, clusterName, undefined, now)) > 0 || numUpdatedRows > 0;
}

/** The limit that a cluster waits for: to be started, or to get the next worker. Undefined: none. */
export async function obstacleOf(db: Db, limits: ClusterLimits, cluster: Cluster): Promise<Obstacle | undefined> {
  if (!areLimited(limits)) return undefined;
  const ledger = ledgerOf(limits, await listUnended(db), await listAllWorkers(db));
  const more = cluster.admittedAt === undefined ? firstNeed(cluster) : workerAmount(cluster.config);
  return ledger.obstacle(holderOf(cluster), more);
}

/** The limit that stands in the way of one more cluster now. */
export async function obstacleToStart(
  db: Db,
  limits: ClusterLimits,
  holder: Holder,
  config: ClusterConfig,
): Promise<Obstacle | undefined> {
  if (!areLimited(limits)) return undefined;
  const ledger = ledgerOf(limits, await listUnended(db), await listAllWorkers(db));
  return ledger.obstacle(holder, schedulerAmount(config));
}

/** How many more workers a cluster could have now, `most` at most, and the limit in the way of more. */
export async function roomForWorkers(
  db: Db,
  limits: ClusterLimits,
  cluster: Cluster,
  most: number,
): Promise<{ room: number; obstacle: Obstacle | undefined }> {
  if (!areLimited(limits)) return { room: most, obstacle: undefined };
  const [clusters, workers] = [await listUnended(db), await listAllWorkers(db)];
  const holder = holderOf(cluster);
  const worker = workerAmount(cluster.config);
  const demand = { ...holder, cluster: cluster.name, worker, count: most };
  const room = allotWorkers(ledgerOf(limits, clusters, workers), [demand]).get(cluster.name) ?? 0;
  if (room >= most) return { room, obstacle: undefined };
  return { room, obstacle: ledgerOf(limits, clusters, workers).obstacle(holder, times(worker, room + 1)) };
}

/** Whose limits count for a cluster. */
export function holderOf({ owner, groups }: Pick<Cluster, 'owner' | 'groups'>): Holder {
  return { owner, groups };
}

function ledgerOf(
  limits: ClusterLimits,
  clusters: readonly Cluster[],
  workers: ReadonlyMap<string, readonly ClusterWorker[]>,
): Ledger {
  const ledger = new Ledger(limits);
  for (const cluster of clusters) {
    if (cluster.admittedAt === undefined) continue;
    ledger.add(holderOf(cluster), schedulerAmount(cluster.config));
    // What is ending takes its place until nothing is left of it.
    ledger.add(holderOf(cluster), times(workerAmount(cluster.config), workers.get(cluster.name)?.length ?? 0));
  }
  return ledger;
}

/** Those that wait to be started: first whose owner has the fewest clusters, then the oldest. */
function queueOf(ledger: Ledger, clusters: readonly Cluster[]): Cluster[] {
  return clusters
    .filter((cluster) => cluster.admittedAt === undefined && cluster.desired === 'running')
    .toSorted((one, other) => ledger.usedByOwner(one.owner).clusters - ledger.usedByOwner(other.owner).clusters);
}

function tryAdmission(ledger: Ledger, cluster: Cluster): boolean {
  if (ledger.obstacle(holderOf(cluster), firstNeed(cluster))) return false;
  ledger.add(holderOf(cluster), schedulerAmount(cluster.config));
  return true;
}

/** A cluster is started when there is room for a worker too: schedulers alone would fill the room and compute nothing. */
function firstNeed({ config }: Cluster): Amount {
  const [scheduler, worker] = [schedulerAmount(config), workerAmount(config)];
  const withWorker = config.maxWorkers !== 0;
  return {
    clusters: 1,
    workers: 0,
    cores: scheduler.cores + (withWorker ? worker.cores : 0),
    memory: scheduler.memory + (withWorker ? worker.memory : 0),
  };
}
