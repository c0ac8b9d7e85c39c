import type { CompiledQuery, Kysely, Transaction } from 'kysely';
import type { ChangeFeed, Topic } from './changeFeed.ts';
import type { Database } from './database.ts';

/** One write: its statements become durable together or not at all. */
export interface Write {
  /** Runs statements inside the transaction. */
  readonly db: Transaction<Database>;
  /** Tells the followers of {@link Store.changes}, after the commit, that `key` of `topic` is new, changed or gone. */
  changed(this: void, topic: Topic, key: string): void;
  /** Writes into the audit log, as part of this very change, who did it (the actor of the present request). */
  audit(this: void, entry: AuditEntry): Promise<void>;
}

/** What was done, for the audit log. */
export interface AuditEntry {
  /** `KIND.VERB`, such as `server.start`. */
  action: string;
  /** The user, group or service that it was done to, or `USER/SERVER`. Undefined: none. */
  target?: string;
  /** What else there is to know. Never a secret. */
  details?: Readonly<Record<string, unknown>>;
  /** The user who did it, where the request itself does not say: somebody who is just signing in. */
  by?: string;
}

/** The truth: every accepted change is here, durably, before it is acknowledged. */
export interface Store {
  /** For reads, and for single-statement writes nobody follows (activity). */
  readonly db: Kysely<Database>;
  /** Runs a read that is compiled already: for {@link PreparedQuery}. */
  read<Row>(query: CompiledQuery<Row>): Promise<Row[]>;
  /** What changed, after each commit. Caches and reconcilers follow it instead of remembering what they wrote. */
  readonly changes: ChangeFeed;
  /** Runs `work` in one transaction. When it resolves, the change is on disk; then the feed tells what changed. */
  write<T>(work: (write: Write) => Promise<T>): Promise<T>;
  /** Waits for what is under way, then closes. */
  close(): Promise<void>;
}
