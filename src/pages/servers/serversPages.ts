import type { PagesModule } from '../frame/pagesModule.ts';
import { addHomePages } from './homePages.ts';
import { addNotRunningPages } from './notRunningPages.ts';
import { addProgressPages } from './progressPages.ts';
import { addRestartPages } from './restartPages.ts';
import type { ServersPagesOptions } from './serversPagesOptions.ts';
import { addSpawnPages } from './spawnPages.ts';
import { addStopPages } from './stopPages.ts';

/** The pages about servers: home, start, progress, restart, stop, not running, and the redirects that lead there. */
export function serversPages(options: ServersPagesOptions): PagesModule {
  return (frame) => {
    addHomePages(frame, options);
    addSpawnPages(frame, options);
    addProgressPages(frame, options);
    addRestartPages(frame, options);
    addStopPages(frame, options);
    addNotRunningPages(frame, options);
  };
}
