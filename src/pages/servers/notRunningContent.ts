import { html } from 'hono/html';
import type { Failure } from '../../diagnosis/failure.ts';
import type { Html } from '../frame/layout.ts';
import { actionButton } from './actionButton.ts';
import { failureDetails } from './failureDetails.ts';

/** A server that does not run: why, when that is known, and a button that starts it. */
export function notRunningContent(options: {
  title: string;
  failure: Failure | null;
  /** What the button asks for; undefined when it cannot be started (yet). */
  start: { action: string; label: string } | undefined;
  xsrfToken: string;
}): Html {
  const { title, failure, start, xsrfToken } = options;
  return html`<section class="card ${failure ? '' : 'narrow'}">
<h1>${title}</h1>
${failure ? failureDetails(failure) : html`<p>Files are kept while a server is stopped; its kernels and terminals are not.</p>`}
<div class="buttons">
${start ? actionButton({ ...start, xsrfToken }) : html`<p class="small">What is left of it is being cleaned up …</p>`}
<a class="button quiet" href="/hub/home">Home</a>
</div>
</section>`;
}
