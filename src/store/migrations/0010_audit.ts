import type { Kysely } from 'kysely';

/** The audit log; and what was brought from a JupyterHub, whose tokens are kept as it kept them. */
export async function up(db: Kysely<never>): Promise<void> {
  const { schema } = db;
  await schema
    .createTable('audit_log')
    .addColumn('id', 'integer', (column) => column.primaryKey().autoIncrement())
    .addColumn('at', 'bigint', (column) => column.notNull())
    .addColumn('actor_kind', 'text', (column) => column.notNull())
    .addColumn('actor', 'text', (column) => column.notNull())
    .addColumn('token', 'text')
    .addColumn('address', 'text')
    .addColumn('action', 'text', (column) => column.notNull())
    .addColumn('target', 'text', (column) => column.notNull())
    .addColumn('details', 'text', (column) => column.notNull())
    .execute();
  await schema.createIndex('audit_log_actor').on('audit_log').columns(['actor', 'id']).execute();
  await schema.createIndex('audit_log_target').on('audit_log').columns(['target', 'id']).execute();
  await schema.createIndex('audit_log_at').on('audit_log').column('at').execute();
  await schema.alterTable('api_tokens').addColumn('imported_prefix', 'text').execute();
  await schema
    .createTable('imported')
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('imported_key', ['kind', 'key'])
    .execute();
  await schema.createIndex('api_tokens_imported_prefix').on('api_tokens').column('imported_prefix').execute();
}
