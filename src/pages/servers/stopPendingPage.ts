import { html } from 'hono/html';
import { isRestarting, type Server } from '../../servers/server.ts';
import { refreshSeconds } from '../frame/pace.ts';
import type { PageContext } from '../frame/pageFrame.ts';
import { type Place, titleOf } from './place.ts';

/** A stop under way, be it for good or the first half of a restart. */
export function stopPendingPage(
  { principal, page }: PageContext<'signedIn'>,
  place: Place,
  server: Server,
): Promise<Response> {
  const restarts = isRestarting(server);
  const title = titleOf(principal, place, restarts ? 'is restarting' : 'is stopping');
  const content = html`<section class="card narrow">
<h1>${title}</h1>
<progress aria-label="Stopping"></progress>
<p>It ends its kernels and saves its state; this takes a few seconds.${restarts ? ' Then it starts again.' : ''}</p>
<a class="button quiet" href="/hub/home">Home</a>
</section>`;
  return page(title, content, { refreshSeconds });
}
