import { clientOf } from '../identity/http/client.ts';
import type { PublicUrls } from '../identity/publicUrls.ts';
import { isProgram, notRunningReply } from '../pages/servers/notRunningReply.ts';

type Answer = (request: Request) => Response | Promise<Response>;

/**
 * The same application below the hub's base, and on the hub's host only. Its own paths are as if it were at `/`: they lose the
 * base on the way in, and get it on the way out where they stand in a header. Whoever asks for a path outside the base is
 * led to the same one below it, so that old links work. At `/` on one host nothing is done.
 */
export function servedBelow(urls: PublicUrls, answer: Answer): Answer {
  if (urls.base === '/' && !urls.hasSubdomains) return answer;
  return async (request) => {
    const { origin, path, query } = partsOf(request.url);
    // A user's or service's host is theirs alone: no page of the hub's is on it, which a page there could read.
    if (urls.isSubdomain(clientOf(request).host)) return fromSubdomain(urls, request, path + query);
    const own = urls.own(path);
    if (own === undefined) return redirect(urls.path(path) + query);
    const response = await answer(urls.base === '/' ? request : new Request(origin + own + query, request));
    if (urls.base !== '/') addBase(urls, response.headers);
    return response;
  };
}

/** What a server's own host gets for a path without a route: the server does not run, which the hub's pages deal with. */
function fromSubdomain(urls: PublicUrls, request: Request, pathAndQuery: string): Response {
  if (isProgram(request)) return notRunningReply(request, urls, '/hub/home');
  return redirect(urls.origin + pathAndQuery);
}

function redirect(location: string): Response {
  return new Response(null, { status: 302, headers: { Location: location } });
}

function addBase(urls: PublicUrls, headers: Headers): void {
  const location = headers.get('location');
  if (location !== null) headers.set('Location', urls.location(location));
  const policy = headers.get('content-security-policy');
  if (policy !== null)
    headers.set('Content-Security-Policy', policy.replace('report-uri /hub/', `report-uri ${urls.path('/hub/')}`));
}

function partsOf(url: string): { origin: string; path: string; query: string } {
  const start = url.indexOf('/', url.indexOf('//') + 2);
  const question = url.indexOf('?', start);
  const end = question === -1 ? url.length : question;
  return { origin: url.slice(0, start), path: url.slice(start, end), query: url.slice(end) };
}
