import type { EdgeAnswer } from '../http/errorPage.ts';
import type { RequestHead } from '../http/requestHead.ts';
import type { Peer } from './forwardedFields.ts';

/**
 * The answer to a request that came in plain text for a host that people reach by HTTPS; undefined: it need not be sent
 * on. A trusted proxy in front may have ended the TLS itself.
 * @param hosts names in lower case
 */
export function secureLocation(request: RequestHead, peer: Peer, hosts: readonly string[]): EdgeAnswer | undefined {
  if (hosts.length === 0 || peer.isSecure || peer.proxies.has(peer.address)) return undefined;
  const name = request.host.replace(/:\d+$/, '').toLowerCase();
  // Users and services may have hosts of their own below it.
  if (!hosts.some((host) => name === host || name.endsWith(`.${host}`))) return undefined;
  // The method and the body stay what they are.
  return { status: 308, headers: { Location: `https://${name}${request.pathAndQuery}` }, body: '' };
}
