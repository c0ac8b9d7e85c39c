/**
 * What a change can be about. The key is a user name, `user/server` (servers, shares), the name of a cluster or service, a
 * session or token id.
 */
export type Topic =
  | 'users'
  | 'groups'
  | 'sessions'
  | 'tokens'
  | 'servers'
  | 'clusters'
  | 'shares'
  | 'services'
  | 'audit';

/** Told after a commit. Must not throw; starts longer work without waiting for it. */
export type ChangeListener = (key: string) => void;

/** Who wants to know what changed, by topic. */
export class ChangeFeed {
  readonly #listeners = new Map<Topic, Set<ChangeListener>>();
  /** By topic and key. */
  readonly #ofOne = new Map<string, Set<() => void>>();

  /** Calls `listener` after each commit that changes `topic`, until the returned function is called. */
  follow(topic: Topic, listener: ChangeListener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /**
   * Calls `listener` after each commit that changes this one thing, until the returned function is called. A thousand may
   * follow a thing each: a change costs only those who follow it.
   */
  followOne(topic: Topic, key: string, listener: () => void): () => void {
    const one = nameOf(topic, key);
    const listeners = this.#ofOne.get(one) ?? new Set();
    this.#ofOne.set(one, listeners.add(listener));
    return () => {
      if (listeners.delete(listener) && listeners.size === 0) this.#ofOne.delete(one);
    };
  }

  /** For the store only: tells the followers. */
  publish(topic: Topic, key: string): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener(key);
    for (const listener of this.#ofOne.get(nameOf(topic, key)) ?? []) listener();
  }
}

function nameOf(topic: Topic, key: string): string {
  return `${topic}:${key}`;
}
