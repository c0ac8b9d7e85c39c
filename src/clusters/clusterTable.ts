import type { Kysely, Selectable, Updateable } from 'kysely';
import type { Database } from '../store/database.ts';
import { PreparedRead } from '../store/preparedQuery.ts';
import type { ClustersTable } from '../store/tables/clusters.ts';
import {
  type Cluster,
  type ClusterPhase,
  type ClusterWorker,
  scalingSchema,
  schedulerAddressSchema,
  type WorkerPhase,
  workerTroubleSchema,
} from './cluster.ts';
import { type ClusterConfig, clusterConfigSchema } from './clusterConfig.ts';

type Db = Kysely<Database>;

/** One cluster, or undefined when there is none of that name (any more). */
export async function readCluster(db: Db, name: string): Promise<Cluster | undefined> {
  const row = await byName.first(db, name);
  return row && toCluster(row);
}

const byName = new PreparedRead((db, name: string) => db.selectFrom('clusters').selectAll().where('name', '=', name));

/** Clusters in one of `phases`, oldest first: those of `owner`, or (undefined) everybody's. */
export async function listClusters(
  db: Db,
  owner: string | undefined,
  phases: readonly ClusterPhase[],
): Promise<Cluster[]> {
  let query = db.selectFrom('clusters').selectAll().where('phase', 'in', phases).orderBy('created_at').orderBy('name');
  if (owner !== undefined) query = query.where('user_name', '=', owner);
  return (await query.execute()).map(toCluster);
}

/** The clusters that stopped or failed last, newest first, `most` at most: those of `owner`, or (undefined) everybody's. */
export async function listEndedClusters(db: Db, owner: string | undefined, most: number): Promise<Cluster[]> {
  let query = db
    .selectFrom('clusters')
    .selectAll()
    .where('phase', 'in', ['stopped', 'failed'])
    .orderBy('stopped_at', 'desc')
    .orderBy('name')
    .limit(most);
  if (owner !== undefined) query = query.where('user_name', '=', owner);
  return (await query.execute()).map(toCluster);
}

/** Changes columns of one cluster; inside a transaction whose `changed` tells the followers. */
export async function updateCluster(db: Db, name: string, values: Updateable<ClustersTable>): Promise<void> {
  await db.updateTable('clusters').set(values).where('name', '=', name).execute();
}

/** The clusters of which something is left or waits to be started, oldest first. */
export async function listUnended(db: Db): Promise<Cluster[]> {
  const rows = await db
    .selectFrom('clusters')
    .selectAll()
    .where('ended', '=', 0)
    .orderBy('created_at')
    .orderBy('name')
    .execute();
  return rows.map(toCluster);
}

/** All workers, by cluster. */
export async function listAllWorkers(db: Db): Promise<Map<string, ClusterWorker[]>> {
  const rows = await db.selectFrom('workers').selectAll().orderBy('created_at').orderBy('name').execute();
  const workers = new Map<string, ClusterWorker[]>();
  for (const row of rows) {
    const worker = { name: row.name, createdAt: row.created_at, phase: row.phase as WorkerPhase };
    const others = workers.get(row.cluster_name);
    if (others) others.push(worker);
    else workers.set(row.cluster_name, [worker]);
  }
  return workers;
}

/** The workers of one cluster, oldest first. */
export async function listWorkers(db: Db, clusterName: string): Promise<ClusterWorker[]> {
  const rows = await workersOf.all(db, clusterName);
  return rows.map((row) => ({ name: row.name, createdAt: row.created_at, phase: row.phase as WorkerPhase }));
}

const workersOf = new PreparedRead((db, clusterName: string) =>
  db
    .selectFrom('workers')
    .select(['name', 'created_at', 'phase'])
    .where('cluster_name', '=', clusterName)
    .orderBy('created_at')
    .orderBy('name'),
);

/** The cluster to which a scheduler's or worker's workload belongs, or undefined. */
export async function clusterOfWorkload(db: Db, workloadId: string): Promise<string | undefined> {
  const scheduler = await byScheduler.first(db, workloadId);
  if (scheduler) return scheduler.name;
  return (await byWorker.first(db, workloadId))?.cluster_name;
}

const byScheduler = new PreparedRead((db, workloadId: string) =>
  db.selectFrom('clusters').select('name').where('scheduler_workload_id', '=', workloadId),
);

const byWorker = new PreparedRead((db, workloadId: string) =>
  db.selectFrom('workers').select('cluster_name').where('name', '=', workloadId),
);

/** The name of the server that a token (`a7`) belongs to, or null when it is no server's own. */
export async function serverOfToken(db: Db, tokenId: string | undefined): Promise<string | null> {
  const [, number] = /^a(\d+)$/.exec(tokenId ?? '') ?? [];
  if (number === undefined) return null;
  const row = await db
    .selectFrom('api_tokens')
    .select('server_name')
    .where('id', '=', Number(number))
    .executeTakeFirst();
  return row?.server_name ?? null;
}

/** Those parsed before, by their JSON: most clusters have one of a few. */
const configs = new Map<string, ClusterConfig>();
const keptConfigs = 500;

function configFrom(json: string): ClusterConfig {
  const known = configs.get(json);
  if (known) return known;
  if (configs.size >= keptConfigs) configs.clear();
  const config = clusterConfigSchema.parse(JSON.parse(json));
  configs.set(json, config);
  return config;
}

function toCluster(row: Selectable<ClustersTable>): Cluster {
  return {
    name: row.name,
    owner: row.user_name,
    createdAt: row.created_at,
    desired: row.desired as Cluster['desired'],
    phase: row.phase as ClusterPhase,
    ended: row.ended === 1,
    options: JSON.parse(row.options) as Record<string, unknown>,
    config: configFrom(row.config),
    schedulerWorkloadId: row.scheduler_workload_id,
    schedulerStarts: row.scheduler_starts,
    address: row.address === null ? undefined : schedulerAddressSchema.parse(JSON.parse(row.address)),
    scaling: scalingSchema.parse(JSON.parse(row.scaling)),
    scalingRevision: row.scaling_revision,
    toldRevision: row.told_revision,
    wantedWorkers: row.wanted_workers,
    workerTrouble: row.worker_trouble === null ? undefined : workerTroubleSchema.parse(JSON.parse(row.worker_trouble)),
    runningAt: row.running_at ?? undefined,
    stoppedAt: row.stopped_at ?? undefined,
    reason: row.reason ?? undefined,
    admittedAt: row.admitted_at ?? undefined,
    serverName: row.server_name ?? undefined,
    groups: JSON.parse(row.user_groups) as string[],
    versions: row.versions === null ? {} : (JSON.parse(row.versions) as Record<string, string>),
  };
}
