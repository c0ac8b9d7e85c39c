import type { Clock } from '../core/clock.ts';
import type { Logger } from '../observability/logger.ts';
import type { Store } from '../store/store.ts';

/** Uses of a credential within this time of the last recorded one are not recorded again (`activity_resolution`). */
const resolutionMs = 30_000;

/** How long recorded uses wait in memory; a hub that is killed loses that much of last-used times, nothing else. */
const flushEveryMs = 5_000;

/** Records when tokens, logins and users were last used, in batches, so that no request waits for the disk for it. */
export class LastUseRecorder {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #tokens = new Map<number, number>();
  readonly #users = new Map<number, number>();
  readonly #timer: NodeJS.Timeout;

  constructor(store: Store, clock: Clock, log: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#timer = setInterval(() => {
      this.flush().catch((error: unknown) => this.#log.warn({ err: error }, 'last-used times were not recorded'));
    }, flushEveryMs).unref();
  }

  /** A token was used; `lastActivity` is its recorded last use. */
  token(id: number, lastActivity: number | null): void {
    const now = this.#clock.now();
    if (lastActivity === null || lastActivity < now - resolutionMs) this.#tokens.set(id, now);
  }

  /** A user was active; `lastActivity` is the recorded one. */
  user(id: number, lastActivity: number | null): void {
    const now = this.#clock.now();
    if (lastActivity === null || lastActivity < now - resolutionMs) this.#users.set(id, now);
  }

  /** Writes what is waiting. */
  async flush(): Promise<void> {
    if (this.#tokens.size === 0 && this.#users.size === 0) return;
    const [tokens, users] = [[...this.#tokens], [...this.#users]];
    this.#tokens.clear();
    this.#users.clear();
    await this.#store.write(async ({ db }) => {
      for (const [id, at] of tokens)
        await db.updateTable('api_tokens').set({ last_activity: at }).where('id', '=', id).execute();
      for (const [id, at] of users)
        await db
          .updateTable('users')
          .set({ last_activity: at })
          .where('id', '=', id)
          .where((row) => row.or([row('last_activity', 'is', null), row('last_activity', '<', at)]))
          .execute();
    });
  }

  /** Writes what is waiting, and stops. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }
}
