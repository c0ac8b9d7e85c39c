import type { Kysely } from 'kysely';

/** Notebook servers. */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema
    .createTable('servers')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('user_id', 'integer', (column) => column.notNull().references('users.id').onDelete('cascade'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('display_name', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('desired', 'text', (column) => column.notNull())
    .addColumn('phase', 'text', (column) => column.notNull())
    .addColumn('workload_id', 'text', (column) => column.unique())
    .addColumn('token_fingerprint', 'text')
    .addColumn('user_options', 'text', (column) => column.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('ready_at', 'bigint')
    .addColumn('last_activity', 'bigint')
    .addColumn('failure', 'text')
    .addUniqueConstraint('servers_user_name', ['user_id', 'name'])
    .execute();
  await db.schema.createIndex('servers_phase').on('servers').column('phase').execute();
}
