import { html } from 'hono/html';
import type { ProgressEvent } from '../../servers/progressBoard.ts';
import type { Server } from '../../servers/server.ts';
import { serverApiPathOf } from '../../servers/serverPath.ts';
import type { Html } from '../frame/layout.ts';
import { actionButton } from './actionButton.ts';
import { durationText } from './durationText.ts';
import { serverPage } from './serverPaths.ts';

/** A start under way. `static/spawnPending.js` keeps it up to date; without scripts the page is loaded again and again. */
export function startPendingContent(options: {
  server: Server;
  title: string;
  events: readonly ProgressEvent[];
  /** Where to go when it is ready. */
  next: string;
  now: number;
  xsrfToken: string;
}): Html {
  const { server, title, events, next, now, xsrfToken } = options;
  const { user, name } = server;
  const elapsedMs = now - (server.startedAt ?? now);
  const progressUrl = `${serverApiPathOf(user, name, 'progress')}?_xsrf=${encodeURIComponent(xsrfToken)}`;
  return html`<section class="card narrow" data-progress-url="${progressUrl}" data-next="${next}" data-elapsed="${Math.floor(elapsedMs / 1000)}">
<h1>${title}</h1>
<progress max="100" value="${events.at(-1)?.progress ?? 0}" aria-label="Progress of the start"></progress>
<ol class="steps" aria-live="polite">
<li>Server requested</li>
${events.map((event) => html`<li>${event.message}</li>`)}
</ol>
<p class="small">Started <time>${durationText(elapsedMs)}</time> ago. You get there by yourself when it is ready.</p>
${actionButton({ action: serverPage('stop', user, name), label: 'Cancel', xsrfToken, kind: 'quiet' })}
</section>`;
}

/** A stop under way. */
export function stopPendingContent(title: string): Html {
  return html`<section class="card narrow">
<h1>${title}</h1>
<progress aria-label="Stopping"></progress>
<p>It saves its state and ends its kernels; this takes a few seconds.</p>
<p class="small"><a href="/hub/home">Back to home</a></p>
</section>`;
}
