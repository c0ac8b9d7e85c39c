import { authenticateGatewayRequest } from '../api/gateway/authenticateGatewayRequest.ts';
import { maySee, mayViewDashboard } from '../clusters/clusterAccess.ts';
import { clusterOfDashboardRoute } from '../clusters/clusterRoutes.ts';
import type { Clusters } from '../clusters/clusters.ts';
import type { GrantAnswer, GrantQuestion } from '../edge/protocol.ts';
import type { Identity } from '../identity/identity.ts';
import type { Principal } from '../identity/principal.ts';
import type { PublicUrls } from '../identity/publicUrls.ts';

/** How long the edge may go on without asking again. A logout or a revoked token ends a grant at once all the same. */
const ttlSeconds = 60;
/** The same for those with whom something is shared: the end of that is noticed so late. */
const sharedTtlSeconds = 10;

/** What {@link answerGrant} needs. */
export interface GrantParts {
  identity: Identity;
  clusters: Clusters;
  /** What the hub answers when there is no such cluster, and thus also when it is somebody else's. */
  answer: (request: Request) => Response | Promise<Response>;
}

/**
 * Answers whether a request may pass to a Dask dashboard: only those may of its cluster's owner, of administrators, and of
 * those with whom the server is shared on which it was made.
 */
export async function answerGrant(
  { identity, clusters, answer }: GrantParts,
  question: GrantQuestion,
): Promise<GrantAnswer> {
  const viewers = await viewersOf(identity, question);
  const wantsPage = (question.headers.accept ?? '').includes('text/html');
  if (viewers.length === 0)
    return refusal(wantsPage ? signIn(identity.urls, question.path) : problem(403, 'Missing or invalid credentials.'));
  const clusterName = clusterOfDashboardRoute(question.routeId);
  const cluster = clusterName === undefined ? undefined : await clusters.get(clusterName);
  const viewer = viewers.find((principal) => mayViewDashboard(principal, cluster));
  if (!viewer) return refusal(await asText(answer(requestOf(question))));
  const isOwn = cluster !== undefined && maySee(viewer, cluster);
  return { allowed: true, ttlSeconds: isOwn ? ttlSeconds : sharedTtlSeconds, grant: grantOf(viewer) };
}

/** The name under which a grant is revoked: the login or the token that it rests on. */
function grantOf({ sessionId, tokenId, name }: Principal): string {
  if (tokenId !== undefined) return `token:${tokenId}`;
  return sessionId === undefined ? `service:${name}` : `session:${sessionId}`;
}

/**
 * Who looks: by a token, and by the view cookie. The login cookie stays at /hub/, so a browser shows its view cookie, which is
 * good for looking only and thus needs no XSRF token; the edge refuses WebSockets of foreign pages. JupyterLab adds to what it
 * asks for the token of its own server, which is good for that server only.
 */
async function viewersOf(identity: Identity, question: GrantQuestion): Promise<Principal[]> {
  const { authorization, cookie = '' } = question.headers;
  const byToken =
    authorization === undefined ? undefined : await authenticateGatewayRequest(identity, requestOf(question));
  const byCookie = await identity.fromViewCookies(cookie);
  return [byToken, byCookie].filter((principal) => principal !== undefined);
}

function requestOf({ path, headers }: GrantQuestion): Request {
  return new Request(new URL(path, 'http://edge'), { headers });
}

type Refusal = (GrantAnswer & { allowed: false })['response'];

function refusal(response: Refusal): GrantAnswer {
  return { allowed: false, response };
}

async function asText(pending: Response | Promise<Response>): Promise<Refusal> {
  const response = await pending;
  // Cookies are for the hub's own pages, of which this is none.
  response.headers.delete('set-cookie');
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

function signIn(urls: PublicUrls, path: string): Refusal {
  const location = urls.path(`/hub/login?next=${encodeURIComponent(path)}`);
  return { status: 302, headers: { location }, body: '' };
}

function problem(status: number, message: string): Refusal {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ status, message, error: message }),
  };
}
