import type { Settings } from './settings.ts';
import type { ValuesInput } from './values/parseValues.ts';

/** What `atoll up` and `atoll deploy` write down for the hub that they start. */
export interface KeptSettings {
  /** The texts of the settings files. */
  inputs: readonly ValuesInput[];
  /**
   * What came of the texts, and the warnings, a line each. Whoever finds it needs neither the texts nor, in memory, what
   * reads them.
   */
  result?: { settings: Settings; notes: string[] };
}
