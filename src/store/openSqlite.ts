import { chmodSync } from 'node:fs';
import { type CompiledQuery, Kysely, SqliteDialect } from 'kysely';
import type { Database } from './database.ts';
import { GroupCommit } from './groupCommit.ts';
import { GroupedStore } from './groupedStore.ts';
import { migrate, requireMigrated } from './migrate.ts';
import { routedDialect } from './routedDialect.ts';
import { SqliteFile } from './sqliteFile.ts';
import type { Store } from './store.ts';

/**
 * Opens (or makes, mode 0600) the SQLite database at `path`, or `:memory:`, and brings its schema up to date.
 * WAL with synchronous=FULL: a commit that was acknowledged survives a power cut.
 * @throws AtollError `ATOLL_DATA_NEWER`, `ATOLL_DATA_DAMAGED`, `ATOLL_DISK_FULL`; node:sqlite's own errors otherwise.
 */
export async function openSqlite(path: string): Promise<Store> {
  const file = new SqliteFile(path);
  if (path !== ':memory:') chmodSync(path, 0o600);
  const dialect = new SqliteDialect({ database: file });
  const writer = new Kysely<Database>({ dialect });
  try {
    await migrate(writer as unknown as Kysely<never>);
    const commits = new GroupCommit(writer, file);
    // A database in memory belongs to its connection.
    const reader = path === ':memory:' ? undefined : new SqliteFile(path, { readOnly: true });
    const rowsOf = <Row>({ sql, parameters }: CompiledQuery, from: SqliteFile): Row[] =>
      from.prepare(sql).all(parameters) as Row[];
    const db = new Kysely<Database>({
      dialect: routedDialect(dialect, {
        read: reader && ((query) => Promise.resolve({ rows: rowsOf(query, reader) })),
        write: (query) => commits.run((transaction) => transaction.executeQuery(query)),
      }),
    });
    return new GroupedStore({
      db,
      read: async <Row>(query: CompiledQuery<Row>) =>
        reader ? rowsOf<Row>(query, reader) : (await db.executeQuery<Row>(query)).rows,
      commits,
      async close() {
        reader?.close();
        await writer.destroy();
      },
    });
  } catch (error) {
    await writer.destroy();
    throw error;
  }
}

/**
 * Opens the SQLite database at `path` to look at it, also while a hub runs on it: nothing in it is changed.
 * @throws AtollError `ATOLL_DATA_NEWER`, `ATOLL_DATA_OLDER`, `ATOLL_DATA_DAMAGED`; node:sqlite's own errors otherwise.
 */
export async function openSqliteForReading(path: string): Promise<Kysely<Database>> {
  const file = new SqliteFile(path, { readOnly: true });
  const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: file }) });
  try {
    await requireMigrated(db as unknown as Kysely<never>);
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}
