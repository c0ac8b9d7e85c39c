import { AtollError } from '../../core/errors.ts';
import { isActive, type Server } from '../../servers/server.ts';
import { quickMs } from '../frame/pace.ts';
import type { PageContext, PageFrame } from '../frame/pageFrame.ts';
import { needsClick } from './needsClick.ts';
import { notRunningPage } from './notRunningPage.ts';
import { type Place, placeOf, requireScope, startTitleOf, titleOf } from './place.ts';
import { readSentOptions } from './sentOptions.ts';
import { serverPage } from './serverPage.ts';
import type { ServersPagesOptions } from './serversPagesOptions.ts';
import { spawnForm } from './spawnForm.ts';

/**
 * Starting a server: by a button (POST), or by following a link or bookmark to `/hub/spawn` (GET), as people are used to.
 * Where there are profiles, a form comes first, unless the request has chosen already. A GET that nobody meant starts
 * nothing ({@link needsClick}); it shows the button or the form.
 */
export function addSpawnPages(frame: PageFrame, { servers, identity, profiles }: ServersPagesOptions): void {
  frame.page({ method: 'get', path: '/hub/spawn', access: 'signedIn' }, spawn);
  for (const path of ['/hub/spawn/:user', '/hub/spawn/:user/:server']) {
    frame.page({ method: 'get', path, access: 'signedIn' }, spawn);
    frame.page({ method: 'post', path, access: 'signedIn' }, spawn);
  }

  async function spawn(context: PageContext<'signedIn'>): Promise<Response> {
    const { request, params, form, principal, redirect } = context;
    const place = placeOf(context, identity.urls, params.server ?? form.get('server_name') ?? '');
    const { user, name, next } = place;
    await requireScope(identity, principal, 'start:servers', place);
    const before = await servers.get(user, name);
    if (!before || !isActive(before)) {
      const answer = await start(context, place, before);
      if (answer) return answer;
    }
    const server = await servers.settled(user, name, quickMs, request.signal);
    return redirect(
      server?.phase === 'ready' ? identity.urls.server(user, name, next) : serverPage('spawn-pending', place),
    );
  }

  /** Asks for the start; or returns the page that has to come first. */
  async function start(
    context: PageContext<'signedIn'>,
    place: Place,
    before: Server | undefined,
  ): Promise<Response | undefined> {
    const { user, name } = place;
    const custom = await profiles.formFor(user);
    const offered = custom === undefined ? await profiles.offeredTo(user) : [];
    const hasChoice = custom !== undefined || offered.length > 1 || offered.some(({ options }) => options.length > 0);
    const sent = hasChoice ? readSentOptions(context) : undefined;
    const showForm = (userOptions: Readonly<Record<string, unknown>>, error?: AtollError): Promise<Response> => {
      const { principal } = context;
      const title = error ? titleOf(principal, place, 'was not started') : startTitleOf(principal, place);
      const action = serverPage('spawn', place);
      const { xsrfToken } = context;
      const content = spawnForm({
        title,
        action,
        profiles: offered,
        custom,
        userOptions,
        message: error?.message,
        xsrfToken,
      });
      return context.page(title, content, { status: error?.status ?? 200 });
    };

    if (needsClick(context.request))
      return hasChoice
        ? showForm(sent?.userOptions ?? before?.userOptions ?? {})
        : notRunningPage(context, place, before);
    if (hasChoice && !sent) return showForm(before?.userOptions ?? {});
    const userOptions = sent && (sent.fields ? await profiles.readForm(user, sent.fields) : sent.userOptions);
    await identity.authRefresh.beforeStart(user, context.principal.name === user);
    try {
      await servers.start(user, name, userOptions ? { userOptions } : {});
      return undefined;
    } catch (error) {
      if (!(error instanceof AtollError) || error.code !== 'ATOLL_PROFILE_INVALID' || !hasChoice) throw error;
      return showForm(userOptions ?? {}, error);
    }
  }
}
