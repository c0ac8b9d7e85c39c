/** Runs calls with the same key one after the other, in the order in which they were made. */
export class Turns {
  /** The last call of each key. */
  readonly #last = new Map<string, Promise<unknown>>();

  take<T>(key: string, call: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const result = before.then(call, call);
    const settled = result
      .catch(() => undefined)
      .finally(() => {
        if (this.#last.get(key) === settled) this.#last.delete(key);
      });
    this.#last.set(key, settled);
    return result;
  }

  /** Resolves when no call is under way. */
  async end(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
