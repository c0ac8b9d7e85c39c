import type { Kysely } from 'kysely';

/** By which settings a server was started: so that it can be told when others are in force. */
export async function up(db: Kysely<never>): Promise<void> {
  await db.schema.alterTable('servers').addColumn('settings_digest', 'text').execute();
}
