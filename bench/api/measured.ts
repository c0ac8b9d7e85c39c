/** Values of all rounds, by case and competitor. */
export class Measured<T> {
  readonly #values = new Map<string, T[]>();

  /** Keeps the value of one more round. */
  add(name: string, competitor: string, value: T): void {
    const key = `${competitor} ${name}`;
    this.#values.set(key, [...(this.#values.get(key) ?? []), value]);
  }

  /** In the order of the rounds. */
  of(name: string, competitor: string): T[] {
    return this.#values.get(`${competitor} ${name}`) ?? [];
  }
}
