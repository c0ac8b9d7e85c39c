import { html } from 'hono/html';
import { AtollError } from '../core/errors.ts';
import type { SignInMethod } from '../identity/authenticators/createAuthenticator.ts';
import { xsrfField } from './frame/formParts.ts';
import type { PageContext, PageFrame } from './frame/pageFrame.ts';
import type { PagesOptions } from './pagesOptions.ts';
import { enter, goOn, nextOf } from './signIn/enter.ts';
import { pagesOf } from './signIn/methodPaths.ts';
import { addProviderPages } from './signIn/providerPages.ts';
import { showSignIn } from './signIn/showSignIn.ts';

/** Signing in: with an authenticator's form, at a provider, at once, or with a login link. */
export function addLoginPages(frame: PageFrame, options: PagesOptions): void {
  const { identity } = options;
  addProviderPages(frame, options);

  frame.page({ method: 'get', path: '/hub/login', access: 'open' }, async (context) => {
    const link = context.url.searchParams.get('link');
    if (link !== null) return showLink(context, link);
    if (context.session) return goOn(identity, context, context.session);
    const method = isPersonsVisit(context) ? automaticMethod() : undefined;
    return method ? goAhead(context, method) : show(context);
  });

  frame.page({ method: 'post', path: '/hub/login', access: 'open', showsXsrfFailure: true }, async (context) => {
    const { form, client, request } = context;
    if (context.xsrfFailure !== undefined)
      return show(context, new AtollError('ATOLL_XSRF', 'Login form invalid or expired. Try again.'));
    return orShow(context, async () => {
      const link = form.get('link');
      if (link !== null) return identity.signIn.withLink(link);
      const atOnce = form.has('at-once') && identity.methods.find(({ path }) => path === (form.get('method') ?? ''));
      return atOnce
        ? identity.signIn.atOnce(atOnce, request, client)
        : identity.signIn.withForm(Object.fromEntries(form), client);
    });
  });

  function show(context: PageContext, error?: AtollError): Promise<Response> {
    return showSignIn(identity, context, nextOf(context), error);
  }

  /** Lets in whom `find` finds; what speaks against it is shown on the sign-in page. */
  async function orShow(
    context: PageContext,
    find: () => ReturnType<typeof identity.signIn.withLink>,
  ): Promise<Response> {
    try {
      return await enter(identity, context, await find(), nextOf(context));
    } catch (error) {
      if (error instanceof AtollError && error.code !== 'ATOLL_INTERNAL') return show(context, error);
      throw error;
    }
  }

  /** The only way to sign in, when it needs no click. */
  function automaticMethod(): SignInMethod | undefined {
    const [method, another] = identity.methods;
    if (!method || another) return undefined;
    const { redirect, instant, autoLogin } = method.authenticator;
    const canGo = instant !== undefined || (redirect !== undefined && !redirect.providerMayBegin);
    return canGo && (method.settings.autoLogin ?? autoLogin) ? method : undefined;
  }

  function goAhead(context: PageContext, method: SignInMethod): Response | Promise<Response> {
    if (method.authenticator.instant)
      return orShow(context, () => identity.signIn.atOnce(method, context.request, context.client));
    return context.redirect(`${pagesOf(method.path)}/oauth_login?next=${encodeURIComponent(nextOf(context))}`);
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
        : show(context, new AtollError('ATOLL_LINK_INVALID', 'This login link has been used or is too old.'));
    if (context.session && context.principal?.name === user.name) return goOn(identity, context, context.session);
    if (!context.principal && isPersonsClick(context.request))
      return orShow(context, () => identity.signIn.withLink(link));
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
}

/** Whether a person comes to sign in: not one who has just signed out, and not a script that loads the page. */
function isPersonsVisit({ url, request: { headers } }: PageContext): boolean {
  return !url.searchParams.has('signed-out') && (headers.get('sec-fetch-mode') ?? 'navigate') === 'navigate';
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
