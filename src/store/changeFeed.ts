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

  /** Calls `listener` after each commit that changes `topic`, until the returned function is called. */
  follow(topic: Topic, listener: ChangeListener): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  /** For the store only: tells the followers. */
  publish(topic: Topic, key: string): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener(key);
  }
}
