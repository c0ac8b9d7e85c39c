import type { Client } from '../../identity/http/client.ts';
import { safeNext } from '../../identity/http/safeNext.ts';
import type { Identity } from '../../identity/identity.ts';
import type { Session } from '../../identity/sessions.ts';
import type { User } from '../../identity/users.ts';
import type { PageContext } from '../frame/pageFrame.ts';

/** Where people land who did not ask for anything in particular. */
const defaultNext = '/hub/';

/** Where to go after signing in: `next` of the form, else of the address, if it can be trusted. */
export function nextOf({ form, url, client }: PageContext): string {
  return safeNext(form.get('next') ?? url.searchParams.get('next'), client) ?? defaultNext;
}

/** Begins a login with a new cookie; one that the browser had before ends. */
export async function enter(
  identity: Identity,
  context: PageContext,
  user: User,
  next: string,
  cookies: readonly string[] = [],
): Promise<Response> {
  if (context.session) await identity.sessions.end(context.session.sessionId);
  const { cookie, session } = await identity.sessions.begin(user.id);
  const { client } = context;
  const { loginSeconds } = identity.cookies;
  return context.redirect(next, [
    identity.cookies.write('login', cookie, client, loginSeconds),
    identity.cookies.write('sessionId', session.sessionId, client),
    viewCookieOf(identity, session, client),
    identity.cookies.write('xsrf', identity.xsrf.issue({ session }), client),
    ...cookies,
  ]);
}

/** Goes on as whoever is signed in; with the view cookie again, because who is sent here from a dashboard has lost it. */
export function goOn(identity: Identity, context: PageContext, session: Session): Response {
  return context.redirect(nextOf(context), [viewCookieOf(identity, session, context.client)]);
}

function viewCookieOf({ cookies, view }: Identity, session: Session, client: Client): string {
  return cookies.write('view', view.issue(session), client, cookies.loginSeconds);
}
