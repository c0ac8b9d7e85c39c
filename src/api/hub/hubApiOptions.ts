import type { Identity } from '../../identity/identity.ts';
import type { Logger } from '../../observability/logger.ts';
import type { ServerDirectory, UserWorkloads } from './serverDirectory.ts';

/** What the hub's API needs. */
export interface HubApiOptions {
  identity: Identity;
  /** The users' servers, for user models. */
  servers: ServerDirectory;
  /** What has to end before a user goes. */
  workloads: readonly UserWorkloads[];
  /** Begins to end the program, for `POST /shutdown`; returns at once. `servers`: running servers too. */
  shutDown: (options: { servers: boolean }) => void;
  log: Logger;
}
