import { html } from 'hono/html';
import { AtollError } from '../core/errors.ts';
import type { Client } from '../identity/http/client.ts';
import { loginCookie, viewCookie, viewCookiePath, xsrfCookie } from '../identity/http/cookieNames.ts';
import { writeCookie } from '../identity/http/cookies.ts';
import { safeNext } from '../identity/http/safeNext.ts';
import type { Identity } from '../identity/identity.ts';
import { type Session, sessionLifetimeSeconds } from '../identity/sessions.ts';
import type { User } from '../identity/users.ts';
import { alert, field, xsrfField } from './frame/formParts.ts';
import { originOf } from './frame/originOf.ts';
import { type PageContext, type PageFrame, sessionIdCookieOf } from './frame/pageFrame.ts';
import type { PagesOptions } from './pagesOptions.ts';

/** Where people land who did not ask for anything in particular. */
const defaultNext = '/hub/';

/** Signing in, with the authenticator's form or with a login link. */
export function addLoginPages(frame: PageFrame, { identity }: PagesOptions): void {
  frame.page({ method: 'get', path: '/hub/login', access: 'open' }, async (context) => {
    const link = context.url.searchParams.get('link');
    if (link !== null) return showLink(context, link);
    return context.session ? goOn(context, context.session) : showForm(context);
  });

  frame.page({ method: 'post', path: '/hub/login', access: 'open', showsXsrfFailure: true }, async (context) => {
    const { form, client } = context;
    if (context.xsrfFailure !== undefined)
      return showForm(context, new AtollError('ATOLL_XSRF', 'Login form invalid or expired. Try again.'));
    try {
      const link = form.get('link');
      const user = await (link === null
        ? identity.signIn.withForm(Object.fromEntries(form), client)
        : identity.signIn.withLink(link));
      return await enter(context, user);
    } catch (error) {
      if (error instanceof AtollError && error.code !== 'ATOLL_INTERNAL') return showForm(context, error);
      throw error;
    }
  });

  /** With the view cookie again: whoever is sent here from a dashboard has lost it. */
  function goOn(context: PageContext, session: Session): Response {
    return context.redirect(nextOf(context), [viewCookieOf(session, context.client)]);
  }

  /**
   * A click on a link from outside the browser (a terminal, a chat program) signs in at once. Whoever merely looks at the
   * address (a chat program's preview, a browser that loads ahead), whoever comes from another site's page, and whoever is
   * signed in as somebody else, gets a button.
   */
  async function showLink(context: PageContext, link: string): Promise<Response> {
    const user = await identity.links.peek(link);
    if (!user)
      return context.principal
        ? context.redirect(nextOf(context))
        : showForm(context, new AtollError('ATOLL_LINK_INVALID', 'This login link has been used or is too old.'));
    if (context.session && context.principal?.name === user.name) return goOn(context, context.session);
    if (!context.principal && isPersonsClick(context.request))
      return enter(context, await identity.signIn.withLink(link));
    return context.page(
      'Sign in',
      html`<section class="card narrow">
<h1>Sign in as ${user.name}</h1>
${context.principal ? html`<p class="note">You are signed in as ${context.principal.name} now.</p>` : ''}
<form method="post" action="/hub/login">
${xsrfField(context.xsrfToken)}
<input type="hidden" name="link" value="${link}">
<input type="hidden" name="next" value="${nextOf(context)}">
<button>Sign in as ${user.name}</button>
</form>
</section>`,
    );
  }

  async function showForm(context: PageContext, error?: AtollError): Promise<Response> {
    const { authenticator } = identity;
    const next = nextOf(context);
    const typed = context.form.get('username') ?? context.url.searchParams.get('username') ?? '';
    const content =
      authenticator.form.length === 0
        ? html`<p>Open the link that Atoll printed on the terminal when it started. Each link works once, for 15 minutes;
the command <code>bin/atoll login</code> prints a new one.</p>`
        : html`<form method="post" action="/hub/login">
${xsrfField(context.xsrfToken)}
<input type="hidden" name="next" value="${next}">
${authenticator.form.map((item, index) =>
  field({ ...item, value: item.name === 'username' ? typed : '', focus: index === 0 }),
)}
<button>Sign in</button>
</form>
${authenticator.accounts ? html`<p class="small">No account yet? <a href="/hub/signup">Sign up</a></p>` : ''}`;
    return context.page(
      'Sign in',
      html`<section class="card narrow">
<h1>Sign in</h1>
${alert(error && (error.code === 'ATOLL_SIGN_IN_FAILED' ? error.message : `${error.message} ${error.nextStep}`))}
${content}
</section>`,
      {
        status: error?.status ?? 200,
        formTargets: await formTargetsOf(next, identity),
        ...(error?.retryAfterSeconds !== undefined && { headers: { 'Retry-After': String(error.retryAfterSeconds) } }),
      },
    );
  }

  function viewCookieOf(session: Session, { scheme }: Client): string {
    const secure = scheme === 'https';
    const maxAge = sessionLifetimeSeconds;
    return writeCookie(viewCookie, identity.view.issue(session), {
      path: viewCookiePath,
      maxAge,
      httpOnly: true,
      secure,
    });
  }

  /** Begins a login with a new cookie; one that the browser had before ends. */
  async function enter(context: PageContext, user: User): Promise<Response> {
    if (context.session) await identity.sessions.end(context.session.sessionId);
    const { cookie, session } = await identity.sessions.begin(user.id);
    const secure = context.client.scheme === 'https';
    const maxAge = sessionLifetimeSeconds;
    return context.redirect(nextOf(context), [
      writeCookie(loginCookie, cookie, { path: '/hub/', maxAge, httpOnly: true, secure }),
      sessionIdCookieOf(session, context.client),
      viewCookieOf(session, context.client),
      writeCookie(xsrfCookie, identity.xsrf.issue({ session }), { path: '/hub/', httpOnly: true, secure }),
    ]);
  }
}

/** Where to go after signing in: `next` of the form, else of the address, if it can be trusted. */
function nextOf({ form, url, client }: PageContext): string {
  return safeNext(form.get('next') ?? url.searchParams.get('next'), client) ?? defaultNext;
}

/** Whether the browser says: a person opened this address, in a window of its own, and not from another site's page. */
function isPersonsClick({ method, headers }: Request): boolean {
  return (
    method === 'GET' &&
    headers.get('sec-fetch-site') === 'none' &&
    headers.get('sec-fetch-mode') === 'navigate' &&
    headers.get('sec-fetch-dest') === 'document' &&
    !headers.has('sec-purpose') &&
    !headers.has('purpose') &&
    !headers.has('x-moz')
  );
}

/**
 * Browsers apply a form's `form-action` to the redirects that follow too: after signing in on the way to a service of
 * another origin, they would stop at the last step. So that origin is allowed, if it is a registered client's.
 */
async function formTargetsOf(next: string, identity: Identity): Promise<string[]> {
  if (!next.startsWith('/hub/api/oauth2/authorize?')) return [];
  const clientId = new URLSearchParams(next.slice(next.indexOf('?'))).get('client_id');
  const client = clientId === null ? undefined : await identity.oauthClients.get(clientId);
  return client ? originOf(client.redirectUri) : [];
}
