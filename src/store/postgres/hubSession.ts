import { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { Client, type ClientConfig, type QueryResult } from 'pg';
import { AtollError } from '../../core/errors.ts';
import type { GroupConnection } from '../groupCommit.ts';
import { isConnectionLoss, postgresErrorOf } from './postgresError.ts';

/** What {@link HubSession.open} needs. */
export interface HubSessionOptions {
  config: ClientConfig;
  /** Where the database is, for people. */
  place: string;
  /** Milliseconds to wait for a database that cannot be reached yet, and for another hub to end. */
  patienceMs: number;
  /** Milliseconds after which a statement without an answer means that the database is gone. Default: half a minute. */
  answerMs?: number | undefined;
  /** Told once, when the session has ended though nobody closed it. */
  onLost: (error: Error) => void;
}

/** The advisory lock that a hub holds on its database: `atol` in ASCII, and a number of its own. */
const hubLock = [0x61_74_6f_6c, 1] as const;
const retryMs = 500;
/**
 * Statements take milliseconds. When the database's machine vanishes in the middle of one, no packet says so, and the system
 * goes on sending for a quarter of an hour.
 */
const answerMs = 30_000;

/**
 * The one connection through which a hub writes. It holds a lock for as long as it lives, so that no two hubs work on one
 * database; there is no second connection after it, for another hub may have had the database meanwhile.
 */
export class HubSession implements GroupConnection {
  readonly #client: Client;
  readonly #socket: Socket;
  readonly #place: string;
  readonly #answerMs: number;
  #isLimited = false;
  #ended = false;

  private constructor({ client, socket }: Connected, options: HubSessionOptions) {
    const { place, onLost } = options;
    this.#client = client;
    this.#socket = socket;
    this.#place = place;
    this.#answerMs = options.answerMs ?? answerMs;
    const lost = (error: Error): void => {
      if (this.#ended) return;
      this.#ended = true;
      onLost(error);
    };
    client.on('error', lost);
    client.on('end', () => lost(new Error('Connection terminated')));
  }

  /**
   * Connects, and takes the lock.
   * @throws AtollError `ATOLL_DATABASE_AWAY`, `ATOLL_DATABASE_REFUSED`, `ATOLL_ALREADY_RUNNING`.
   */
  static async open(options: HubSessionOptions): Promise<HubSession> {
    const { config, place, patienceMs } = options;
    const deadline = Date.now() + patienceMs;
    let connected: Connected | undefined;
    try {
      connected = await connect(config, deadline);
      const { client } = connected;
      // The session of a hub whose machine is gone shall not hold the lock for long.
      await client.query('set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3');
      await client.query('set tcp_user_timeout = 30000');
      await takeLock(client, deadline);
      return new HubSession(connected, options);
    } catch (error) {
      await connected?.client.end().catch(() => undefined);
      throw postgresErrorOf(error, place);
    }
  }

  /** From here on each statement must be answered in time. Before, one may change a whole table. */
  limitStatements(): void {
    this.#isLimited = true;
  }

  async run(sql: string): Promise<void> {
    await this.#query(sql);
  }

  /** Within a transaction only the loss of the connection ends it. */
  get inTransaction(): boolean {
    return !this.#ended;
  }

  /** The session as a pool of one connection. */
  get pool(): PostgresPool {
    const query = (sql: string, parameters: readonly unknown[]): Promise<QueryResult> => this.#query(sql, parameters);
    // Each time another object: kysely remembers of one that a rollback failed.
    const connect = (): Promise<PostgresPoolClient> =>
      Promise.resolve({ query, release: () => undefined } as unknown as PostgresPoolClient);
    return { options: {}, connect, end: () => this.close() };
  }

  /** Gives the lock back, and disconnects. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#client.end();
  }

  async #query(sql: string, parameters?: readonly unknown[]): Promise<QueryResult> {
    const silence = () => this.#socket.destroy(new Error(`Connection terminated: no answer for ${this.#answerMs} ms`));
    const timer = this.#isLimited ? setTimeout(silence, this.#answerMs) : undefined;
    try {
      return await this.#client.query(sql, parameters && [...parameters]);
    } catch (error) {
      throw postgresErrorOf(error, this.#place);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A connection, and what it runs over. */
interface Connected {
  client: Client;
  socket: Socket;
}

async function connect(config: ClientConfig, deadline: number): Promise<Connected> {
  for (;;) {
    const socket = new Socket();
    const client = new Client({ ...config, stream: () => socket });
    // Errors after the first one have no listener yet.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return { client, socket };
    } catch (error) {
      await client.end().catch(() => undefined);
      if (!isConnectionLoss(error) || Date.now() > deadline) throw error;
      await wait(retryMs);
    }
  }
}

async function takeLock(client: Client, deadline: number): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1, $2) as taken', [
      ...hubLock,
    ]);
    if (rows[0]?.taken) return;
    if (Date.now() > deadline)
      throw new AtollError('ATOLL_ALREADY_RUNNING', 'Another hub works on this database.', {
        nextStep: 'Stop it, or give each its own database (jupyterhub.hub.db.url).',
      });
    await wait(retryMs);
  }
}
