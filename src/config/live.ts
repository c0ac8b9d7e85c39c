import type { Settings } from './settings.ts';

/**
 * Something that another value may take the place of while the program runs. Read `current` at the moment of use, and keep
 * nothing of it: what it holds never changes itself.
 */
export interface Live<T> {
  readonly current: T;
}

/** The settings in force. */
export class LiveSettings implements Live<Settings> {
  #current: Settings;

  constructor(settings: Settings) {
    this.#current = settings;
  }

  get current(): Settings {
    return this.#current;
  }

  /** Puts a new snapshot into force, for everything that looks from now on. */
  replace(settings: Settings): void {
    this.#current = settings;
  }

  /** A part of the settings, as it is at each look. */
  part<T>(choose: (settings: Settings) => T): Live<T> {
    return Object.defineProperty({} as { current: T }, 'current', {
      get: () => choose(this.current),
      enumerable: true,
    });
  }
}
