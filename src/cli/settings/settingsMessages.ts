import type { KnownPython } from '../../bridge/messages.ts';
import type { Settings } from '../../config/settings.ts';
import type { ChangedSetting } from '../../config/settingsReport.ts';

/** Settings to put into force. */
export interface NewSettings {
  type: 'settings';
  settings: Settings;
  changes: ChangedSetting[];
  /** The Python in them, if there is some. */
  python?: KnownPython;
}

/** What `up` tells the hub about settings files that have changed. */
export type SettingsCommand =
  /** To be put into force. Answered with a {@link SettingsReport}. */
  | NewSettings
  /** They cannot be used; the old ones stay. */
  | { type: 'settingsRefused'; problems: string[] }
  /** They say again what is in force. */
  | { type: 'settingsSettled' };

/** What the hub answers. */
export type SettingsAnswer =
  | { type: 'settings'; result: 'applied'; outdated: string[] }
  /** Only a hub that starts with them can put them into force. */
  | { type: 'settings'; result: 'restart' }
  | { type: 'settings'; result: 'refused'; text: string }
  | { type: 'settings'; result: 'noted' };
