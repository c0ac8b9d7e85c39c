import { killAll, type ProcessSnapshot, type WorkloadMark } from './workloadProcesses.ts';

/** How often what a workload left behind is killed before that is given up. */
const sweeps = 20;

/** What ended workloads left behind: processes that left the session, or did not notice its end. */
export class Leftovers {
  /** The sweeps left for each. */
  readonly #marks = new Map<WorkloadMark, number>();

  get isEmpty(): boolean {
    return this.#marks.size === 0;
  }

  add(mark: WorkloadMark): void {
    this.#marks.set(mark, sweeps);
  }

  /** Kills what is there. To be called again until nothing is left. */
  sweep(snapshot: ProcessSnapshot): void {
    for (const [mark, left] of this.#marks) {
      if (killAll(mark, snapshot) === 0 || left <= 1) this.#marks.delete(mark);
      else this.#marks.set(mark, left - 1);
    }
  }
}
