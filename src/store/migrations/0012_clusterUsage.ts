import type { Kysely } from 'kysely';

/** What clusters asked for and used, a row for each day (UTC). It stays when the cluster is forgotten. */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('cluster_usage')
    .addColumn('cluster_name', 'text', (column) => column.notNull())
    .addColumn('day', 'text', (column) => column.notNull())
    .addColumn('user_name', 'text', (column) => column.notNull())
    .addColumn('user_groups', 'text', (column) => column.notNull())
    .addColumn('core_seconds_requested', 'double precision', (column) => column.notNull())
    .addColumn('byte_seconds_requested', 'double precision', (column) => column.notNull())
    .addColumn('core_seconds_used', 'double precision', (column) => column.notNull())
    .addColumn('byte_seconds_used', 'double precision', (column) => column.notNull())
    .addPrimaryKeyConstraint('cluster_usage_key', ['cluster_name', 'day'])
    .execute();
  await db.schema.createIndex('cluster_usage_day').on('cluster_usage').column('day').execute();
}
