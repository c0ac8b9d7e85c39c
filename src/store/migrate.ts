import type { Kysely } from 'kysely';
import { AtollError } from '../core/errors.ts';
import { migrations } from './migrations/index.ts';

/** The database as far as this file is concerned: the list of steps already taken. */
interface MigrationsDatabase {
  migrations: { name: string; taken_at: number };
}

/**
 * Brings the schema up to date: takes each step not taken yet, each in one transaction.
 * @throws AtollError `ATOLL_DATA_NEWER` when the database has steps that this version does not know.
 */
export async function migrate(anyDb: Kysely<never>): Promise<void> {
  const db = anyDb as unknown as Kysely<MigrationsDatabase>;
  await db.schema
    .createTable('migrations')
    .ifNotExists()
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('taken_at', 'bigint', (column) => column.notNull())
    .execute();
  const taken = await stepsTaken(db);
  for (const migration of migrations) {
    const { name } = migration;
    if (taken.includes(name)) continue;
    await db.transaction().execute(async (step) => {
      await migration.up(step as unknown as Kysely<never>);
      await step.insertInto('migrations').values({ name, taken_at: Date.now() }).execute();
    });
  }
}

/**
 * For looking only: the schema must be up to date already.
 * @throws AtollError `ATOLL_DATA_NEWER`, `ATOLL_DATA_OLDER`
 */
export async function requireMigrated(anyDb: Kysely<never>): Promise<void> {
  const taken = await stepsTaken(anyDb as unknown as Kysely<MigrationsDatabase>);
  const missing = migrations.find(({ name }) => !taken.includes(name));
  if (missing)
    throw new AtollError('ATOLL_DATA_OLDER', 'The data folder was last used by an older version of Atoll.', {
      evidence: `Its database lacks the step ${missing.name}.`,
    });
}

/** The names of the steps that a database has taken. @throws AtollError `ATOLL_DATA_NEWER` when it has unknown ones. */
async function stepsTaken(db: Kysely<MigrationsDatabase>): Promise<string[]> {
  const taken = (await db.selectFrom('migrations').select('name').execute()).map((step) => step.name);
  const unknown = taken.filter((name) => !migrations.some((step) => step.name === name));
  if (unknown.length > 0)
    throw new AtollError('ATOLL_DATA_NEWER', 'The data folder was written by a newer version of Atoll.', {
      evidence: `Its database has the unknown step ${unknown.join(', ')}.`,
    });
  return taken;
}
