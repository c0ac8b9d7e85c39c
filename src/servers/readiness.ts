import { waitForAnswer } from './waitForAnswer.ts';

interface Watch {
  stop: AbortController;
  answered: boolean;
}

/** Watches servers that are starting for their first answer; one watch a workload. */
export class ReadinessWatches {
  readonly #watches = new Map<string, Watch>();

  /** Whether the workload has answered at `url`. Begins to ask there at the first call; then calls `onAnswer` once. */
  hasAnswered(workloadId: string, url: string, onAnswer: () => void): boolean {
    const existing = this.#watches.get(workloadId);
    if (existing) return existing.answered;
    const watch = { stop: new AbortController(), answered: false };
    this.#watches.set(workloadId, watch);
    void this.#watch(url, watch, onAnswer);
    return false;
  }

  /** Stops asking, and forgets. */
  end(workloadId: string): void {
    this.#watches.get(workloadId)?.stop.abort();
    this.#watches.delete(workloadId);
  }

  /** Stops all watches. */
  close(): void {
    for (const workloadId of this.#watches.keys()) this.end(workloadId);
  }

  async #watch(url: string, watch: Watch, onAnswer: () => void): Promise<void> {
    watch.answered = await waitForAnswer(url, watch.stop.signal);
    if (watch.answered) onAnswer();
  }
}
