import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';
import { AtollError, messageOf } from '../core/errors.ts';
import { isSqliteDiskFull, sqliteCodeOf } from '../core/sqliteErrors.ts';

/** Prepared statements kept; the program has fewer, apart from those with lists of varying length. */
const keptStatements = 500;

/**
 * One connection to a SQLite database, in the shape that kysely's SQLite dialect expects. Statements are prepared once: every
 * query runs from beginning to end without a pause, so none is in use twice.
 */
export class SqliteFile implements SqliteDatabase {
  readonly #sqlite: DatabaseSync;
  readonly #prepared = new Map<string, SqliteStatement>();

  /** @throws AtollError `ATOLL_DATA_DAMAGED`, `ATOLL_DISK_FULL`; node:sqlite's own errors otherwise. */
  constructor(path: string, { readOnly = false } = {}) {
    this.#sqlite = new DatabaseSync(path, { timeout: 5000, readOnly });
    if (!readOnly) this.run('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
  }

  /** Runs statements that return nothing. */
  run(sql: string): void {
    explained(() => this.#sqlite.exec(sql));
  }

  /** Whether a transaction is open. SQLite ends one by itself when the disk is full. */
  get inTransaction(): boolean {
    return this.#sqlite.isTransaction;
  }

  close(): void {
    this.#sqlite.close();
  }

  prepare(sql: string): SqliteStatement {
    // Another time would be an error, which hides the first.
    return this.#prepare(sql === 'rollback' && !this.inTransaction ? 'select 1' : sql);
  }

  #prepare(sql: string): SqliteStatement {
    const known = this.#prepared.get(sql);
    if (known) return known;
    if (this.#prepared.size >= keptStatements) this.#prepared.clear();
    const statement = kyselyStatement(explained(() => this.#sqlite.prepare(sql)));
    this.#prepared.set(sql, statement);
    return statement;
  }
}

/** Rows are read as arrays and made objects here: those that node:sqlite makes are dictionaries, three times slower to use. */
function kyselyStatement(statement: StatementSync): SqliteStatement {
  let names = namesOf(statement);
  statement.setReturnArrays(true);
  const toRow = (values: unknown): Record<string, unknown> => {
    const columns = values as unknown[];
    // `select *` of a table that a migration has widened since.
    if (columns.length !== names.length) names = namesOf(statement);
    const row: Record<string, unknown> = {};
    for (let index = 0; index < names.length; index++) row[names[index] as string] = columns[index];
    return row;
  };
  return {
    reader: names.length > 0,
    all: (parameters: readonly unknown[]) =>
      explained(() => statement.all(...(parameters as SQLInputValue[]))).map(toRow),
    run: (parameters: readonly unknown[]) => explained(() => statement.run(...(parameters as SQLInputValue[]))),
    *iterate(parameters: readonly unknown[]) {
      for (const values of statement.iterate(...(parameters as SQLInputValue[]))) yield toRow(values);
    },
  };
}

function namesOf(statement: StatementSync): string[] {
  return statement.columns().map(({ name }) => name);
}

/** SQLite's result codes that a person can do something about. */
const corrupt = 11;
const notADatabase = 26;

/** Does something with SQLite, and throws what went wrong in a person's words. */
function explained<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (isSqliteDiskFull(error))
      throw new AtollError('ATOLL_DISK_FULL', 'No space is left on the disk.', { cause: error });
    const code = sqliteCodeOf(error) & 0xff;
    if (code === corrupt || code === notADatabase)
      throw new AtollError('ATOLL_DATA_DAMAGED', 'The database of the data folder is damaged.', {
        evidence: messageOf(error),
        cause: error,
      });
    throw error;
  }
}
