/** Wakes one waiter. A ring while nobody waits is not lost: the next wait ends at once. */
export class Bell {
  #rung = false;
  #wakeWaiter: (() => void) | undefined;

  /** Ends the present wait, or else the next. */
  ring(): void {
    this.#rung = true;
    this.#wakeWaiter?.();
  }

  /** Resolves at the next ring, when `signal` aborts, or after `milliseconds` (default: never). One waiter at a time. */
  async wait(signal?: AbortSignal, milliseconds?: number): Promise<void> {
    if (!this.#rung && !signal?.aborted) await this.#untilWoken(signal, milliseconds);
    this.#rung = false;
  }

  #untilWoken(signal: AbortSignal | undefined, milliseconds: number | undefined): Promise<void> {
    return new Promise((resolve) => {
      const timer = milliseconds === undefined ? undefined : setTimeout(done, milliseconds);
      signal?.addEventListener('abort', done, { once: true });
      this.#wakeWaiter = done;
      function done(): void {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      }
    });
  }
}
