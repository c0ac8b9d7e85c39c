/**
 * Which of the hub's cookies do not pass between browsers and a target. `none`: all pass, it is the hub. `login`: the
 * credential of a login, which is the business of the hub alone. `all`: its companions too, for code that users control.
 */
export type WithheldCookies = 'none' | 'login' | 'all';

const namesOf: Readonly<Record<Exclude<WithheldCookies, 'none'>, RegExp>> = {
  login: /^(?:__host-|__secure-)?jupyterhub-hub-login$/i,
  all: /^(?:__host-|__secure-)?(?:jupyterhub-|atoll[-_])|^(?:__host-|__secure-)?_xsrf$/i,
};

/** Whether a Cookie field has any that is withheld. */
export function hasWithheldCookie(cookie: string, withheld: WithheldCookies): boolean {
  // Nearly every request has none of these.
  return withheld === 'all' || (withheld === 'login' && cookie.toLowerCase().includes('jupyterhub-hub-login'));
}

/** Removes cookies that are withheld from a Cookie field; what is not `name=value` goes too. Undefined when nothing is left. */
export function withoutHubCookies(cookie: string, withheld: Exclude<WithheldCookies, 'none'>): string | undefined {
  const kept = cookie
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.indexOf('=') > 0 && !namesOf[withheld].test(pair.slice(0, pair.indexOf('=')).trim()));
  return kept.length === 0 ? undefined : kept.join('; ');
}

/** Whether a Set-Cookie field would set a cookie that is withheld. */
export function setsHubCookie(setCookie: string, withheld: WithheldCookies): boolean {
  if (withheld === 'none') return false;
  // A cookie without a name, `=name=x`, comes back as `name=x`.
  const pair = (setCookie.split(';', 1)[0] as string).replace(/^\s*=/, '');
  return namesOf[withheld].test(pair.split('=', 1)[0]?.trim() ?? '');
}
