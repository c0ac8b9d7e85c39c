import type { Session } from '../sessions.ts';
import { clientOf } from './client.ts';
import type { XsrfTokens } from './xsrfTokens.ts';

/** Whether a cookie may be believed, and why not. The texts are JupyterHub's, which clients know. */
export type XsrfVerdict = { ok: true } | { ok: false; message: string };

/** Where a token can be sent: the query or form field `_xsrf`, then the headers. */
export function submittedXsrf(request: Request, form?: Readonly<Record<string, string>>): string | undefined {
  return (
    new URL(request.url).searchParams.get('_xsrf') ??
    form?._xsrf ??
    request.headers.get('x-xsrftoken') ??
    request.headers.get('x-csrftoken') ??
    undefined
  );
}

/**
 * May a request act with the login that its cookie names, or did a page of somebody else's make the browser send it?
 *
 * * A request that changes something needs the login's XSRF token, and must not come from another site or origin.
 * * A request that only reads needs the token too, unless it is a navigation: another page cannot read the answer. A
 *   script on a user's server, which shares the hub's origin, is thus refused. (JupyterHub lets the mode `no-cors` pass for
 *   images and the like; but what `fetch()` gets in that mode from its own origin can be read as any other answer.)
 */
export function judgeXsrf(
  request: Request,
  session: Session,
  tokens: XsrfTokens,
  form?: Readonly<Record<string, string>>,
): XsrfVerdict {
  const reading = ['GET', 'HEAD', 'OPTIONS'].includes(request.method);
  if (reading) {
    if (isNavigation(request)) return { ok: true };
  } else if (isForeign(request)) return { ok: false, message: 'Cross-site request refused' };
  const submitted = submittedXsrf(request, form);
  if (submitted === undefined) return { ok: false, message: `'_xsrf' argument missing from ${request.method}` };
  return tokens.isValid(submitted, { session })
    ? { ok: true }
    : { ok: false, message: `XSRF cookie does not match ${request.method} argument` };
}

/**
 * Whether a person opens an address, as far as the browser says. A service worker (of a user's server) that opens it in the
 * browser's place, or is handed what the browser loads ahead for it, could read the answer: that is none.
 */
function isNavigation({ headers }: Request): boolean {
  const mode = headers.get('sec-fetch-mode');
  if (mode !== null && mode !== 'navigate') return false;
  return headers.get('sec-fetch-dest') !== 'empty' && !headers.has('service-worker-navigation-preload');
}

/** Whether the browser says that a page of another origin made the request. */
export function isForeign(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin' && site !== 'none') return true;
  const origin = request.headers.get('origin');
  if (origin === null) return false;
  try {
    return new URL(origin).host.toLowerCase() !== clientOf(request).host;
  } catch {
    return true;
  }
}
