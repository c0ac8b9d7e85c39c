import { html } from 'hono/html';
import { isActive, type Server } from '../../servers/server.ts';
import { actionButton } from '../frame/actionButton.ts';
import { refreshSeconds } from '../frame/pace.ts';
import type { PageContext, PageOptions } from '../frame/pageFrame.ts';
import { failureDetails } from './failureDetails.ts';
import { type Place, titleOf } from './place.ts';
import { serverPage } from './serverPage.ts';

/** A server that does not run: why, when that is known, and a button that starts it. */
export function notRunningPage(
  { principal, xsrfToken, page }: PageContext<'signedIn'>,
  place: Place,
  server: Server | undefined,
  options: PageOptions = {},
): Promise<Response> {
  const failure = server?.failure ?? null;
  // What is left of a failed start may still have to be ended.
  const isBeingCleaned = server !== undefined && isActive(server);
  const title = titleOf(principal, place, failure?.during === 'start' ? 'did not start' : 'is not running');
  const action = serverPage('spawn', place);
  const start = actionButton({ action, label: failure ? 'Start it again' : 'Start it' }, xsrfToken);
  const content = html`<section class="card${failure ? '' : ' narrow'}">
<h1>${title}</h1>
${failure ? failureDetails(failure) : kept}
<div class="buttons">
${isBeingCleaned ? html`<p class="small">What is left of it is being cleaned up …</p>` : start}
<a class="button quiet" href="/hub/home">Home</a>
</div>
</section>`;
  return page(title, content, { ...options, ...(isBeingCleaned && { refreshSeconds }) });
}

const kept = html`<p>Files are kept while a server is stopped; its kernels and terminals are not.</p>`;
