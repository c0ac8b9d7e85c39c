import type { GatewayPrincipal } from '../../clusters/clusterAccess.ts';
import type { PublicUrls } from '../../identity/publicUrls.ts';
import type { ShownCluster } from './shownCluster.ts';

/** What the page shows. */
export interface ClustersOptions {
  principal: GatewayPrincipal;
  /** Those that run first, then those that have ended; the newest first. */
  shown: readonly ShownCluster[];
  now: number;
  xsrfToken: string;
  /** Where dashboards are. */
  urls: PublicUrls;
  /** What came of the last form, when a person should know; undefined: as asked. */
  notice?: string;
}
