/** One line of a start's progress, in the words and keys of JupyterHub's event stream. */
export interface ProgressEvent {
  /** 0 to 100. */
  progress: number;
  message: string;
  html_message?: string;
  ready?: true;
  failed?: true;
  /** Path of the server; with `ready`. */
  url?: string;
}

/** Events kept of one start. */
const mostEvents = 200;

/** What happened so far in starts under way, by workload. In memory: the definite state is in the store. */
export class ProgressBoard {
  readonly #events = new Map<string, ProgressEvent[]>();
  /** By workload. */
  readonly #listeners = new Map<string, Set<(event: ProgressEvent) => void>>();

  /**
   * Adds an event, unless it says the same as the last one. The number of events of a start is bounded: from then on each
   * takes the place of the one before, since an image can be pulled for an hour, and its seconds are told as they pass.
   */
  add(workloadId: string, event: ProgressEvent): void {
    const events = this.#events.get(workloadId) ?? [];
    if (events.at(-1)?.message === event.message) return;
    this.#events.set(workloadId, [...events.slice(0, mostEvents - 1), event]);
    for (const listener of this.#listeners.get(workloadId) ?? []) listener(event);
  }

  /** The events of one start so far. */
  eventsOf(workloadId: string): readonly ProgressEvent[] {
    return this.#events.get(workloadId) ?? [];
  }

  /** Forgets the events of a start that has come to its end. */
  drop(workloadId: string): void {
    this.#events.delete(workloadId);
  }

  /** Calls `listener` at each new event of one start, until the returned function is called. */
  follow(workloadId: string, listener: (event: ProgressEvent) => void): () => void {
    const listeners = this.#listeners.get(workloadId) ?? new Set();
    this.#listeners.set(workloadId, listeners.add(listener));
    return () => {
      if (listeners.delete(listener) && listeners.size === 0) this.#listeners.delete(workloadId);
    };
  }
}
