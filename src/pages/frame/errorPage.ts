import { html } from 'hono/html';
import type { AtollError } from '../../core/errors.ts';
import type { Html } from './layout.ts';

const titles: Readonly<Record<number, string>> = {
  400: 'That request makes no sense here',
  403: 'Not allowed',
  404: 'Nothing here',
  405: 'Not possible here',
  429: 'Too fast',
  503: 'Busy',
};

/** The heading of the page for an error. */
export function errorTitle({ status }: AtollError): string {
  return titles[status] ?? 'Something went wrong';
}

/** An error for a person: what is wrong, the evidence, what to do next. */
export function errorContent(error: AtollError): Html {
  return html`<section class="card narrow" role="alert">
<h1>${errorTitle(error)}</h1>
<p>${error.message}</p>
${error.evidence === undefined ? '' : html`<pre>${error.evidence}</pre>`}
<p>${error.nextStep}</p>
<div class="buttons"><a class="button quiet" href="/hub/home">Home</a></div>
<p class="small">${error.status} · ${error.code}</p>
</section>`;
}
