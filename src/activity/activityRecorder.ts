import { messageOf } from '../core/errors.ts';
import type { Logger } from '../observability/logger.ts';
import type { Store } from '../store/store.ts';

/** Evidence that a user, or servers of theirs, were in use; milliseconds since the epoch. */
export interface Activity {
  user: string;
  userActivity?: number | undefined;
  /** By server name; unknown names are ignored. */
  servers: Readonly<Record<string, number>>;
}

/** Milliseconds during which reports are gathered into one write: a thousand servers cost a few writes a second. */
const gatherMs = 200;

/**
 * Keeps `last_activity` of users and servers, which only ever moves forward. Reports are gathered, so that many cost one
 * durable write; those that move nothing (an idle server repeats itself every five minutes) cost none.
 */
export class ActivityRecorder {
  readonly #store: Store;
  readonly #log: Logger;
  /** What has not been written yet, by user and by `user/server`. */
  #users = new Map<string, number>();
  #servers = new Map<string, number>();
  /** What is known to be in the store; to find out what moves nothing. */
  readonly #written = new Map<string, number>();
  #flush: { done: Promise<void>; timer: NodeJS.Timeout; now: () => void } | undefined;

  constructor(options: { store: Store; log: Logger }) {
    this.#store = options.store;
    this.#log = options.log;
  }

  /** Notes activity. Resolves when it is durable. */
  async record(activity: Activity): Promise<void> {
    if (activity.userActivity !== undefined) this.#note(this.#users, activity.user, activity.userActivity);
    for (const [name, at] of Object.entries(activity.servers))
      this.#note(this.#servers, `${activity.user}/${name}`, at);
    if (this.#users.size > 0 || this.#servers.size > 0) await this.#flushSoon();
  }

  /** Writes what has been gathered. */
  async close(): Promise<void> {
    if (!this.#flush) return;
    const { done, now } = this.#flush;
    now();
    await done.catch((error: unknown) => this.#log.error({ error: messageOf(error) }, 'activity not recorded'));
  }

  #note(waiting: Map<string, number>, key: string, at: number): void {
    const known = Math.max(waiting.get(key) ?? 0, this.#written.get(key) ?? 0);
    if (at > known) waiting.set(key, at);
  }

  #flushSoon(): Promise<void> {
    if (!this.#flush) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, gatherMs);
      this.#flush = { done: promise.then(() => this.#write()), timer, now: resolve };
    }
    return this.#flush.done;
  }

  async #write(): Promise<void> {
    clearTimeout(this.#flush?.timer);
    this.#flush = undefined;
    const [users, servers] = [this.#users, this.#servers];
    this.#users = new Map();
    this.#servers = new Map();
    await this.#store.write(async ({ db }) => {
      for (const [name, at] of users)
        await db
          .updateTable('users')
          .set({ last_activity: at })
          .where('name', '=', name)
          .where((is) => is.or([is('last_activity', 'is', null), is('last_activity', '<', at)]))
          .execute();
      for (const [fullName, at] of servers) {
        const slash = fullName.indexOf('/');
        await db
          .updateTable('servers')
          .set({ last_activity: at })
          .where('user_id', '=', (select) =>
            select.selectFrom('users').select('id').where('name', '=', fullName.slice(0, slash)),
          )
          .where('name', '=', fullName.slice(slash + 1))
          .where((is) => is.or([is('last_activity', 'is', null), is('last_activity', '<', at)]))
          .execute();
      }
    });
    for (const [key, at] of [...users, ...servers]) this.#written.set(key, at);
  }
}
