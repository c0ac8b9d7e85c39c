import { type Clock, systemClock } from './clock.ts';

/** What one pass over a key asks for: to be called again in that many milliseconds, or (undefined) only when woken. */
export type ReconcileResult = { againInMs: number } | undefined;

/** How a {@link Reconciler} works. */
export interface ReconcilerOptions {
  /** Compares desired with observed for one key and takes the next step. Must be safe to run again at any time. */
  reconcile(key: string): Promise<ReconcileResult>;
  /** Every key that may need work; asked at start and at each resync, so that nothing depends on a wake-up. */
  listKeys(): Promise<string[]>;
  /** Called when a pass throws; the key is tried again after a growing delay (0.1 s doubling to 30 s). */
  onError(key: string, error: unknown): void;
  /** How many keys are worked on at a time. Default 16. */
  concurrency?: number;
  /** Milliseconds between two looks at every key. Default 30 000. */
  resyncMs?: number;
  clock?: Clock;
}

const firstRetryMs = 100;
const lastRetryMs = 30_000;

/**
 * A level-triggered work loop: each key is worked on by at most one pass at a time; a wake-up during a pass leads to one
 * more pass; failures are retried with a growing delay; all keys are looked at again at every resync.
 */
export class Reconciler {
  readonly #options: Required<Omit<ReconcilerOptions, 'clock'>> & { clock: Clock };
  readonly #queue = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #timers = new Map<string, { timer: NodeJS.Timeout; at: number }>();
  readonly #failures = new Map<string, number>();
  #resync: NodeJS.Timeout | undefined;
  #beginning: NodeJS.Immediate | undefined;
  #started = false;

  constructor(options: ReconcilerOptions) {
    this.#options = { concurrency: 16, resyncMs: 30_000, clock: systemClock, ...options };
  }

  /** Looks at every key once, then whenever woken. Resolves when the first list of keys is queued. */
  async start(): Promise<void> {
    this.#started = true;
    await this.#wakeAll();
    this.#resync = setInterval(() => {
      this.#wakeAll().catch((error: unknown) => this.#options.onError('*', error));
    }, this.#options.resyncMs);
    this.#resync.unref();
  }

  /** Starts no new pass, and resolves when the passes under way have ended. */
  async stop(): Promise<void> {
    this.#started = false;
    clearInterval(this.#resync);
    clearImmediate(this.#beginning);
    this.#beginning = undefined;
    for (const { timer } of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#queue.clear();
    await Promise.allSettled(this.#running.values());
  }

  /** Asks for a pass over `key` as soon as possible. */
  wake(key: string): void {
    if (!this.#started) return;
    this.#cancelTimer(key);
    this.#queue.add(key);
    this.#pump();
  }

  /** Asks for a pass over every key that may need work. */
  resync(): Promise<void> {
    return this.#wakeAll();
  }

  async #wakeAll(): Promise<void> {
    for (const key of await this.#options.listKeys()) this.wake(key);
  }

  /** Begins passes one at a time; between two of them whoever waits for the hub has their turn. */
  #pump(): void {
    if (this.#beginning !== undefined || this.#nextKey() === undefined) return;
    this.#beginning = setImmediate(() => {
      this.#beginning = undefined;
      const key = this.#nextKey();
      if (key === undefined) return;
      this.#queue.delete(key);
      this.#running.set(key, this.#pass(key));
      this.#pump();
    });
  }

  /** The key that waits for longest and can be worked on now. */
  #nextKey(): string | undefined {
    if (this.#running.size >= this.#options.concurrency) return undefined;
    for (const key of this.#queue) if (!this.#running.has(key)) return key;
    return undefined;
  }

  async #pass(key: string): Promise<void> {
    try {
      const result = await this.#options.reconcile(key);
      this.#failures.delete(key);
      if (result) this.#wakeIn(key, result.againInMs);
    } catch (error) {
      const failures = (this.#failures.get(key) ?? 0) + 1;
      this.#failures.set(key, failures);
      this.#options.onError(key, error);
      this.#wakeIn(key, Math.min(lastRetryMs, firstRetryMs * 2 ** Math.min(failures - 1, 20)));
    } finally {
      this.#running.delete(key);
      if (this.#started) this.#pump();
    }
  }

  #wakeIn(key: string, milliseconds: number): void {
    if (!this.#started || this.#queue.has(key)) return;
    const at = this.#options.clock.now() + milliseconds;
    const earlier = this.#timers.get(key);
    if (earlier && earlier.at <= at) return;
    this.#cancelTimer(key);
    const timer = setTimeout(() => this.wake(key), milliseconds);
    timer.unref();
    this.#timers.set(key, { timer, at });
  }

  #cancelTimer(key: string): void {
    clearTimeout(this.#timers.get(key)?.timer);
    this.#timers.delete(key);
  }
}
