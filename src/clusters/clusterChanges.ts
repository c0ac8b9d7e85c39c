import type { Store } from '../store/store.ts';

/** Lets requests wait for the next change of a cluster. */
export class ClusterChanges {
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #unfollow: () => void;
  #closed = false;

  constructor(store: Store) {
    this.#unfollow = store.changes.follow('clusters', (name) => this.#tell(name));
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Resolves at the next change of the cluster, after `milliseconds`, when `signal` aborts, or when the hub ends,
   * whatever comes first. Begins to watch before it returns.
   */
  next(name: string, milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#closed || signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(name) ?? new Set();
      this.#waiting.set(name, waiting);
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        waiting.delete(done);
        if (waiting.size === 0 && this.#waiting.get(name) === waiting) this.#waiting.delete(name);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      signal?.addEventListener('abort', done, { once: true });
      waiting.add(done);
    });
  }

  /** Ends all waiting. */
  close(): void {
    this.#closed = true;
    this.#unfollow();
    for (const name of this.#waiting.keys()) this.#tell(name);
  }

  #tell(name: string): void {
    for (const done of this.#waiting.get(name) ?? []) done();
  }
}
