import type { Kysely } from 'kysely';

/** The services that the hub runs: what was started last, so that the next hub takes it over instead of starting it twice. */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('managed_services')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('workload_id', 'text', (column) => column.notNull().unique())
    .addColumn('token_hash', 'text', (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('failures', 'integer', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .execute();
}
