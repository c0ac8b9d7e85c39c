import { html } from 'hono/html';
import type { PageFrame } from './frame/pageFrame.ts';

/** What people should know about the errors that a proxy in front of servers meets. */
const texts: Readonly<Record<string, { title: string; text: string }>> = {
  '404': { title: 'Nothing here', text: 'No server, service or page has this address.' },
  '502': { title: 'No proper answer', text: 'The server behind this address did not answer as it should.' },
  '503': {
    title: 'The server does not answer',
    text: 'It may be starting, or may have ended. Look at it on the home page, and start it again there if need be.',
  },
};

const other = { title: 'Something went wrong', text: 'The way to the server behind this address failed.' };

/**
 * The pages that JupyterHub's proxy shows in place of an error of its own (`--error-target`). The proxy sets the status: this
 * answer is a success, as JupyterHub's is.
 */
export function addProxyErrorPages(frame: PageFrame): void {
  frame.page({ method: 'get', path: '/hub/error/:code', access: 'open' }, ({ params, page }) => {
    const code = /^[45]\d\d$/.exec(params.code ?? '')?.[0] ?? '500';
    const { title, text } = texts[code] ?? other;
    return page(
      title,
      html`<section class="card narrow" role="alert">
<h1>${title}</h1>
<p>${text}</p>
<div class="buttons"><a class="button" href="/hub/home">Home</a></div>
<p class="small">${code}</p>
</section>`,
    );
  });
}
