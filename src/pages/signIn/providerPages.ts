import { AtollError } from '../../core/errors.ts';
import { randomHex } from '../../core/ids.ts';
import type { RedirectSignIn } from '../../identity/authenticators/contract.ts';
import type { SignInMethod } from '../../identity/authenticators/createAuthenticator.ts';
import { writeCookie } from '../../identity/http/cookies.ts';
import { safeNext } from '../../identity/http/safeNext.ts';
import { cookieNameOf, type SignInState, signInStateLifetimeSeconds } from '../../identity/http/signInStates.ts';
import type { Identity } from '../../identity/identity.ts';
import type { PageContext, PageFrame } from '../frame/pageFrame.ts';
import type { PagesOptions } from '../pagesOptions.ts';
import { enter, nextOf } from './enter.ts';
import { pagesOf } from './methodPaths.ts';
import { showSignIn } from './showSignIn.ts';

/** Signing in at a provider: the way there, and the way back. */
export function addProviderPages(frame: PageFrame, { identity, log }: PagesOptions): void {
  for (const method of identity.methods) {
    const { redirect } = method.authenticator;
    if (!redirect) continue;
    const pages = pagesOf(method.path);
    /** Shows what went wrong on the sign-in page; what is the provider's fault, the operator reads in the log too. */
    const orShow = async (context: PageContext, next: string, go: () => Promise<Response>): Promise<Response> => {
      try {
        return await go();
      } catch (error) {
        if (!(error instanceof AtollError) || error.code === 'ATOLL_INTERNAL') throw error;
        const { code, message, evidence } = error;
        if (error.status >= 500)
          log.warn({ provider: method.authenticator.provider, code, message, evidence }, 'a sign-in failed');
        return showSignIn(identity, context, next, error);
      }
    };
    const onTheWay = (context: PageContext): Promise<Response> =>
      orShow(context, nextOf(context), () => leave(identity, method, redirect, context));
    const onTheWayBack = async (context: PageContext): Promise<Response> => {
      const state = parametersOf(context).get(redirect.stateParameter) ?? '';
      const begun = identity.signInStates.read(method.path, context.request.headers.get('cookie') ?? '', state);
      return orShow(context, begun?.next ?? '/hub/', () => comeBack(identity, method, redirect, context, begun));
    };
    frame.page({ method: 'get', path: `${pages}/oauth_login`, access: 'open' }, onTheWay);
    frame.page({ method: 'get', path: `${pages}/oauth_callback`, access: 'open' }, onTheWayBack);
    // A provider's own page sends these forms: what proves that they belong here is the state, and who begins is nobody yet.
    const foreign = { method: 'post', access: 'open', showsXsrfFailure: true } as const;
    if (redirect.providerMayBegin) frame.page({ ...foreign, path: `${pages}/oauth_login` }, onTheWay);
    if (redirect.returnsBy === 'form') frame.page({ ...foreign, path: `${pages}/oauth_callback` }, onTheWayBack);
    if (redirect.configuration)
      frame.page({ method: 'get', path: `${pages}/config`, access: 'open' }, ({ client }) =>
        Response.json(redirect.configuration?.(`${client.scheme}://${client.host}`, identity.urls.path(pages))),
      );
  }
}

/** Sends the browser to the provider. */
async function leave(
  identity: Identity,
  method: SignInMethod,
  redirect: RedirectSignIn,
  context: PageContext,
): Promise<Response> {
  const { client } = context;
  const callbackUrl =
    redirect.callbackUrl ??
    `${client.scheme}://${client.host}${identity.urls.path(pagesOf(method.path))}/oauth_callback`;
  const begun = await redirect.begin({ state: randomHex(16), callbackUrl, parameters: parametersOf(context) });
  const cookie = identity.signInStates.issue(method.path, {
    state: begun.state,
    next: safeNext(begun.next, client) ?? nextOf(context),
    callbackUrl,
    remembered: begun.remember,
  });
  return context.redirect(begun.location, [
    stateCookie(identity, context, method, redirect, cookie.name, cookie.value, signInStateLifetimeSeconds),
  ]);
}

/** Takes the browser back. The answer counts once, in the browser that began. */
async function comeBack(
  identity: Identity,
  method: SignInMethod,
  redirect: RedirectSignIn,
  context: PageContext,
  begun: SignInState | undefined,
): Promise<Response> {
  if (!begun)
    throw new AtollError('ATOLL_SIGN_IN_STATE', 'This sign-in was not begun in this browser, or too long ago.');
  const { state, next, callbackUrl, remembered } = begun;
  const person = await redirect.finish({ state, callbackUrl, parameters: parametersOf(context), remembered });
  const user = await identity.signIn.admit(method, person);
  return enter(identity, context, user, next, [
    stateCookie(identity, context, method, redirect, cookieNameOf(state), '', 0),
  ]);
}

function parametersOf({ url, form }: PageContext): URLSearchParams {
  return new URLSearchParams([...url.searchParams, ...form]);
}

function stateCookie(
  { urls }: Identity,
  { client }: PageContext,
  { path }: SignInMethod,
  { returnsBy }: RedirectSignIn,
  name: string,
  value: string,
  maxAge: number,
): string {
  const secure = client.scheme === 'https';
  return writeCookie(name, value, {
    path: urls.path(`${pagesOf(path)}/oauth_callback`),
    maxAge,
    httpOnly: true,
    secure,
    // The form that a provider's page sends brings no other cookies along.
    ...(returnsBy === 'form' && { sameSite: secure ? 'None' : 'unsaid' }),
  });
}
