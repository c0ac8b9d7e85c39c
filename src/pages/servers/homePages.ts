import { systemClock } from '../../core/clock.ts';
import { safeNext } from '../../identity/http/safeNext.ts';
import type { Principal } from '../../identity/principal.ts';
import type { SharedServer } from '../../identity/shares/sharesTable.ts';
import { isActive, pendingOf } from '../../servers/server.ts';
import { refreshSeconds } from '../frame/pace.ts';
import type { PageFrame } from '../frame/pageFrame.ts';
import { homeContent } from './homeContent.ts';
import { serverPage } from './serverPage.ts';
import type { ServersPagesOptions } from './serversPagesOptions.ts';

/** Home, and the addresses that lead to a person's own server. */
export function addHomePages(frame: PageFrame, options: ServersPagesOptions): void {
  const { servers, identity, settings, profiles, clock = systemClock } = options;

  for (const path of ['/', '/hub'])
    frame.page({ method: 'get', path, access: 'open' }, ({ url, redirect }) => redirect(`/hub/${url.search}`));

  // As with JupyterHub: `next` is followed, and what else the address has after the `?` goes along. Where people land by the
  // settings may be a page for those who are not signed in yet.
  frame.page({ method: 'get', path: '/hub/', access: 'open' }, async ({ principal, url, client, redirect }) => {
    const { landingUrl, redirectToServer } = settings.current;
    if (landingUrl !== undefined) return redirect(landingUrl);
    if (!principal) return redirect(`/hub/login?next=${encodeURIComponent(frame.urls.path('/hub/') + url.search)}`);
    const next = safeNext(url.searchParams.get('next'), client);
    if (next !== undefined) return redirect(next);
    url.searchParams.delete('next');
    const server = await servers.get(principal.name, '');
    if (server?.phase === 'ready') return redirect(frame.urls.server(principal.name) + url.search);
    return redirect((redirectToServer ? '/hub/spawn' : '/hub/home') + url.search);
  });

  frame.page({ method: 'get', path: '/hub/home', access: 'signedIn' }, async ({ principal, xsrfToken, page }) => {
    const user = principal.name;
    const { allowNamedServers } = settings.current;
    const own = await servers.list({ users: [user] });
    const pending = own.some((server) => pendingOf(server) !== null);
    const choices = new Map<string, string>();
    for (const { name, userOptions } of own.filter(isActive)) {
      const choice = await profiles.describe(user, userOptions);
      if (choice !== undefined) choices.set(name, choice);
    }
    const shared = await sharedWith(principal);
    const content = homeContent({
      user,
      servers: own,
      allowNamedServers,
      choices,
      shared,
      now: clock.now(),
      xsrfToken,
      urls: frame.urls,
    });
    return page('Home', content, pending ? { refreshSeconds } : {});
  });

  /** The servers of others that a person may open by a share, each once. */
  async function sharedWith({ userId, name }: Principal): Promise<SharedServer[]> {
    const shares = userId === undefined ? [] : await identity.shares.reaching(userId);
    const opening = shares
      .filter(
        ({ server, scopes }) => server.user !== name && scopes.some((scope) => scope.startsWith('access:servers!')),
      )
      .map(({ server }) => [server.id, server] as const);
    return [...new Map(opening).values()];
  }

  // A link that works for everybody: it leads to the same place on the server of whoever follows it.
  frame.page({ method: 'get', path: '/hub/user-redirect/*', access: 'signedIn' }, ({ principal, url, redirect }) => {
    const path = url.pathname.slice('/hub/user-redirect/'.length);
    const next = frame.urls.serverPath(principal.name) + path + url.search;
    return redirect(serverPage('spawn', { user: principal.name, name: '', next }));
  });
}
