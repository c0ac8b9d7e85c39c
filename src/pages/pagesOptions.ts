import type { SettingsReport } from '../config/settingsReport.ts';
import type { Identity } from '../identity/identity.ts';
import type { Logger } from '../observability/logger.ts';

/** What the pages need. */
export interface PagesOptions {
  identity: Identity;
  log: Logger;
  /** What administrators are told on every page. Default: nothing. */
  settingsReport?: () => SettingsReport;
}
