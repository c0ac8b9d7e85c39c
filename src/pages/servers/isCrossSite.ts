import { clientOf } from '../../identity/http/client.ts';
import { isForeign } from '../../identity/http/judgeXsrf.ts';

/**
 * Whether a page of another site led the browser here: then nothing may be started without a click on a page of the hub's
 * own. Browsers say so in `Sec-Fetch-Site`; where they do not (plain http), the `Referer` tells. A request with neither was
 * typed in, or comes from a program.
 */
export function isCrossSite(request: Request): boolean {
  if (request.headers.has('sec-fetch-site')) return isForeign(request);
  const referer = request.headers.get('referer');
  if (referer === null) return isForeign(request);
  return !URL.canParse(referer) || new URL(referer).host.toLowerCase() !== clientOf(request).host;
}
