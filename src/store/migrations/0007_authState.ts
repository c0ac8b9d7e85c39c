import type { Kysely } from 'kysely';

/** Who vouches for a user, and when they were last asked. */
export async function up(db: Kysely<never>): Promise<void> {
  for (const [column, type] of [
    ['auth_provider', 'text'],
    ['auth_subject', 'text'],
    ['auth_refreshed_at', 'bigint'],
    ['refresh_state', 'text'],
  ] as const)
    await db.schema.alterTable('users').addColumn(column, type).execute();
  await db.schema.createIndex('users_auth_provider').on('users').column('auth_provider').execute();
}
