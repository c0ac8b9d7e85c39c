/** How long a run still takes, from what its suites are known to take and from what those that are over have taken. */
export class Progress {
  /** Minutes that each suite takes as a rule, in their order. */
  readonly #planned: readonly number[];
  readonly #now: () => number;
  readonly #begun: number;
  /** When each suite began, in ms. */
  readonly #begins: number[] = [];

  /** @param now the time in ms. */
  constructor(planned: readonly number[], now: () => number = () => performance.now()) {
    this.#planned = planned;
    this.#now = now;
    this.#begun = now();
  }

  /** The next suite begins. */
  next(): void {
    this.#begins.push(this.#now());
  }

  /** Minutes that are left, about; at least one. */
  get minutesLeft(): number {
    const current = this.#begins.at(-1);
    const over = sum(this.#planned.slice(0, Math.max(0, this.#begins.length - 1)));
    // A machine that is half as fast as that of the plan is so in the rest too.
    const pace = over === 0 || current === undefined ? 1 : (current - this.#begun) / 60_000 / over;
    const ofCurrent = (this.#planned[this.#begins.length - 1] ?? 0) * pace;
    const inCurrent = current === undefined ? 0 : (this.#now() - current) / 60_000;
    const rest = sum(this.#planned.slice(this.#begins.length)) * pace;
    return Math.max(1, Math.round(Math.max(0, ofCurrent - inCurrent) + rest));
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
