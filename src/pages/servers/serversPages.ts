import type { ServerSettings } from '../../config/settings.ts';
import type { Clock } from '../../core/clock.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Servers } from '../../servers/servers.ts';
import type { PagesModule } from '../createPages.ts';
import { addHomePages } from './homePages.ts';
import { addNotRunningPages } from './notRunningPages.ts';
import { addProgressPages } from './progressPages.ts';
import { addSpawnPages } from './spawnPages.ts';
import { addStopPages } from './stopPages.ts';

/** What the pages about servers need. */
export interface ServersPagesOptions {
  servers: Servers;
  identity: Identity;
  settings: Pick<ServerSettings, 'allowNamedServers' | 'redirectToServer'>;
  clock?: Clock;
}

/** The pages about servers: home, start, progress, stop, not running, and the redirects that lead there. */
export function serversPages(options: ServersPagesOptions): PagesModule {
  return (frame) => {
    addHomePages(frame, options);
    addSpawnPages(frame, options);
    addProgressPages(frame, options);
    addStopPages(frame, options);
    addNotRunningPages(frame, options);
  };
}
