import { type CompiledQuery, Kysely } from 'kysely';
import { type ClientConfig, Pool, TypeOverrides, types } from 'pg';
import type { Database } from '../database.ts';
import { GroupCommit } from '../groupCommit.ts';
import { GroupedStore } from '../groupedStore.ts';
import { migrate, requireMigrated } from '../migrate.ts';
import { routedDialect } from '../routedDialect.ts';
import type { Store } from '../store.ts';
import { HubSession, type HubSessionOptions } from './hubSession.ts';
import { clientConfigOf, type PostgresAddress, placeOf } from './postgresAddress.ts';
import { SharedPostgresDialect } from './postgresDialect.ts';
import { postgresErrorOf } from './postgresError.ts';

/** What {@link openPostgres} takes beside the address. */
export interface PostgresOptions extends Pick<HubSessionOptions, 'onLost' | 'answerMs'> {
  /** Milliseconds to wait for a database that cannot be reached yet, and for another hub to end. Default a minute. */
  patienceMs?: number;
}

/** Connections for reads. */
const readers = 4;
/** Somebody waits for them. */
const readMs = 20_000;

/**
 * Opens a PostgreSQL database, and brings its schema up to date. What was written is lost only when the database loses it
 * (`synchronous_commit`). When the connection is lost, everything fails from there on, and `onLost` is told: the program is to
 * be started again, since nobody can say what became of the last write, and whether another hub has worked since.
 * @throws AtollError `ATOLL_DATABASE_AWAY`, `ATOLL_DATABASE_REFUSED`, `ATOLL_ALREADY_RUNNING`, `ATOLL_DATA_NEWER`.
 */
export async function openPostgres(
  address: PostgresAddress,
  { onLost, answerMs, patienceMs = 60_000 }: PostgresOptions,
): Promise<Store> {
  const config: ClientConfig = { ...clientConfigOf(address), types: numbers };
  const place = placeOf(address);
  const session = await HubSession.open({ config, place, patienceMs, answerMs, onLost });
  const dialect = new SharedPostgresDialect({ pool: session.pool });
  const writer = new Kysely<Database>({ dialect });
  try {
    await migrate(writer as unknown as Kysely<never>);
  } catch (error) {
    await session.close();
    throw error;
  }
  session.limitStatements();
  const commits = new GroupCommit(writer, session);
  const pool = new Pool({ ...config, max: readers, query_timeout: answerMs ?? readMs });
  // An idle connection that is lost is replaced when it is needed.
  pool.on('error', () => undefined);
  const rowsOf = async <Row>({ sql, parameters }: CompiledQuery): Promise<Row[]> => {
    try {
      return (await pool.query(sql, [...parameters])).rows as Row[];
    } catch (error) {
      throw postgresErrorOf(error, place);
    }
  };
  return new GroupedStore({
    db: new Kysely<Database>({
      dialect: routedDialect(dialect, {
        read: async (query) => ({ rows: await rowsOf(query) }),
        write: (query) => commits.run((db) => db.executeQuery(query)),
      }),
    }),
    read: rowsOf,
    commits,
    async close() {
      await pool.end();
      await session.close();
    },
  });
}

/**
 * Opens a PostgreSQL database to look at it, also while a hub works with it: nothing in it is changed.
 * @throws AtollError `ATOLL_DATABASE_AWAY`, `ATOLL_DATABASE_REFUSED`, `ATOLL_DATA_NEWER`, `ATOLL_DATA_OLDER`.
 */
export async function openPostgresForReading(address: PostgresAddress): Promise<Kysely<Database>> {
  const pool = new Pool({ ...clientConfigOf(address), types: numbers, max: 1 });
  const db = new Kysely<Database>({ dialect: new SharedPostgresDialect({ pool }) });
  try {
    await requireMigrated(db as unknown as Kysely<never>);
    return db;
  } catch (error) {
    await db.destroy();
    throw postgresErrorOf(error, placeOf(address));
  }
}

/** Whole numbers of 64 bits, and sums of them, are numbers here: none comes near 2^53. */
const numbers = new TypeOverrides();
for (const type of [types.builtins.INT8, types.builtins.NUMERIC]) numbers.setTypeParser(type, Number);
