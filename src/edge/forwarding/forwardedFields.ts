import { isIP } from 'node:net';
import type { RequestHead } from '../http/requestHead.ts';
import type { TrustedProxies } from './trustedProxies.ts';

/** Whom a request comes from, as the edge sees it. */
export interface Peer {
  /** IP address, IPv4 ones without the `::ffff:` of dual-stack sockets. */
  address: string;
  /** Which proxies' own X-Forwarded fields count. */
  proxies: TrustedProxies;
  /** Its connection is TLS, which the edge ended. */
  isSecure: boolean;
}

/**
 * The X-Forwarded lines that a server gets to see. From an untrusted peer they say only what the edge itself knows. What a
 * trusted one says is kept; the last address of X-Forwarded-For is then that of the client, since those of trusted proxies
 * behind it are left out: whoever reads it need not know them.
 */
export function forwardedFields(head: RequestHead, peer: Peer): string {
  const proto = peer.isSecure ? 'https' : 'http';
  if (!isTrusted(peer)) return lines(peer.address, proto, head.host);
  const { fields } = head;
  const seenByProxy = lines(
    addressesUpToClient(fields.get('x-forwarded-for'), peer),
    fields.get('x-forwarded-proto') ?? proto,
    hostSeenByClient(head, peer),
    fields.get('x-forwarded-port'),
  );
  // Whoever believes more of the proxy (who somebody is) has to know that it is the one.
  return `${seenByProxy}X-Forwarded-Peer: ${peer.address}\r\n`;
}

/** The host that the client itself asked for: a trusted proxy in front may ask for another one. */
export function hostSeenByClient({ fields, host }: RequestHead, peer: Peer): string {
  return (isTrusted(peer) && fields.get('x-forwarded-host')) || host;
}

function isTrusted({ address, proxies }: Peer): boolean {
  return proxies.has(address);
}

/** Each trusted proxy vouches for the address before its own, and for nothing further: a client can write the others. */
function addressesUpToClient(forwardedFor: string | undefined, { address, proxies }: Peer): string {
  const addresses = [...(forwardedFor ?? '').split(',').map(plainAddress).filter(Boolean), address];
  while (addresses.length > 1 && proxies.has(addresses.at(-1) ?? '') && isIP(addresses.at(-2) ?? '') !== 0)
    addresses.pop();
  return addresses.join(', ');
}

/** Without the port that some proxies write with it: `10.0.0.1:4711`, `[::1]:4711`. */
function plainAddress(written: string): string {
  const text = written.trim();
  return /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}

function lines(addresses: string, proto: string, host: string, port = portOf(host, proto)): string {
  return `X-Forwarded-For: ${addresses}\r\nX-Forwarded-Proto: ${proto}\r\nX-Forwarded-Host: ${host}\r\nX-Forwarded-Port: ${port}\r\n`;
}

function portOf(host: string, proto: string): string {
  return /:(\d+)$/.exec(host)?.[1] ?? (proto === 'https' ? '443' : '80');
}
