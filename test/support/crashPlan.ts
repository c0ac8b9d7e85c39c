/** Where a hub dies: before or after the effect of its n-th step (a call on something that outlives it). */
export interface CrashPoint {
  step: number;
  when: 'before' | 'after';
}

/**
 * Lets a hub die at a given step, inside this process: from then on, nothing it calls has an effect and none of its calls
 * returns, as after `kill -9`.
 */
export class CrashPlan {
  readonly #point: CrashPoint;
  readonly #crash = Promise.withResolvers<void>();
  #steps = 0;
  #dead = false;
  /** The step at which it died, for the report of a failing test. */
  diedAt: string | undefined;

  constructor(point: CrashPoint) {
    this.#point = point;
  }

  /** Resolves when the hub dies. */
  get crashed(): Promise<void> {
    return this.#crash.promise;
  }

  /** The same object, with its asynchronous `methods` counted as steps. */
  guard<T extends object>(target: T, label: string, methods: readonly (keyof T & string)[]): T {
    return new Proxy(target, {
      get: (object, property) => {
        const value: unknown = Reflect.get(object, property, object);
        if (typeof value !== 'function') return value;
        const call = (...inputs: unknown[]): unknown => Reflect.apply(value, object, inputs);
        if (!methods.includes(property as keyof T & string)) return call;
        return (...inputs: unknown[]) => this.#step(`${label}.${String(property)}`, () => call(...inputs));
      },
    });
  }

  async #step(label: string, effect: () => unknown): Promise<unknown> {
    const step = (this.#steps += 1);
    const dies = (when: CrashPoint['when']): boolean => step === this.#point.step && when === this.#point.when;
    if (dies('before')) this.#die(`before ${label}`);
    if (this.#dead) return new Promise(() => {});
    const result = await effect();
    if (dies('after')) this.#die(`after ${label}`);
    return this.#dead ? new Promise(() => {}) : result;
  }

  #die(where: string): void {
    this.#dead = true;
    this.diedAt = where;
    this.#crash.resolve();
  }
}
