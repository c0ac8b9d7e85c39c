import { AsyncResource } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import type { Kysely, Transaction } from 'kysely';
import { messageOf } from '../core/errors.ts';
import type { Database } from './database.ts';
import type { SqliteFile } from './sqliteFile.ts';

/** Milliseconds after which a group is committed even if more writes wait: others want to run too. */
const longestGroupMs = 10;

/** A write that waits for its turn. */
interface Job {
  work: (db: Transaction<Database>) => Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (reason: unknown) => void;
}

/**
 * Writes one after the other, each all or nothing, and commits those that wait at the same time together: the disk is asked
 * once for many. A write is acknowledged when its group is on the disk.
 */
export class GroupCommit {
  readonly #db: Kysely<Database>;
  readonly #file: SqliteFile;
  readonly #waiting: Job[] = [];
  #running: Promise<void> | undefined;

  constructor(db: Kysely<Database>, file: SqliteFile) {
    this.#db = db;
    this.#file = file;
  }

  /** Runs `work` inside a transaction; resolves with its result when that is durable. */
  run<T>(work: (db: Transaction<Database>) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    // Bound, because it is called by whoever happens to work off the queue.
    this.#waiting.push({ work: AsyncResource.bind(work), resolve, reject });
    this.#running ??= this.#workOff();
    return promise as Promise<T>;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #workOff(): Promise<void> {
    // Requests that have arrived together get into one group; between two groups everything else has its turn.
    while (this.#waiting.length > 0) {
      await setImmediate();
      await this.#commitGroup();
    }
    this.#running = undefined;
  }

  async #commitGroup(): Promise<void> {
    const done: { job: Job; value: unknown }[] = [];
    try {
      await this.#db.transaction().execute(async (db) => {
        const until = performance.now() + longestGroupMs;
        do {
          const job = this.#waiting.shift();
          if (!job) return;
          const outcome = await this.#runOne(job, db);
          if (outcome) done.push({ job, value: outcome.value });
        } while (performance.now() < until);
      });
    } catch (error) {
      for (const { job } of done) job.reject(error);
      return;
    }
    for (const { job, value } of done) job.resolve(value);
  }

  /** Undefined when it failed: then nothing of it is left, and whoever asked has been told. */
  async #runOne(job: Job, db: Transaction<Database>): Promise<{ value: unknown } | undefined> {
    this.#file.run('SAVEPOINT job');
    try {
      const value = await job.work(db);
      this.#file.run('RELEASE job');
      return { value };
    } catch (error) {
      job.reject(error);
      // The disk is full: SQLite has taken the whole group back.
      if (!this.#file.inTransaction) throw new Error(`an earlier write failed: ${messageOf(error)}`, { cause: error });
      this.#file.run('ROLLBACK TO job; RELEASE job');
      return undefined;
    }
  }
}
