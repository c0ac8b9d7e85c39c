import type { Clock } from '../core/clock.ts';
import type { PublicUrls } from '../identity/publicUrls.ts';
import type { Logger } from '../observability/logger.ts';
import type { Runtime } from '../runtimes/contract.ts';
import type { Store } from '../store/store.ts';
import type { CredentialIssuer } from './credentialIssuer.ts';
import type { EffectiveSettings } from './effectiveSettings.ts';
import type { ProgressBoard } from './progressBoard.ts';
import type { PublishedRoutes } from './publishedRoutes.ts';
import type { ReadinessWatches } from './readiness.ts';
import type { ServerHooks } from './serverHooks.ts';
import type { StartQueue } from './startQueue.ts';

/** Everything that bringing servers up and down needs. */
export interface Life {
  store: Store;
  runtime: Runtime;
  credentials: CredentialIssuer;
  routes: PublishedRoutes;
  readiness: ReadinessWatches;
  board: ProgressBoard;
  /** Whose turn it is to start. */
  starts: StartQueue;
  /** What each server is, or was, started with. */
  settings: EffectiveSettings;
  /** What operators' own functions do at starts and stops; undefined: there are none. */
  hooks: ServerHooks | undefined;
  /** Names of the options that this user has for Dask clusters: only these may have defaults in the environment. */
  clusterOptionNames(user: string): Promise<ReadonlySet<string>>;
  /** Where servers reach the edge, with the hub's base, without a final slash. */
  hubUrl: string;
  /** Where people find things. */
  urls: PublicUrls;
  clock: Clock;
  log: Logger;
  /** When this hub began to look: time before that is no server's fault. */
  openedAt: number;
  /** Asks for another pass over a server. */
  wake(fullName: string): void;
}
