import type { Moment } from './takesEffect.ts';

/** A setting that is different since the files were read again. */
export interface ChangedSetting {
  path: string;
  /** When it counts. */
  counts: Moment;
}

/** What an administrator should know about the settings in force. Times are milliseconds since the epoch. */
export interface SettingsReport {
  /** When those in force were put into force. */
  since: number;
  /** What was different from those before; nothing after a start. */
  changes: readonly ChangedSetting[];
  /** Newer files that were refused, and why, a line each: the settings in force are older than the files. */
  refused?: { at: number; problems: readonly string[] };
  /** Newer files whose changes wait for a restart of the hub, by key. */
  waiting?: readonly string[];
}
