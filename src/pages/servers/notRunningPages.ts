import { sleep } from '../../core/clock.ts';
import { AtollError } from '../../core/errors.ts';
import type { PublicUrls } from '../../identity/publicUrls.ts';
import { pendingOf, type Server } from '../../servers/server.ts';
import { jsonError, type PageContext, type PageFrame, redirectTo } from '../frame/pageFrame.ts';
import { notRunningPage } from './notRunningPage.ts';
import { isProgram, notRunningReply } from './notRunningReply.ts';
import { pathWithin } from './pathWithin.ts';
import { type Place, requireScope } from './place.ts';
import { serverPage } from './serverPage.ts';
import type { ServersPagesOptions } from './serversPagesOptions.ts';

/** How often the way back to a ready server is tried, later and later, before something must be wrong. */
const triesBack = 5;

/**
 * The paths of servers, as far as the edge has no route for them: it sends their requests here. The sign-in cookie is for
 * `/hub/` only, so browsers are led to `/hub/user/…` first.
 */
export function addNotRunningPages(frame: PageFrame, { servers, identity }: ServersPagesOptions): void {
  const { urls } = identity;

  frame.app.all('/user/*', ({ req }) => {
    const { pathname, search } = new URL(req.url);
    if (req.method !== 'GET' && req.method !== 'HEAD')
      return req.header('authorization') === undefined
        ? notRunningReply(req.raw, urls, '/hub/home')
        : answerProgram(req.raw);
    const slash = /^\/user\/[^/]+$/.test(pathname) ? '/' : '';
    return redirectTo(`/hub${pathname}${slash}${search}`);
  });

  frame.app.all('/hub/user/*', ({ req }, next) => (isProgram(req.raw) ? answerProgram(req.raw) : next()));

  frame.page({ method: 'get', path: '/hub/user/*', access: 'signedIn' }, async (context) => {
    const { place, server } = await find(context.request);
    await requireScope(identity, context.principal, 'access:servers', place);
    if (server?.phase === 'ready') return backToServer(context, urls, place);
    const hasProgress = server && (pendingOf(server) !== null || server.failure?.during === 'start');
    if (hasProgress) return context.redirect(serverPage('spawn-pending', place));
    return notRunningPage(context, place, server, { status: 424 });
  });

  /** No XSRF check: the answer changes nothing, and says no more than that a server of one's own does not run. */
  async function answerProgram(request: Request): Promise<Response> {
    try {
      const { place } = await find(request);
      const caller = await identity.fromRequest(request);
      if (caller.via === 'none') throw new AtollError('ATOLL_UNAUTHENTICATED', 'Missing or invalid credentials.');
      await requireScope(identity, caller.principal, 'access:servers', place);
      return notRunningReply(request, urls, serverPage('spawn', { user: place.user, name: place.name }));
    } catch (error) {
      if (error instanceof AtollError) return jsonError(error);
      throw error;
    }
  }

  /** Which server a path belongs to: a named one when its second part is the name of one. */
  async function find(request: Request): Promise<{ place: Place; server: Server | undefined }> {
    const { pathname, search } = new URL(request.url);
    const path = pathname.replace(/^\/hub(?=\/user\/)/, '');
    const [user = '', second = ''] = path.slice('/user/'.length).split('/', 2).map(decode);
    const named = second === '' ? undefined : await servers.get(user, second);
    const within = pathWithin('/user/', path + search);
    const next = within && urls.path(within);
    return { place: { user, name: named ? second : '', next }, server: named ?? (await servers.get(user, '')) };
  }
}

/** The server is ready, only the edge did not know yet: tries again, a little later each time, but not for ever. */
async function backToServer(
  { url, redirect }: PageContext<'signedIn'>,
  urls: PublicUrls,
  { user, name }: Place,
): Promise<Response> {
  const tried = Number(url.searchParams.get('redirects') ?? 0);
  if (!(tried >= 0 && tried < triesBack)) throw new AtollError('ATOLL_REDIRECT_LOOP', 'Redirect loop detected.');
  await sleep(50 * 4 ** tried);
  url.searchParams.set('redirects', String(tried + 1));
  return redirect(urls.server(user, name, urls.path(url.pathname.slice('/hub'.length)) + url.search));
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
