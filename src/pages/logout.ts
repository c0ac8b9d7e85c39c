import { html } from 'hono/html';
import { messageOf } from '../core/errors.ts';
import { xsrfField } from './frame/formParts.ts';
import type { PageContext, PageFrame } from './frame/pageFrame.ts';
import type { PagesOptions } from './pagesOptions.ts';

/** Ends the login. Servers go on running. */
export function addLogoutPages(frame: PageFrame, { identity, log }: PagesOptions): void {
  // A GET must do, because JupyterLab's "Log Out" ends in a redirect to it. Other sites' pages get a button instead.
  frame.page({ method: 'get', path: '/hub/logout', access: 'open' }, (context) => {
    if (!context.principal || isOwnNavigation(context.request)) return leave(context);
    return context.page(
      'Log out',
      html`<section class="card narrow">
<h1>Log out?</h1>
<form method="post" action="/hub/logout">
${xsrfField(context.xsrfToken)}
<button>Log out ${context.principal.name}</button>
</form>
</section>`,
    );
  });

  frame.page({ method: 'post', path: '/hub/logout', access: 'open' }, leave);

  async function leave(context: PageContext): Promise<Response> {
    const target = (await leaveProvider(context)) ?? '/hub/login?signed-out=yes';
    if (context.session) await identity.sessions.end(context.session.sessionId);
    return context.redirect(target, identity.cookies.removeAll(context.client));
  }

  /** Tells the provider by which somebody came, where it wants to know; returns where to go on to sign out there too. */
  async function leaveProvider({ session }: PageContext): Promise<string | undefined> {
    const user = session && (await identity.users.getById(session.userId));
    const came = identity.methods.find(({ authenticator }) => authenticator.provider === user?.vouchedBy?.provider);
    const method = came ?? (identity.methods.length === 1 ? identity.methods[0] : undefined);
    if (user && came?.authenticator.signedOut) {
      const authState = await identity.authStates.remembered(user);
      // Signing out here never waits for a provider that is away, or fails with it.
      if (authState)
        came.authenticator
          .signedOut(authState)
          .catch((error: unknown) =>
            log.warn({ error: messageOf(error) }, 'a provider could not be told of a sign-out'),
          );
    }
    return method && (method.settings.logoutRedirectUrl || method.authenticator.logoutUrl);
  }
}

/** Whether the browser says that a page of this very host (or the person) leads here, in a window of its own. */
function isOwnNavigation({ headers }: Request): boolean {
  const site = headers.get('sec-fetch-site');
  return (
    (site === null || site === 'same-origin' || site === 'none') &&
    (headers.get('sec-fetch-mode') ?? 'navigate') === 'navigate' &&
    (headers.get('sec-fetch-dest') ?? 'document') === 'document'
  );
}
