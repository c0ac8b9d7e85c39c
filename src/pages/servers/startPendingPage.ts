import { html } from 'hono/html';
import type { PublicUrls } from '../../identity/publicUrls.ts';
import type { ProgressEvent } from '../../servers/progressBoard.ts';
import type { Server } from '../../servers/server.ts';
import { serverApiPathOf } from '../../servers/serverPath.ts';
import { actionButton } from '../frame/actionButton.ts';
import { durationText } from '../frame/durationText.ts';
import { refreshSeconds } from '../frame/pace.ts';
import type { PageContext } from '../frame/pageFrame.ts';
import { type Place, titleOf } from './place.ts';
import { serverPage } from './serverPage.ts';

/**
 * A start under way: how far it is, for how long already, and a way out. `static/spawnPending.js` keeps it up to date;
 * without scripts the browser loads it again every two seconds.
 */
export function startPendingPage(
  { principal, xsrfToken, page }: PageContext<'signedIn'>,
  urls: PublicUrls,
  place: Place,
  { server, events, now }: { server: Server; events: readonly ProgressEvent[]; now: number },
): Promise<Response> {
  const { user, name, next } = place;
  const title = titleOf(principal, place, 'is starting');
  const elapsedMs = now - (server.startedAt ?? now);
  const progressUrl = `${urls.path(serverApiPathOf(user, name, 'progress'))}?_xsrf=${encodeURIComponent(xsrfToken)}`;
  const content = html`<section class="card narrow" data-progress-url="${progressUrl}"
 data-next="${urls.server(user, name, next)}" data-elapsed="${Math.floor(elapsedMs / 1000)}">
<h1>${title}</h1>
<progress max="100" value="${events.at(-1)?.progress ?? 0}" aria-label="Progress of the start"></progress>
<ol class="steps" aria-live="polite">
<li>Server requested</li>
${events.map((event) => html`<li>${event.message}</li>`)}
</ol>
<p class="small">Under way for <time>${durationText(elapsedMs)}</time>. It opens by itself when it is ready.</p>
${actionButton({ action: serverPage('stop', { user, name }), label: 'Cancel', kind: 'quiet' }, xsrfToken)}
</section>`;
  return page(title, content, { refreshSeconds, scripts: ['spawnPending.js'] });
}
