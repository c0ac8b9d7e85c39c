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
  /** Told once, when the session has ended though nobody closed it. */
  onLost: (error: Error) => void;
}

/** The advisory lock that a hub holds on its database: `atol` in ASCII, and a number of its own. */
const hubLock = [0x61_74_6f_6c, 1] as const;
const retryMs = 500;

/**
 * The one connection through which a hub writes. It holds a lock for as long as it lives, so that no two hubs work on one
 * database; there is no second connection after it, for another hub may have had the database meanwhile.
 */
export class HubSession implements GroupConnection {
  readonly #client: Client;
  readonly #place: string;
  #ended = false;

  private constructor(client: Client, { place, onLost }: HubSessionOptions) {
    this.#client = client;
    this.#place = place;
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
    let client: Client | undefined;
    try {
      client = await connect(config, deadline);
      // The session of a hub whose machine is gone shall not hold the lock for long.
      await client.query('set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3');
      await takeLock(client, deadline);
      return new HubSession(client, options);
    } catch (error) {
      await client?.end().catch(() => undefined);
      throw postgresErrorOf(error, place);
    }
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
    try {
      return await this.#client.query(sql, parameters && [...parameters]);
    } catch (error) {
      throw postgresErrorOf(error, this.#place);
    }
  }
}

async function connect(config: ClientConfig, deadline: number): Promise<Client> {
  for (;;) {
    const client = new Client(config);
    // Errors after the first one have no listener yet.
    client.on('error', () => undefined);
    try {
      await client.connect();
      return client;
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
