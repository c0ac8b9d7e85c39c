import type { Clock } from '../core/clock.ts';

/** What {@link StartQueue} needs. */
export interface StartQueueOptions {
  clock: Clock;
  /** How many may begin to start at a time; 0: any number. Asked at each step, since it may change. */
  limit(): number;
  /** Asks for another pass over a server whose turn it is. */
  wake(fullName: string): void;
}

/**
 * Milliseconds after which a start gives its place back, whatever has become of it: what takes longer waits for something
 * (an image, a volume, another program), or will never be ready, and nobody else is served sooner if others wait with it.
 */
const placeMs = 5000;

/**
 * Lets so many servers begin to start at a time as the settings allow; the others wait, first come, first served. Nobody is
 * turned away: a class that opens the hub at nine o'clock has its servers one after the other. A place is for the costly part
 * of a start: whoever waits for a node gives it back, and nobody holds one for longer than {@link placeMs}, so that starts
 * that never come up delay the others by seconds. In memory only: what a new hub finds starting has had its turn, and who
 * waits asks again.
 */
export class StartQueue {
  readonly #options: StartQueueOptions;
  /** Since when it has been their turn, by server; until they have started. */
  readonly #turns = new Map<string, number>();
  /** Those of them that hold a place, with what takes it back. */
  readonly #places = new Map<string, NodeJS.Timeout>();
  readonly #waiting = new Set<string>();

  constructor(options: StartQueueOptions) {
    this.#options = options;
  }

  /** Whether it is a server's turn to start; it has had its turn until {@link leave}. If not, it is woken when it may be. */
  enter(fullName: string): boolean {
    if (this.#turns.has(fullName)) return true;
    this.#waiting.add(fullName);
    if (!this.#isNext(fullName)) return false;
    this.#waiting.delete(fullName);
    this.#turns.set(fullName, this.#options.clock.now());
    const timer = setTimeout(() => this.giveBack(fullName), placeMs);
    this.#places.set(fullName, timer.unref());
    return true;
  }

  /** Lets somebody else begin, while this server's start goes on: it waits for something. */
  giveBack(fullName: string): void {
    const timer = this.#places.get(fullName);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#places.delete(fullName);
    this.#wakeNext();
  }

  /** Since when it has been a server's turn, in milliseconds since the epoch; undefined when it is not. */
  since(fullName: string): number | undefined {
    return this.#turns.get(fullName);
  }

  /** Notes that a server has started, or will not. */
  leave(fullName: string): void {
    this.#turns.delete(fullName);
    if (this.#waiting.delete(fullName)) this.#wakeNext();
    this.giveBack(fullName);
  }

  /** Lets nobody begin any more. */
  close(): void {
    for (const timer of this.#places.values()) clearTimeout(timer);
    this.#places.clear();
    this.#waiting.clear();
  }

  #wakeNext(): void {
    let room = this.#room();
    for (const next of this.#waiting) {
      if (room-- <= 0) return;
      this.#options.wake(next);
    }
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
    return limit === 0 ? Infinity : Math.max(0, limit - this.#places.size);
  }
}
