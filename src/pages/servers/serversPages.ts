import type { ServerSettings } from '../../config/settings.ts';
import { type Clock, sleep, systemClock } from '../../core/clock.ts';
import { AtollError } from '../../core/errors.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Principal } from '../../identity/principal.ts';
import { escapeSegment, serverUrl } from '../../identity/urls.ts';
import { isActive, pendingOf, type Server } from '../../servers/server.ts';
import type { Servers } from '../../servers/servers.ts';
import type { PagesModule } from '../createPages.ts';
import type { PageContext, PageFrame } from '../frame/pageFrame.ts';
import { homeContent } from './homeContent.ts';
import { isCrossSite } from './isCrossSite.ts';
import { notRunningContent } from './notRunningContent.ts';
import { answerProgram, isProgram } from './notRunningForPrograms.ts';
import { pathWithin } from './pathWithin.ts';
import { startPendingContent, stopPendingContent } from './pendingContent.ts';
import { destination, serverPage } from './serverPaths.ts';

/** What {@link serversPages} needs. */
export interface ServersPagesOptions {
  servers: Servers;
  identity: Identity;
  settings: Pick<ServerSettings, 'allowNamedServers' | 'redirectToServer'>;
  clock?: Clock;
}

type SignedIn = PageContext<'signedIn'>;

/** A start that takes no longer than this leads straight to the server, without a page in between. */
const quickStartMs = 1000;
/** The same for a stop. */
const quickStopMs = 1000;
/** Seconds between two looks of a browser without scripts. */
const refreshSeconds = 2;

/** The pages about servers: home, start, progress, stop, not running, and the redirects that lead there. */
export function serversPages({ servers, identity, settings, clock = systemClock }: ServersPagesOptions): PagesModule {
  return (frame) => {
    frame.page({ method: 'get', path: '/', access: 'open' }, ({ redirect }) => redirect('/hub/'));
    frame.page({ method: 'get', path: '/hub', access: 'open' }, ({ redirect }) => redirect('/hub/'));
    frame.page({ method: 'get', path: '/hub/', access: 'signedIn' }, toOwnServer);
    frame.page({ method: 'get', path: '/hub/home', access: 'signedIn' }, showHome);
    frame.page({ method: 'get', path: '/hub/user-redirect/*', access: 'signedIn' }, toOwnPath);
    frame.page({ method: 'get', path: '/hub/spawn', access: 'signedIn' }, start);
    for (const place of ['/:user', '/:user/:server']) {
      frame.page({ method: 'get', path: `/hub/spawn${place}`, access: 'signedIn' }, start);
      frame.page({ method: 'post', path: `/hub/spawn${place}`, access: 'signedIn' }, start);
      frame.page({ method: 'get', path: `/hub/spawn-pending${place}`, access: 'signedIn' }, showProgress);
      frame.page({ method: 'post', path: `/hub/stop${place}`, access: 'signedIn' }, stop);
    }
    frame.page({ method: 'post', path: '/hub/delete-server/:user/:server', access: 'signedIn' }, remove);
    addNotRunning(frame);
  };

  /** `/hub/`: to the person's own server, started if need be, or home. */
  async function toOwnServer({ principal, redirect }: SignedIn): Promise<Response> {
    const server = await servers.get(principal.name, '');
    if (server?.phase === 'ready') return redirect(serverUrl(principal.name));
    return redirect(settings.redirectToServer ? '/hub/spawn' : '/hub/home');
  }

  async function showHome({ principal, xsrfToken, page }: SignedIn): Promise<Response> {
    const own = await servers.list({ users: [principal.name] });
    const pending = own.some((server) => pendingOf(server) !== null);
    const { allowNamedServers } = settings;
    const content = homeContent({ user: principal.name, servers: own, allowNamedServers, now: clock.now(), xsrfToken });
    return page('Home', content, pending ? { refreshSeconds } : {});
  }

  /** `/hub/user-redirect/lab/tree/x?y`: the same place on the server of whoever follows the link. */
  function toOwnPath({ principal, url, redirect }: SignedIn): Response {
    const path = url.pathname.slice('/hub/user-redirect/'.length);
    const next = serverUrl(principal.name) + path + url.search;
    return redirect(serverPage('spawn', principal.name, '', next));
  }

  /** Starts a server and leads to it. A GET that another site caused starts nothing: it shows the button. */
  async function start(context: SignedIn): Promise<Response> {
    const { request, form, principal, xsrfToken, page, redirect } = context;
    const { user, name, next } = readPlace(context, form.get('server_name') ?? '');
    await requireScope(principal, 'start:servers', user, name);
    const known = await servers.get(user, name);
    if (known?.phase !== 'ready' && pendingOf(known ?? stoppedServer) === null) {
      if (request.method === 'GET' && isCrossSite(request)) {
        const title = titleOf(principal, user, name, 'is not running');
        const action = { action: serverPage('spawn', user, name, next), label: 'Start it' };
        return page(title, notRunningContent({ title, failure: known?.failure ?? null, start: action, xsrfToken }));
      }
      await servers.start(user, name);
      await servers.settled(user, name, quickStartMs, request.signal);
    }
    const server = await servers.get(user, name);
    if (server?.phase === 'ready') return redirect(destination(user, name, next));
    return redirect(serverPage('spawn-pending', user, name, next));
  }

  /** Shows how far a start or stop is, or how it ended. Changes nothing. */
  async function showProgress(context: SignedIn): Promise<Response> {
    const { principal, xsrfToken, page, redirect } = context;
    const { user, name, next } = readPlace(context, '');
    await requireScope(principal, 'read:servers', user, name);
    const server = await servers.get(user, name);
    if (server?.phase === 'ready') return redirect(destination(user, name, next));
    if (server?.phase === 'starting') {
      const title = titleOf(principal, user, name, 'is starting');
      const content = startPendingContent({
        server,
        title,
        events: servers.progressSoFar(server),
        next: destination(user, name, next),
        now: clock.now(),
        xsrfToken,
      });
      return page(title, content, { refreshSeconds, scripts: ['spawnPending.js'] });
    }
    if (server?.phase === 'stopping' && !server.failure) {
      const title = titleOf(principal, user, name, 'is stopping');
      return page(title, stopPendingContent(title), { refreshSeconds });
    }
    return showNotRunning(context, {
      user,
      name,
      next,
      server,
      status: server?.failure?.during === 'start' ? 500 : 200,
    });
  }

  async function stop(context: SignedIn): Promise<Response> {
    const { request, principal, redirect } = context;
    const { user, name } = readPlace(context, '');
    await requireScope(principal, 'delete:servers', user, name);
    await servers.stop(user, name);
    await servers.settled(user, name, quickStopMs, request.signal);
    return redirect(user === principal.name ? '/hub/home' : serverPage('spawn-pending', user, name));
  }

  async function remove(context: SignedIn): Promise<Response> {
    const { request, principal, redirect } = context;
    const { user, name } = readPlace(context, '');
    await requireScope(principal, 'delete:servers', user, name);
    await servers.remove(user, name);
    await servers.settled(user, name, quickStopMs, request.signal);
    return redirect('/hub/home');
  }

  /**
   * The paths of servers, as far as the edge has no route for them: it sends them here. Programs are told in JSON. The
   * sign-in cookie is for `/hub/` only, so browsers are led there first.
   */
  function addNotRunning(frame: PageFrame): void {
    frame.app.all('/user/*', ({ req }) => {
      const request = req.raw;
      if (request.method !== 'GET' && request.method !== 'HEAD') return answerProgram(request);
      const { pathname, search } = new URL(request.url);
      return new Response(null, { status: 302, headers: { Location: `/hub${pathname}${search}` } });
    });
    frame.app.all('/hub/user/*', async ({ req }, next) => {
      const request = req.raw;
      if (!isProgram(request)) return next();
      const caller = await identity.fromRequest(request);
      const place = await placeOf(new URL(request.url).pathname.slice('/hub'.length));
      const resource = { user: place.user, server: place.name };
      if (caller.via === 'none' || !(await identity.can(caller.principal, 'access:servers', resource)))
        return answerProgram(request, 404);
      return answerProgram(request);
    });
    frame.page({ method: 'get', path: '/hub/user/*', access: 'signedIn' }, async (context) => {
      const { url, principal, redirect } = context;
      const path = url.pathname.slice('/hub'.length);
      const { user, name, server } = await placeOf(path);
      if (!(await identity.can(principal, 'access:servers', { user, server: name }))) throw nothingHere();
      const next = path + url.search;
      if (server?.phase === 'ready') return backToServer(context, path);
      const underWay = server && (pendingOf(server) !== null || server.failure?.during === 'start');
      if (underWay) return redirect(serverPage('spawn-pending', user, name, next));
      return showNotRunning(context, { user, name, next, server, status: 424 });
    });
  }

  /** The server is there, only the edge did not know yet: try again, a little later each time, but not for ever. */
  async function backToServer({ url, redirect }: SignedIn, path: string): Promise<Response> {
    const tried = Number(url.searchParams.get('redirects') ?? 0);
    if (!(tried < 5)) throw new AtollError('ATOLL_REDIRECT_LOOP', 'Redirect loop detected.');
    await sleep(50 * 4 ** tried);
    url.searchParams.set('redirects', String(tried + 1));
    return redirect(path + url.search);
  }

  async function showNotRunning(
    { principal, xsrfToken, page }: SignedIn,
    what: { user: string; name: string; next: string | undefined; server: Server | undefined; status: number },
  ): Promise<Response> {
    const { user, name, next, server, status } = what;
    const failure = server?.failure ?? null;
    const title = titleOf(principal, user, name, failure?.during === 'start' ? 'did not start' : 'is not running');
    const cleaning = server !== undefined && isActive(server);
    const start = cleaning
      ? undefined
      : { action: serverPage('spawn', user, name, next), label: failure ? 'Start it again' : 'Start it' };
    const content = notRunningContent({ title, failure, start, xsrfToken });
    return page(title, content, { status, ...(cleaning && { refreshSeconds }) });
  }

  /** Which server a path `/user/…` belongs to: a named one when its second part is the name of one. */
  async function placeOf(path: string): Promise<{ user: string; name: string; server: Server | undefined }> {
    const [user = '', second = ''] = path.slice('/user/'.length).split('/').slice(0, 2).map(decode);
    const named = second === '' ? undefined : await servers.get(user, second);
    if (named) return { user, name: second, server: named };
    return { user, name: '', server: await servers.get(user, '') };
  }

  /** Without the scope it is as if there were no such server: who may not touch it need not learn of it. */
  async function requireScope(principal: Principal, scope: string, user: string, name: string): Promise<void> {
    if (!(await identity.can(principal, scope, { user, server: name }))) throw nothingHere();
  }
}

/** What counts as a server that has no record yet. */
const stoppedServer = { phase: 'stopped' } as const;

function readPlace({ params, principal, url }: SignedIn, fallbackName: string) {
  const user = params.user ?? principal.name;
  const name = params.server ?? fallbackName;
  return { user, name, next: pathWithin(serverUrl(user, name), url.searchParams.get('next')) };
}

function titleOf(principal: Principal, user: string, name: string, state: string): string {
  const whose = user === principal.name ? 'Your server' : `The server of ${user}`;
  return `${whose}${name === '' ? '' : ` ${name}`} ${state}`;
}

function nothingHere(): AtollError {
  return new AtollError('ATOLL_NOT_FOUND', 'There is no such server, or it is not open to you.');
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

export { escapeSegment };
