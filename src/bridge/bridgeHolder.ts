import type { Bridge, BridgeOptions } from './bridge.ts';

/** What {@link BridgeHolder} needs. */
export interface BridgeHolderOptions extends Omit<BridgeOptions, 'python'> {
  /** Finds the environment's interpreter; asked once, when there is Python to run. */
  python: () => Promise<string>;
}

/** A hub's bridge, which comes into being with the first Python: a hub without any pays nothing for it. */
export class BridgeHolder {
  readonly #options: BridgeHolderOptions;
  #bridge: Promise<Bridge> | undefined;
  /** The bridge, once there was Python to run. */
  current: Bridge | undefined;

  constructor(options: BridgeHolderOptions) {
    this.#options = options;
  }

  /** The bridge, made when it is not there yet. */
  get(): Promise<Bridge> {
    this.#bridge ??= this.#make().catch((error: unknown) => {
      this.#bridge = undefined;
      throw error;
    });
    return this.#bridge;
  }

  /** Ends the Python process, if one runs. */
  close(): void {
    this.current?.close();
  }

  async #make(): Promise<Bridge> {
    const { createBridge } = await import('./bridge.ts');
    this.current = createBridge({ ...this.#options, python: await this.#options.python() });
    return this.current;
  }
}
