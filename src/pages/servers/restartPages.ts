import { quickMs } from '../frame/pace.ts';
import type { PageFrame } from '../frame/pageFrame.ts';
import { placeOf, requireScope } from './place.ts';
import { serverPage } from './serverPage.ts';
import type { ServersPagesOptions } from './serversPagesOptions.ts';

/** Restarting a server, by a button: it stops, and starts anew with what was chosen for it. */
export function addRestartPages(frame: PageFrame, { servers, identity }: ServersPagesOptions): void {
  for (const path of ['/hub/restart/:user', '/hub/restart/:user/:server'])
    frame.page({ method: 'post', path, access: 'signedIn' }, async (context) => {
      const { principal, request, redirect } = context;
      const place = placeOf(context, identity.urls);
      const { user, name } = place;
      for (const scope of ['delete:servers', 'start:servers']) await requireScope(identity, principal, scope, place);
      await identity.authRefresh.beforeStart(user, principal.name === user);
      await servers.restart(user, name);
      await servers.settled(user, name, quickMs, request.signal);
      return redirect(serverPage('spawn-pending', place));
    });
}
