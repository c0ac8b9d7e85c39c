import { chmodSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement, type Transaction } from 'kysely';
import { ChangeFeed, type Topic } from './changeFeed.ts';
import type { Database } from './database.ts';
import { migrate } from './migrate.ts';
import type { Store, Write } from './store.ts';

/**
 * Opens (or makes, mode 0600) the SQLite database at `path`, or `:memory:`, and brings its schema up to date.
 * WAL with synchronous=FULL: a commit that was acknowledged survives a power cut.
 * @throws AtollError `ATOLL_DATA_NEWER`; node:sqlite's own errors when the file is no database or cannot be written.
 */
export async function openSqlite(path: string): Promise<Store> {
  const sqlite = new DatabaseSync(path, { timeout: 5000 });
  if (path !== ':memory:') chmodSync(path, 0o600);
  sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
  const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: kyselyDatabase(sqlite) }) });
  try {
    await migrate(db as unknown as Kysely<never>);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return new SqliteStore(db);
}

class SqliteStore implements Store {
  readonly db: Kysely<Database>;
  readonly changes = new ChangeFeed();

  constructor(db: Kysely<Database>) {
    this.db = db;
  }

  async write<T>(work: (write: Write) => Promise<T>): Promise<T> {
    const changed: [Topic, string][] = [];
    const result = await this.db
      .transaction()
      .execute((db: Transaction<Database>) => work({ db, changed: (topic, key) => changed.push([topic, key]) }));
    for (const [topic, key] of changed) this.changes.publish(topic, key);
    return result;
  }

  async close(): Promise<void> {
    await this.db.destroy();
  }
}

/** Prepared statements kept; the program has fewer, apart from those with lists of varying length. */
const keptStatements = 500;

/**
 * node:sqlite in the shape that kysely's SQLite dialect expects. Statements are prepared once: kysely has one connection
 * and runs one query at a time on it, so none is in use twice.
 */
function kyselyDatabase(sqlite: DatabaseSync): SqliteDatabase {
  const prepared = new Map<string, SqliteStatement>();
  return {
    close: () => sqlite.close(),
    prepare(sql: string) {
      const known = prepared.get(sql);
      if (known) return known;
      if (prepared.size >= keptStatements) prepared.clear();
      const statement = kyselyStatement(sqlite.prepare(sql));
      prepared.set(sql, statement);
      return statement;
    },
  };
}

function kyselyStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters: readonly unknown[]) => statement.all(...(parameters as SQLInputValue[])),
    run: (parameters: readonly unknown[]) => statement.run(...(parameters as SQLInputValue[])),
    iterate: (parameters: readonly unknown[]) =>
      statement.iterate(...(parameters as SQLInputValue[])) as IterableIterator<unknown>,
  };
}
