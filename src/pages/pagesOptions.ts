import type { Identity } from '../identity/identity.ts';
import type { Logger } from '../observability/logger.ts';

/** What the pages need. */
export interface PagesOptions {
  identity: Identity;
  log: Logger;
}
