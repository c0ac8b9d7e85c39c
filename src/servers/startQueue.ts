import type { Clock } from '../core/clock.ts';

/** What {@link StartQueue} needs. */
export interface StartQueueOptions {
  clock: Clock;
  /** How many may be starting at a time; 0: any number. Asked at each step, since it may change. */
  limit(): number;
  /** Asks for another pass over a server whose turn it is. */
  wake(fullName: string): void;
}

/**
 * Lets so many servers start at a time as the settings allow; the others wait, first come, first served. Nobody is turned
 * away: a class that opens the hub at nine o'clock has its servers one after the other. In memory only: what a new hub finds
 * starting keeps its place, and who waits asks again.
 */
export class StartQueue {
  readonly #options: StartQueueOptions;
  /** Since when. */
  readonly #starting = new Map<string, number>();
  readonly #waiting = new Set<string>();

  constructor(options: StartQueueOptions) {
    this.#options = options;
  }

  /** Whether it is a server's turn to start; it keeps its place until {@link leave}. If not, it is woken when it may be. */
  enter(fullName: string): boolean {
    if (this.#starting.has(fullName)) return true;
    this.#waiting.add(fullName);
    if (!this.#isNext(fullName)) return false;
    this.hold(fullName);
    return true;
  }

  /** Notes a server that is starting already. */
  hold(fullName: string): void {
    this.#waiting.delete(fullName);
    if (!this.#starting.has(fullName)) this.#starting.set(fullName, this.#options.clock.now());
  }

  /** Since when it has been a server's turn, in milliseconds since the epoch; undefined when it is not. */
  since(fullName: string): number | undefined {
    return this.#starting.get(fullName);
  }

  /** Notes that a server has started, or will not. */
  leave(fullName: string): void {
    const hadPlace = this.#starting.delete(fullName);
    const waited = this.#waiting.delete(fullName);
    if (!hadPlace && !waited) return;
    for (const next of [...this.#waiting].slice(0, this.#room())) this.#options.wake(next);
  }

  #isNext(fullName: string): boolean {
    const room = this.#room();
    if (room >= this.#waiting.size) return true;
    let place = 0;
    for (const one of this.#waiting) {
      if (place++ >= room) return false;
      if (one === fullName) return true;
    }
    return false;
  }

  #room(): number {
    const limit = this.#options.limit();
    return limit === 0 ? Infinity : Math.max(0, limit - this.#starting.size);
  }
}
