import { AsyncResource } from 'node:async_hooks';
import { setImmediate } from 'node:timers/promises';
import type { Kysely, Transaction } from 'kysely';
import { messageOf } from '../core/errors.ts';
import type { Database } from './database.ts';

/** Milliseconds that a write waits at most for others to join its group. */
const longestGatheringMs = 10;
/** Milliseconds after which a group is committed even if more writes wait: others want to run too. */
const longestGroupMs = 5;

/** A write that waits for its turn. */
interface Job {
  /** When it was asked for, in milliseconds of `performance.now()`. */
  since: number;
  work: (db: Transaction<Database>) => Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (reason: unknown) => void;
}

/** What a {@link GroupCommit} needs of its connection beside queries. */
export interface GroupConnection {
  /** Runs statements that return nothing. */
  run(sql: string): void | Promise<void>;
  /** Whether a transaction is open. A full disk ends one, and so does the loss of a connection. */
  readonly inTransaction: boolean;
}

/**
 * Writes one after the other, each all or nothing, and commits those that wait at the same time together: the disk is asked
 * once for many. A write is acknowledged when its group is on the disk.
 */
export class GroupCommit {
  readonly #db: Kysely<Database>;
  readonly #connection: GroupConnection;
  readonly #waiting: Job[] = [];
  #running: Promise<void> | undefined;

  constructor(db: Kysely<Database>, connection: GroupConnection) {
    this.#db = db;
    this.#connection = connection;
  }

  /** Runs `work` inside a transaction; resolves with its result when that is durable. */
  run<T>(work: (db: Transaction<Database>) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    // Bound, because it is called by whoever happens to work off the queue.
    this.#waiting.push({ since: performance.now(), work: AsyncResource.bind(work), resolve, reject });
    this.#running ??= this.#workOff();
    return promise as Promise<T>;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #workOff(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#gather();
      await this.#commitGroup();
    }
    this.#running = undefined;
  }

  /**
   * Lets the group grow for as long as each turn of the event loop brings more writes, and everything else has its turn: alone,
   * a write waits for the rest of this turn and for another one; of a thousand that are under way, many share a commit.
   */
  async #gather(): Promise<void> {
    const until = (this.#waiting[0]?.since ?? 0) + longestGatheringMs;
    await setImmediate();
    let before: number;
    do {
      before = this.#waiting.length;
      await setImmediate();
    } while (this.#waiting.length > before && performance.now() < until);
  }

  async #commitGroup(): Promise<void> {
    const done: { job: Job; value: unknown }[] = [];
    let begun = false;
    try {
      await this.#db.transaction().execute(async (db) => {
        begun = true;
        const until = performance.now() + longestGroupMs;
        do {
          const job = this.#waiting.shift();
          if (!job) return;
          const outcome = await this.#runOne(job, db);
          if (outcome) done.push({ job, value: outcome.value });
        } while (performance.now() < until);
      });
    } catch (error) {
      // Where no transaction can be begun, waiting does not help.
      for (const job of begun ? done.map((one) => one.job) : this.#waiting.splice(0)) job.reject(error);
      return;
    }
    for (const { job, value } of done) job.resolve(value);
  }

  /** Undefined when it failed: then nothing of it is left, and whoever asked has been told. */
  async #runOne(job: Job, db: Transaction<Database>): Promise<{ value: unknown } | undefined> {
    try {
      await this.#connection.run('SAVEPOINT job');
      const value = await job.work(db);
      await this.#connection.run('RELEASE job');
      return { value };
    } catch (error) {
      job.reject(error);
      // The whole group has been taken back.
      if (!this.#connection.inTransaction)
        throw new Error(`an earlier write failed: ${messageOf(error)}`, { cause: error });
      await this.#connection.run('ROLLBACK TO job; RELEASE job');
      return undefined;
    }
  }
}
