import type { RequestHead } from './requestHead.ts';

/** Whom a request comes from, as the edge sees it. */
export interface Peer {
  /** IP address, IPv4 ones without the `::ffff:` of dual-stack sockets. */
  address: string;
  /** A proxy whose own X-Forwarded fields count. */
  trusted: boolean;
}

/**
 * The X-Forwarded lines that a server gets to see. From an untrusted peer they say only what the edge itself knows; a
 * trusted one's own values are kept, and its address is appended to X-Forwarded-For.
 */
export function forwardedFields(head: RequestHead, peer: Peer): string {
  if (!peer.trusted) return lines(peer.address, 'http', head.host);
  const { fields } = head;
  const addresses = fields.get('x-forwarded-for');
  const proto = fields.get('x-forwarded-proto') ?? 'http';
  const host = hostSeenByClient(head, peer);
  return lines(
    addresses === undefined ? peer.address : `${addresses}, ${peer.address}`,
    proto,
    host,
    fields.get('x-forwarded-port'),
  );
}

/** The host that the client itself asked for: a trusted proxy in front may ask for another one. */
export function hostSeenByClient({ fields, host }: RequestHead, { trusted }: Peer): string {
  return (trusted && fields.get('x-forwarded-host')) || host;
}

function lines(addresses: string, proto: string, host: string, port = portOf(host, proto)): string {
  return `X-Forwarded-For: ${addresses}\r\nX-Forwarded-Proto: ${proto}\r\nX-Forwarded-Host: ${host}\r\nX-Forwarded-Port: ${port}\r\n`;
}

function portOf(host: string, proto: string): string {
  return /:(\d+)$/.exec(host)?.[1] ?? (proto === 'https' ? '443' : '80');
}
