import { messageOf } from '../core/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { PreparedChange } from '../store/preparedQuery.ts';
import type { Store, Write } from '../store/store.ts';

/** Evidence that a user, or servers of theirs, were in use; milliseconds since the epoch. */
export interface Activity {
  user: string;
  userActivity?: number | undefined;
  /** By server name; unknown names are ignored. */
  servers: Readonly<Record<string, number>>;
}

/**
 * Keeps `last_activity` of users and servers, which only ever moves forward. What is reported while a write is under way
 * goes into the next one, so that many reports cost one durable write; those that move nothing (an idle server repeats
 * itself every five minutes) cost none.
 */
export class ActivityRecorder {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #users: LatestTimes;
  readonly #servers: LatestTimes;
  /** The write that will take what is noted now. */
  #next: Promise<void> | undefined;
  /** The last write that has begun. */
  #current: Promise<void> = Promise.resolve();

  constructor({ store, log }: { store: Store; log: Logger }) {
    this.#store = store;
    this.#log = log;
    const user = new PreparedChange((at: number, name: string, before: number) =>
      store.db
        .updateTable('users')
        .set({ last_activity: at })
        .where('name', '=', name)
        .where((is) => is.or([is('last_activity', 'is', null), is('last_activity', '<', before)])),
    );
    const server = new PreparedChange((at: number, owner: string, name: string, before: number) =>
      store.db
        .updateTable('servers')
        .set({ last_activity: at })
        .where('user_id', '=', (select) => select.selectFrom('users').select('id').where('name', '=', owner))
        .where('name', '=', name)
        .where((is) => is.or([is('last_activity', 'is', null), is('last_activity', '<', before)])),
    );
    this.#users = new LatestTimes(({ db }, name, at) => user.make(db, at, name, at));
    this.#servers = new LatestTimes(({ db }, fullName, at) => {
      const slash = fullName.indexOf('/');
      return server.make(db, at, fullName.slice(0, slash), fullName.slice(slash + 1), at);
    });
  }

  /** Notes activity. Resolves when it is durable. */
  async record(activity: Activity): Promise<void> {
    if (activity.userActivity !== undefined) this.#users.note(activity.user, activity.userActivity);
    for (const [name, at] of Object.entries(activity.servers)) this.#servers.note(`${activity.user}/${name}`, at);
    if (this.#users.hasMore || this.#servers.hasMore) await this.#writeSoon();
  }

  /** Writes what has been noted. */
  async close(): Promise<void> {
    await this.#next?.catch((error: unknown) => this.#log.error({ error: messageOf(error) }, 'activity not recorded'));
    await this.#current.catch(() => undefined);
  }

  #writeSoon(): Promise<void> {
    this.#next ??= this.#current
      .catch(() => undefined)
      .then(() => {
        this.#current = this.#write();
        return this.#current;
      });
    return this.#next;
  }

  async #write(): Promise<void> {
    const [users, servers] = await this.#store.write(async (write) => {
      // From here on whatever is noted is for the next one.
      this.#next = undefined;
      return [await this.#users.write(write), await this.#servers.write(write)] as const;
    });
    this.#users.confirm(users);
    this.#servers.confirm(servers);
  }
}

/** The latest time by key: what has not been written yet, and what is known to be in the store. */
class LatestTimes {
  #waiting = new Map<string, number>();
  readonly #written = new Map<string, number>();
  readonly #writeOne: (write: Write, key: string, at: number) => Promise<void>;

  constructor(writeOne: (write: Write, key: string, at: number) => Promise<void>) {
    this.#writeOne = writeOne;
  }

  get hasMore(): boolean {
    return this.#waiting.size > 0;
  }

  note(key: string, at: number): void {
    const known = Math.max(this.#waiting.get(key) ?? 0, this.#written.get(key) ?? 0);
    if (at > known) this.#waiting.set(key, at);
  }

  /** Writes what waits, and returns it. */
  async write(write: Write): Promise<ReadonlyMap<string, number>> {
    const waiting = this.#waiting;
    this.#waiting = new Map();
    for (const [key, at] of waiting) await this.#writeOne(write, key, at);
    return waiting;
  }

  /** Takes note that what {@link write} wrote is durable. */
  confirm(written: ReadonlyMap<string, number>): void {
    for (const [key, at] of written) this.#written.set(key, at);
  }
}
