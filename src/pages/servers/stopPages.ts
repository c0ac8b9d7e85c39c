import { quickMs } from '../frame/pace.ts';
import type { PageContext, PageFrame } from '../frame/pageFrame.ts';
import { placeOf, requireScope } from './place.ts';
import { serverPage } from './serverPage.ts';
import type { ServersPagesOptions } from './serversPagesOptions.ts';

/** Stopping a server, giving up its start, deleting it: always by a button. */
export function addStopPages(frame: PageFrame, { servers, identity }: ServersPagesOptions): void {
  for (const path of ['/hub/stop/:user', '/hub/stop/:user/:server'])
    frame.page({ method: 'post', path, access: 'signedIn' }, (context) =>
      end(context, (user, name) => servers.stop(user, name)),
    );
  frame.page({ method: 'post', path: '/hub/delete-server/:user/:server', access: 'signedIn' }, (context) =>
    end(context, (user, name) => servers.remove(user, name)),
  );

  async function end(
    context: PageContext<'signedIn'>,
    request: (user: string, name: string) => Promise<unknown>,
  ): Promise<Response> {
    const place = placeOf(context, identity.urls);
    const { user, name } = place;
    await requireScope(identity, context.principal, 'delete:servers', place);
    await request(user, name);
    const server = await servers.settled(user, name, quickMs, context.request.signal);
    const isOthers = user !== context.principal.name;
    return context.redirect(isOthers && server ? serverPage('spawn-pending', place) : '/hub/home');
  }
}
