import { chmodSync } from 'node:fs';
import { type CompiledQuery, Kysely, SqliteDialect } from 'kysely';
import { outsideOfRequests } from '../core/actor.ts';
import { ChangeFeed, type Topic } from './changeFeed.ts';
import type { Database } from './database.ts';
import { GroupCommit } from './groupCommit.ts';
import { migrate, requireMigrated } from './migrate.ts';
import { routedDialect } from './routedDialect.ts';
import { SqliteFile } from './sqliteFile.ts';
import type { Store, Write } from './store.ts';
import { writeAuditEntry } from './writeAuditEntry.ts';

/**
 * Opens (or makes, mode 0600) the SQLite database at `path`, or `:memory:`, and brings its schema up to date.
 * WAL with synchronous=FULL: a commit that was acknowledged survives a power cut.
 * @throws AtollError `ATOLL_DATA_NEWER`, `ATOLL_DATA_DAMAGED`, `ATOLL_DISK_FULL`; node:sqlite's own errors otherwise.
 */
export async function openSqlite(path: string): Promise<Store> {
  const file = new SqliteFile(path);
  if (path !== ':memory:') chmodSync(path, 0o600);
  const writer = new Kysely<Database>({ dialect: new SqliteDialect({ database: file }) });
  try {
    await migrate(writer as unknown as Kysely<never>);
    // A database in memory belongs to its connection.
    return new SqliteStore(writer, file, path === ':memory:' ? undefined : new SqliteFile(path, { readOnly: true }));
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

class SqliteStore implements Store {
  readonly db: Kysely<Database>;
  readonly changes = new ChangeFeed();
  readonly #writer: Kysely<Database>;
  readonly #commits: GroupCommit;
  readonly #reader: SqliteFile | undefined;

  constructor(writer: Kysely<Database>, file: SqliteFile, reader: SqliteFile | undefined) {
    this.#writer = writer;
    this.#commits = new GroupCommit(writer, file);
    this.#reader = reader;
    this.db = new Kysely<Database>({
      dialect: routedDialect({ reader, write: (query) => this.#commits.run((db) => db.executeQuery(query)) }),
    });
  }

  async read<Row>(query: CompiledQuery<Row>): Promise<Row[]> {
    if (this.#reader) return this.#reader.prepare(query.sql).all(query.parameters) as Row[];
    return (await this.db.executeQuery<Row>(query)).rows;
  }

  async write<T>(work: (write: Write) => Promise<T>): Promise<T> {
    const changed: [Topic, string][] = [];
    const tell = (topic: Topic, key: string): void => void changed.push([topic, key]);
    const result = await this.#commits.run((db) =>
      work({ db, changed: tell, audit: (entry) => writeAuditEntry(db, entry, tell) }),
    );
    outsideOfRequests(() => {
      for (const [topic, key] of changed) this.changes.publish(topic, key);
    });
    return result;
  }

  async close(): Promise<void> {
    await this.#commits.idle();
    await this.db.destroy();
    await this.#writer.destroy();
  }
}
