import type { ResponseHead } from '../http/responseHead.ts';
import { setsHubCookie, type WithheldCookies } from './hubCookies.ts';

const hopByHop = new Set(['connection', 'keep-alive', 'proxy-connection', 'upgrade']);
/** Fields that a server cannot declare to be for the edge only. */
const kept = new Set(['content-length', 'transfer-encoding', 'content-type', 'content-encoding', 'set-cookie']);

/**
 * What nobody may say behind the edge (the hub does not), since it speaks for the whole origin, the hub's pages included: that
 * a service worker may answer for other paths than its own, and that the browser shall forget the origin's data.
 */
const forTheWholeOrigin = new Set(['service-worker-allowed', 'clear-site-data']);

/** How a response is passed on. */
export interface ResponseForwarding {
  /** The client's connection stays open after it; `implicit` for HTTP/1.1, where that need not be said. */
  connection: 'implicit' | 'keep-alive' | 'close';
  /** The chunks are taken apart, for an HTTP/1.0 client. */
  dechunked: boolean;
  /** Which cookies with the hub's names are not let through. */
  withheld: WithheldCookies;
}

/** The head of a final response that the client gets. */
export function forwardedResponseHead(head: ResponseHead, forwarding: ResponseForwarding): string {
  const { fields, status } = head;
  const listed = head.connectionNames;
  const bodiless = status === 204 || status < 200;
  const lines = fields.lines((name, index) => {
    if (hopByHop.has(name)) return false;
    if (listed?.has(name) && !kept.has(name)) return false;
    if (name === 'transfer-encoding') return !forwarding.dechunked && !bodiless;
    if (name === 'content-length') return !bodiless;
    if (forTheWholeOrigin.has(name)) return false;
    return !(name === 'set-cookie' && setsHubCookie(fields.value(index), forwarding.withheld));
  });
  return `HTTP/1.1 ${status}${head.reason}\r\n${lines}${connectionLines(head, forwarding)}\r\n`;
}

function connectionLines(head: ResponseHead, forwarding: ResponseForwarding): string {
  const upgrade = head.status === 101 || head.status === 426 ? head.fields.get('upgrade') : undefined;
  if (head.status === 101) return `Connection: Upgrade\r\nUpgrade: ${upgrade ?? ''}\r\n`;
  const offer = upgrade === undefined ? '' : `Upgrade: ${upgrade}\r\n`;
  if (forwarding.connection === 'implicit') return offer && `Connection: upgrade\r\n${offer}`;
  return `Connection: ${forwarding.connection}${offer && ', upgrade'}\r\n${offer}`;
}
