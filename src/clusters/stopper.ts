import type { Runtime } from '../runtimes/contract.ts';

/**
 * Asks the runtime to stop workloads, each once in the life of this hub: a reconciler comes by again and again, and a
 * second SIGTERM would end the grace of a process early.
 */
export class Stopper {
  readonly #runtime: Runtime;
  readonly #asked = new Set<string>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  async stop(workloadId: string, graceSeconds: number): Promise<void> {
    if (this.#asked.has(workloadId)) return;
    this.#asked.add(workloadId);
    try {
      await this.#runtime.stop(workloadId, { graceSeconds });
    } catch (error) {
      this.#asked.delete(workloadId);
      throw error;
    }
  }

  /** It has ended. */
  forget(workloadId: string): void {
    this.#asked.delete(workloadId);
  }
}
