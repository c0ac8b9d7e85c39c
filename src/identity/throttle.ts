import type { Clock } from '../core/clock.ts';

/** How a {@link Throttle} counts. */
export interface ThrottleOptions {
  /** Failures that are free. */
  free: number;
  /** Seconds to wait after the first failure beyond; doubles with each further one. */
  firstWaitSeconds: number;
  /** The longest wait in seconds. A key that stays quiet for that long is forgotten. */
  lastWaitSeconds: number;
  /** Keys remembered at most; beyond, the one that failed longest ago is forgotten. */
  capacity: number;
}

/** Slows somebody down: after some failures (or whatever is counted), a key must wait before its next try. Bounded memory. */
export class Throttle {
  readonly #options: ThrottleOptions;
  readonly #clock: Clock;
  readonly #failures = new Map<string, { count: number; lastAt: number }>();

  constructor(options: ThrottleOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** Seconds until this key may try again; 0: now. */
  waitSeconds(key: string): number {
    const failures = this.#failures.get(key);
    if (!failures) return 0;
    const { free, firstWaitSeconds, lastWaitSeconds } = this.#options;
    const elapsed = (this.#clock.now() - failures.lastAt) / 1000;
    if (elapsed >= lastWaitSeconds) {
      this.#failures.delete(key);
      return 0;
    }
    if (failures.count <= free) return 0;
    const wait = Math.min(lastWaitSeconds, firstWaitSeconds * 2 ** Math.min(failures.count - free - 1, 30));
    return Math.max(0, Math.ceil(wait - elapsed));
  }

  /** Counts a failure. */
  failed(key: string): void {
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    // Set anew, so that the map's order is the order of the last failures.
    this.#failures.delete(key);
    this.#failures.set(key, { count, lastAt: this.#clock.now() });
    if (this.#failures.size <= this.#options.capacity) return;
    const [oldest] = this.#failures.keys();
    if (oldest !== undefined) this.#failures.delete(oldest);
  }

  /** Takes back one counted failure. */
  forgive(key: string): void {
    const failures = this.#failures.get(key);
    if (failures && failures.count > 1) failures.count--;
    else this.#failures.delete(key);
  }

  /** Forgets the failures of a key. */
  succeeded(key: string): void {
    this.#failures.delete(key);
  }
}
