import { type Kysely, sql } from 'kysely';

/** Whose limits count for a cluster, its place in the queue, what its scheduler told, and how its workers ended. */
export async function up(db: Kysely<never>): Promise<void> {
  for (const [column, type] of [
    ['admitted_at', 'bigint'],
    ['server_name', 'text'],
    ['versions', 'text'],
    ['told_use', 'text'],
  ] as const)
    await db.schema.alterTable('clusters').addColumn(column, type).execute();
  await db.schema
    .alterTable('clusters')
    .addColumn('user_groups', 'text', (column) => column.notNull().defaultTo('[]'))
    .execute();
  await sql`update clusters set admitted_at = created_at`.execute(db);
  await db.schema
    .createTable('worker_ends')
    .addColumn('worker_name', 'text', (column) => column.primaryKey())
    .addColumn('cluster_name', 'text', (column) => column.notNull().references('clusters.name').onDelete('cascade'))
    .addColumn('ended_at', 'bigint', (column) => column.notNull())
    .addColumn('cause', 'text')
    .addColumn('tasks', 'text')
    .execute();
  await db.schema.createIndex('worker_ends_cluster_name').on('worker_ends').column('cluster_name').execute();
}
