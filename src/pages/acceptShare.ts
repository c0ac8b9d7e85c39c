import { html } from 'hono/html';
import { AtollError } from '../core/errors.ts';
import { safeNext } from '../identity/http/safeNext.ts';
import type { ShareCode } from '../identity/shares/sharesTable.ts';
import { xsrfField } from './frame/formParts.ts';
import type { PageContext, PageFrame } from './frame/pageFrame.ts';
import type { PagesOptions } from './pagesOptions.ts';

/** Taking what somebody shares by a link: `/hub/accept-share?code=…&next=…`, as in JupyterHub. */
export function addAcceptSharePages(frame: PageFrame, { identity }: PagesOptions): void {
  const path = '/hub/accept-share';

  frame.page({ method: 'get', path, access: 'signedIn' }, async (context) => {
    const secret = context.url.searchParams.get('code') ?? '';
    const code = await identity.shares.findCode(secret);
    if (!code) throw invalidCode();
    const { user, name } = code.server;
    if (user === context.principal.name) return context.redirect(identity.urls.server(user, name));
    return context.page(
      'Accept a share',
      html`<section class="card narrow">
<h1>${whose(code)} is shared with you</h1>
<p>If you accept, you can:</p>
<ul>${code.scopes.map((scope) => html`<li>${identity.catalogue.describe(nameOf(scope))} <span class="small">${nameOf(scope)}</span></li>`)}</ul>
<p>Accept only from people you trust: pages of their server run in your browser.</p>
<form method="post" action="${path}">
${xsrfField(context.xsrfToken)}
<input type="hidden" name="code" value="${secret}">
<input type="hidden" name="next" value="${nextOf(context) ?? ''}">
<div class="buttons">
<button>Accept</button>
<a class="button quiet" href="/hub/home">Not now</a>
</div>
</form>
</section>`,
    );
  });

  frame.page({ method: 'post', path, access: 'signedIn' }, async (context) => {
    const { form, principal, redirect } = context;
    const { server } = await identity.shares.acceptCode(form.get('code') ?? '', principal.name);
    return redirect(nextOf(context) ?? identity.urls.server(server.user, server.name));
  });
}

/** Where to go afterwards, if that can be trusted. */
function nextOf({ form, url, client }: PageContext): string | undefined {
  return safeNext(form.get('next') ?? url.searchParams.get('next'), client);
}

function whose({ server: { user, name } }: ShareCode): string {
  return name === '' ? `The server of ${user}` : `The server “${name}” of ${user}`;
}

/** A scope without its filter, which names the server that the page is about. */
function nameOf(scope: string): string {
  return scope.replace(/!.*$/, '');
}

function invalidCode(): AtollError {
  return new AtollError('ATOLL_SHARE_CODE_INVALID', 'This share code is unknown, revoked or too old.');
}
