/** Names of cookies that are the hub's own: credentials or their companions, never the business of code that users control. */
const hubCookieName = /^(?:__host-|__secure-)?(?:jupyterhub-|atoll[-_])|^(?:__host-|__secure-)?_xsrf$/i;

/** Removes the hub's cookies from a Cookie field; what is not `name=value` goes too. Undefined when nothing is left. */
export function withoutHubCookies(cookie: string): string | undefined {
  const kept = cookie
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.indexOf('=') > 0 && !hubCookieName.test(pair.slice(0, pair.indexOf('=')).trim()));
  return kept.length === 0 ? undefined : kept.join('; ');
}

/** Whether a Set-Cookie field would set one of the hub's cookies. */
export function setsHubCookie(setCookie: string): boolean {
  const pair = setCookie.split(';', 1)[0] as string;
  return hubCookieName.test(pair.split('=', 1)[0]?.trim() ?? '');
}
