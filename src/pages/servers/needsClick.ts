import { clientOf } from '../../identity/http/client.ts';
import { isForeign } from '../../identity/http/judgeXsrf.ts';

/**
 * Whether a page that starts something when it is opened must wait for a click instead: because a page of another site led
 * the browser here, or because nobody has opened it (the browser loads ahead, a program asks for headers only). Browsers
 * name the site in `Sec-Fetch-Site`; where they do not (plain http), the `Referer` tells. A request with neither was typed
 * in, or comes from a program. The click is a POST, which the XSRF token protects.
 */
export function needsClick(request: Request): boolean {
  const { method, headers } = request;
  if (method === 'POST') return false;
  if (method !== 'GET' || ['sec-purpose', 'purpose', 'x-moz'].some((name) => headers.has(name))) return true;
  const referer = headers.get('referer');
  if (headers.has('sec-fetch-site') || referer === null) return isForeign(request);
  return !URL.canParse(referer) || new URL(referer).host.toLowerCase() !== clientOf(request).host;
}
