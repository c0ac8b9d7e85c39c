/** Something with a moment after which it has waited too long. */
export interface Watched {
  /** In milliseconds on the clock of {@link Deadlines}; Infinity when it may wait for ever. */
  deadline: number;
  /** Called once the deadline has passed; must set another one or end. */
  onDeadline(): void;
}

const tickMs = 200;

/**
 * One coarse timer for the time limits of all connections: moving a deadline is an assignment, so it costs nothing at
 * tens of thousands of requests a second. Deadlines are noticed up to 0.2 s late.
 */
export class Deadlines {
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;
  /** Milliseconds, as of the last tick. */
  now: number = performance.now();

  add(watched: Watched): void {
    this.#watched.add(watched);
  }

  delete(watched: Watched): void {
    this.#watched.delete(watched);
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.now = performance.now();
      for (const watched of this.#watched) if (watched.deadline <= this.now) watched.onDeadline();
    }, tickMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
