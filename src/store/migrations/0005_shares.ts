import type { Kysely } from 'kysely';

/** Servers shared with users and groups, codes by which people take a share, and services added at run time. */
export async function up(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('shares')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('server_id', 'integer', (column) => column.notNull().references('servers.id').onDelete('cascade'))
    .addColumn('user_id', 'integer', (column) => column.references('users.id').onDelete('cascade'))
    .addColumn('group_id', 'integer', (column) => column.references('groups.id').onDelete('cascade'))
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('shares_user', ['server_id', 'user_id'])
    .addUniqueConstraint('shares_group', ['server_id', 'group_id'])
    .execute();
  for (const column of ['user_id', 'group_id'])
    await schema.createIndex(`shares_${column}`).on('shares').column(column).execute();
  await schema
    .createTable('share_codes')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('server_id', 'integer', (column) => column.notNull().references('servers.id').onDelete('cascade'))
    .addColumn('hash', 'text', (column) => column.notNull().unique())
    .addColumn('scopes', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .addColumn('exchange_count', 'integer', (column) => column.notNull())
    .addColumn('last_exchanged_at', 'bigint')
    .execute();
  await schema.createIndex('share_codes_server_id').on('share_codes').column('server_id').execute();
  await schema
    .createTable('services')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('settings', 'text', (column) => column.notNull())
    .addColumn('token_hash', 'text')
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute();
}
