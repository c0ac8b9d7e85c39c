import { serverUrl } from '../../identity/urls.ts';
import { isActive } from '../../servers/server.ts';
import { quickMs } from '../frame/pace.ts';
import type { PageContext, PageFrame } from '../frame/pageFrame.ts';
import { needsClick } from './needsClick.ts';
import { notRunningPage } from './notRunningPage.ts';
import { placeOf, requireScope } from './place.ts';
import { serverPage } from './serverPage.ts';
import type { ServersPagesOptions } from './serversPagesOptions.ts';

/**
 * Starting a server: by a button (POST), or by following a link or bookmark to `/hub/spawn` (GET), as people are used to.
 * A GET that nobody meant starts nothing ({@link needsClick}); it shows the button.
 */
export function addSpawnPages(frame: PageFrame, { servers, identity }: ServersPagesOptions): void {
  frame.page({ method: 'get', path: '/hub/spawn', access: 'signedIn' }, spawn);
  for (const path of ['/hub/spawn/:user', '/hub/spawn/:user/:server']) {
    frame.page({ method: 'get', path, access: 'signedIn' }, spawn);
    frame.page({ method: 'post', path, access: 'signedIn' }, spawn);
  }

  async function spawn(context: PageContext<'signedIn'>): Promise<Response> {
    const { request, params, form, principal, redirect } = context;
    const place = placeOf(context, params.server ?? form.get('server_name') ?? '');
    const { user, name, next } = place;
    await requireScope(identity, principal, 'start:servers', place);
    const before = await servers.get(user, name);
    if (!before || !isActive(before)) {
      if (needsClick(request)) return notRunningPage(context, place, before);
      await servers.start(user, name);
    }
    const server = await servers.settled(user, name, quickMs, request.signal);
    return redirect(server?.phase === 'ready' ? (next ?? serverUrl(user, name)) : serverPage('spawn-pending', place));
  }
}
