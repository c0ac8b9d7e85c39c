import { html } from 'hono/html';
import type { AtollError } from '../../core/errors.ts';
import type { SignInMethod } from '../../identity/authenticators/createAuthenticator.ts';
import type { Identity } from '../../identity/identity.ts';
import { alert, field, xsrfField } from '../frame/formParts.ts';
import type { Html } from '../frame/layout.ts';
import { originOf } from '../frame/originOf.ts';
import type { PageContext } from '../frame/pageFrame.ts';
import { pagesOf } from './methodPaths.ts';

/** The sign-in page: a form or a button for each way to sign in, and what went wrong, if anything. */
export async function showSignIn(
  identity: Identity,
  context: PageContext,
  next: string,
  error?: AtollError,
): Promise<Response> {
  const { methods } = identity;
  const left = context.url.searchParams.has('signed-out') && !error;
  const parts = methods.map((method, index) => partFor(method, context, next, methods.length > 1, index === 0));
  return context.page(
    'Sign in',
    html`<section class="card narrow">
<h1>Sign in</h1>
${left ? html`<p class="note" role="status">You are signed out.</p>` : ''}
${alert(error && textOf(error, identity))}
${parts}
${identity.accounts?.openToStrangers ? html`<p class="small">No account yet? <a href="/hub/signup">Sign up</a></p>` : ''}
</section>`,
    {
      status: error?.status ?? 200,
      formTargets: await formTargetsOf(next, identity),
      ...(error?.retryAfterSeconds !== undefined && { headers: { 'Retry-After': String(error.retryAfterSeconds) } }),
    },
  );
}

function textOf(error: AtollError, { methods }: Identity): string {
  // The page says below how to get another link.
  const saysNext =
    error.code === 'ATOLL_LINK_INVALID' && methods.some(({ authenticator }) => authenticator.name === 'link');
  if (error.code === 'ATOLL_SIGN_IN_FAILED' || saysNext) return error.message;
  // What was seen helps whoever set the provider up; it is never a secret.
  const evidence = error.code === 'ATOLL_PROVIDER_FAILED' && error.evidence !== undefined ? ` (${error.evidence})` : '';
  return `${error.message}${evidence} ${error.nextStep}`;
}

function partFor(
  method: SignInMethod,
  context: PageContext,
  next: string,
  isOneOfSeveral: boolean,
  focus: boolean,
): Html {
  const { authenticator, path } = method;
  const { form, redirect, instant, service, name } = authenticator;
  if (form.length > 0) {
    const typed = context.form.get('username') ?? context.url.searchParams.get('username') ?? '';
    // Two forms on one page may not have fields of the same id.
    const idPrefix = isOneOfSeveral ? `${path}-` : '';
    return html`<form method="post" action="/hub/login"${isOneOfSeveral ? html` aria-label="Sign in with ${service}"` : ''}>
${hidden(context, path, next)}
${form.map((item, index) =>
  field({ ...item, idPrefix, value: item.name === 'username' ? typed : '', focus: focus && index === 0 }),
)}
<button>${isOneOfSeveral ? `Sign in with ${service}` : 'Sign in'}</button>
</form>`;
  }
  if (redirect?.providerMayBegin) return html`<p>Open this hub from ${service}: it signs you in.</p>`;
  if (redirect) {
    const target = `${pagesOf(path)}/oauth_login?next=${encodeURIComponent(next)}`;
    return html`<p class="buttons"><a class="button wide" href="${target}">Sign in with ${service}</a></p>`;
  }
  if (instant)
    return html`<form method="post" action="/hub/login">
${hidden(context, path, next)}
<input type="hidden" name="at-once" value="yes">
<button class="wide">Sign in with ${service}</button>
</form>`;
  if (name === 'null')
    return html`<p>People do not sign in to this hub: it serves programs that have tokens. For an administrator, the command
<code>bin/atoll login</code> prints a link, with the <code>--data</code> that Atoll was started with, if any.</p>`;
  return html`<p>Open the link that Atoll printed on the terminal when it started. Each link works once, for 15 minutes;
the command <code>bin/atoll login</code> prints a new one, with the <code>--data</code> that Atoll was started with, if any.</p>`;
}

function hidden(context: PageContext, path: string, next: string): Html {
  return html`${xsrfField(context.xsrfToken)}
<input type="hidden" name="next" value="${next}">
${path === '' ? '' : html`<input type="hidden" name="method" value="${path}">`}`;
}

/**
 * Browsers apply a form's `form-action` to the redirects that follow too: after signing in on the way to a service of
 * another origin, they would stop at the last step. So that origin is allowed, if it is a registered client's.
 */
async function formTargetsOf(next: string, identity: Identity): Promise<string[]> {
  if (!next.startsWith(identity.urls.path('/hub/api/oauth2/authorize?'))) return [];
  const clientId = new URLSearchParams(next.slice(next.indexOf('?'))).get('client_id');
  const client = clientId === null ? undefined : await identity.oauthClients.get(clientId);
  return client ? originOf(client.redirectUri) : [];
}
