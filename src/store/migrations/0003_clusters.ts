import type { Kysely } from 'kysely';

/** Dask clusters and their workers. */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('clusters')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('user_name', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('desired', 'text', (column) => column.notNull())
    .addColumn('phase', 'text', (column) => column.notNull())
    .addColumn('ended', 'integer', (column) => column.notNull())
    .addColumn('options', 'text', (column) => column.notNull())
    .addColumn('config', 'text', (column) => column.notNull())
    .addColumn('token', 'text', (column) => column.notNull())
    .addColumn('tls_cert', 'text', (column) => column.notNull())
    .addColumn('tls_key', 'text', (column) => column.notNull())
    .addColumn('scheduler_workload_id', 'text', (column) => column.notNull().unique())
    .addColumn('scheduler_starts', 'integer', (column) => column.notNull())
    .addColumn('address', 'text')
    .addColumn('scaling', 'text', (column) => column.notNull())
    .addColumn('scaling_revision', 'integer', (column) => column.notNull())
    .addColumn('told_revision', 'integer', (column) => column.notNull())
    .addColumn('wanted_workers', 'integer', (column) => column.notNull())
    .addColumn('worker_trouble', 'text')
    .addColumn('running_at', 'bigint')
    .addColumn('stopped_at', 'bigint')
    .addColumn('reason', 'text')
    .execute();
  await db.schema.createIndex('clusters_user_name').on('clusters').column('user_name').execute();
  await db.schema.createIndex('clusters_ended').on('clusters').column('ended').execute();
  await db.schema
    .createTable('workers')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('cluster_name', 'text', (column) => column.notNull().references('clusters.name').onDelete('cascade'))
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('phase', 'text', (column) => column.notNull())
    .execute();
  await db.schema.createIndex('workers_cluster_name').on('workers').column('cluster_name').execute();
}
