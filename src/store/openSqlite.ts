import { chmodSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import { Kysely, type SqliteDatabase, SqliteDialect, type SqliteStatement, type Transaction } from 'kysely';
import { outsideOfRequests } from '../core/actor.ts';
import { AtollError, messageOf } from '../core/errors.ts';
import { ChangeFeed, type Topic } from './changeFeed.ts';
import type { Database } from './database.ts';
import { migrate } from './migrate.ts';
import type { Store, Write } from './store.ts';
import { writeAuditEntry } from './writeAuditEntry.ts';

/**
 * Opens (or makes, mode 0600) the SQLite database at `path`, or `:memory:`, and brings its schema up to date.
 * WAL with synchronous=FULL: a commit that was acknowledged survives a power cut.
 * @throws AtollError `ATOLL_DATA_NEWER`, `ATOLL_DATA_DAMAGED`, `ATOLL_DISK_FULL`; node:sqlite's own errors otherwise.
 */
export async function openSqlite(path: string): Promise<Store> {
  const sqlite = new DatabaseSync(path, { timeout: 5000 });
  if (path !== ':memory:') chmodSync(path, 0o600);
  explained(() => sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;'));
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
      .execute((db: Transaction<Database>) => {
        const tell = (topic: Topic, key: string): void => void changed.push([topic, key]);
        return work({ db, changed: tell, audit: (entry) => writeAuditEntry(db, entry, tell) });
      });
    outsideOfRequests(() => {
      for (const [topic, key] of changed) this.changes.publish(topic, key);
    });
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
      // SQLite rolls back by itself when the disk is full. Another time would be an error, which hides the first.
      if (sql === 'rollback' && !sqlite.isTransaction) return prepare('select 1');
      return prepare(sql);
    },
  };

  function prepare(sql: string): SqliteStatement {
    const known = prepared.get(sql);
    if (known) return known;
    if (prepared.size >= keptStatements) prepared.clear();
    const statement = kyselyStatement(explained(() => sqlite.prepare(sql)));
    prepared.set(sql, statement);
    return statement;
  }
}

function kyselyStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters: readonly unknown[]) => explained(() => statement.all(...(parameters as SQLInputValue[]))),
    run: (parameters: readonly unknown[]) => explained(() => statement.run(...(parameters as SQLInputValue[]))),
    iterate: (parameters: readonly unknown[]) =>
      statement.iterate(...(parameters as SQLInputValue[])) as IterableIterator<unknown>,
  };
}

/** SQLite's result codes that a person can do something about. */
const corrupt = 11;
const full = 13;
const notADatabase = 26;
/** The file of the shared memory could not grow (SQLITE_IOERR_SHMSIZE). */
const noRoomForSharedMemory = 10 + (19 << 8);

/** Does something with SQLite, and throws what went wrong in a person's words. */
function explained<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const extendedCode = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
    const code = extendedCode & 0xff;
    if (code === full || extendedCode === noRoomForSharedMemory)
      throw new AtollError('ATOLL_DISK_FULL', 'No space is left on the disk.', { cause: error });
    if (code === corrupt || code === notADatabase)
      throw new AtollError('ATOLL_DATA_DAMAGED', 'The database of the data folder is damaged.', {
        evidence: messageOf(error),
        cause: error,
      });
    throw error;
  }
}
