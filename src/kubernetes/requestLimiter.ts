/** `interactive`: somebody waits for it. `bulk`: one of many, such as a worker of a large cluster. */
export type RequestPriority = 'interactive' | 'bulk';

/** How many requests may be under way. */
export interface RequestLimits {
  /** All together. */
  most: number;
  /** Of them `bulk` ones, so that there is always room for the others. */
  mostBulk: number;
}

/** What a hub may ask of an API server that it shares with everybody else's controllers. */
export const defaultLimits: RequestLimits = { most: 32, mostBulk: 16 };

interface Waiting {
  priority: RequestPriority;
  go: () => void;
}

/**
 * Lets a bounded number of requests run, the interactive ones first. When the API server says that it is busy (429), bulk
 * requests pause for as long as it asks.
 */
export class RequestLimiter {
  readonly #limits: RequestLimits;
  readonly #interactive: Waiting[] = [];
  readonly #bulk: Waiting[] = [];
  #running = 0;
  #runningBulk = 0;
  #pausedUntil = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: RequestLimits = defaultLimits) {
    this.#limits = limits;
  }

  /** Runs `work` when its turn comes. */
  async run<T>(priority: RequestPriority, work: () => Promise<T>): Promise<T> {
    await this.#turn(priority);
    try {
      return await work();
    } finally {
      this.#running -= 1;
      if (priority === 'bulk') this.#runningBulk -= 1;
      this.#pump();
    }
  }

  /** No bulk request begins for so long. */
  pauseBulk(milliseconds: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, Date.now() + milliseconds);
  }

  #turn(priority: RequestPriority): Promise<void> {
    return new Promise((go) => {
      (priority === 'bulk' ? this.#bulk : this.#interactive).push({ priority, go });
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#running < this.#limits.most) {
      const next = this.#interactive.shift() ?? (this.#mayRunBulk() ? this.#bulk.shift() : undefined);
      if (!next) return;
      this.#running += 1;
      if (next.priority === 'bulk') this.#runningBulk += 1;
      next.go();
    }
  }

  #mayRunBulk(): boolean {
    if (this.#runningBulk >= this.#limits.mostBulk) return false;
    const pause = this.#pausedUntil - Date.now();
    if (pause <= 0) return true;
    if (this.#bulk.length > 0 && !this.#timer) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#pump();
      }, pause);
      this.#timer.unref();
    }
    return false;
  }
}
