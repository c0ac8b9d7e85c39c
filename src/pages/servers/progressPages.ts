import { systemClock } from '../../core/clock.ts';
import { serverNotFound } from '../../servers/serverRequests.ts';
import type { PageFrame } from '../frame/pageFrame.ts';
import { notRunningPage } from './notRunningPage.ts';
import { placeOf, requireScope } from './place.ts';
import type { ServersPagesOptions } from './serversPagesOptions.ts';
import { startPendingPage } from './startPendingPage.ts';
import { stopPendingPage } from './stopPendingPage.ts';

/** How far a start or stop is, or how it ended. Looking never changes anything. */
export function addProgressPages(frame: PageFrame, options: ServersPagesOptions): void {
  const { servers, identity, clock = systemClock } = options;
  for (const path of ['/hub/spawn-pending', '/hub/spawn-pending/:user', '/hub/spawn-pending/:user/:server'])
    frame.page({ method: 'get', path, access: 'signedIn' }, async (context) => {
      const place = placeOf(context, identity.urls);
      const { user, name, next } = place;
      await requireScope(identity, context.principal, 'read:servers', place);
      const server = await servers.get(user, name);
      if (!server && name !== '') throw serverNotFound(user, name);
      if (server?.phase === 'ready') return context.redirect(identity.urls.server(user, name, next));
      if (server?.phase === 'starting')
        return startPendingPage(context, identity.urls, place, {
          server,
          events: servers.progressSoFar(server),
          now: clock.now(),
        });
      if (server?.phase === 'stopping' && !server.failure) return stopPendingPage(context, place, server);
      const status = server?.failure?.during === 'start' ? 500 : 200;
      return notRunningPage(context, place, server, { status });
    });
}
