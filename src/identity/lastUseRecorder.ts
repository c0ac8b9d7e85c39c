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
  readonly #tokens = new LastUses();
  readonly #users = new LastUses();
  readonly #timer: NodeJS.Timeout;

  constructor(store: Store, clock: Clock, log: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#log = log;
    this.#timer = setInterval(() => {
      this.flush().catch((error: unknown) => this.#log.warn({ err: error }, 'last-used times were not recorded'));
    }, flushEveryMs).unref();
  }

  /** A token was used. */
  token(id: number): void {
    this.#tokens.note(id, this.#clock.now());
  }

  /** A user was active. */
  user(id: number): void {
    this.#users.note(id, this.#clock.now());
  }

  /** When a token was last used, by what is stored of it (null: never) and what waits to be stored. */
  ofToken({ id, lastActivity }: { id: number; lastActivity: number | null }): number | null {
    return this.#tokens.latest(id, lastActivity);
  }

  /** When a user was last active, likewise. */
  ofUser({ id, lastActivity }: { id: number; lastActivity: number | null }): number | null {
    return this.#users.latest(id, lastActivity);
  }

  /** Writes what is waiting. */
  async flush(): Promise<void> {
    const [tokens, users] = [this.#tokens, this.#users].map((uses) => uses.take(this.#clock.now())) as [
      ReadonlyMap<number, number>,
      ReadonlyMap<number, number>,
    ];
    if (tokens.size === 0 && users.size === 0) return;
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

/** Last uses by key, at a resolution of {@link resolutionMs}. */
class LastUses {
  #waiting = new Map<number, number>();
  /** When a use was last noted. */
  readonly #noted = new Map<number, number>();

  note(key: number, now: number): void {
    const noted = this.#noted.get(key);
    if (noted !== undefined && noted >= now - resolutionMs) return;
    this.#noted.set(key, now);
    this.#waiting.set(key, now);
  }

  latest(key: number, stored: number | null): number | null {
    const noted = this.#noted.get(key);
    return noted === undefined ? stored : Math.max(noted, stored ?? 0);
  }

  /** What has been noted since the last call. */
  take(now: number): ReadonlyMap<number, number> {
    for (const [key, noted] of this.#noted) if (noted < now - resolutionMs) this.#noted.delete(key);
    const taken = this.#waiting;
    this.#waiting = new Map();
    return taken;
  }
}
