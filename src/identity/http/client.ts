/** From where a request comes, as the edge says: it replaces any `X-Forwarded-*` header that the client sent itself. */
export interface Client {
  /** The network address, or `unknown` for a request that did not come through the edge. */
  address: string;
  scheme: 'http' | 'https';
  /** Host and port as the client addressed them. */
  host: string;
  userAgent: string;
}

/** Who sent a request to which address. */
export function clientOf(request: Request): Client {
  const { headers } = request;
  const forwardedHost = headers.get('x-forwarded-host') ?? headers.get('host') ?? '';
  return {
    address: headers.get('x-forwarded-for')?.split(',').at(-1)?.trim() || 'unknown',
    scheme: headers.get('x-forwarded-proto') === 'https' ? 'https' : 'http',
    host: /^[\w.[\]:-]+$/.test(forwardedHost) ? forwardedHost.toLowerCase() : new URL(request.url).host,
    userAgent: headers.get('user-agent') ?? '',
  };
}

/** Who opened the connection to the edge: the client itself, or a trusted proxy in front. Clients cannot write the field. */
export function peerOf(request: Request): string {
  return request.headers.get('x-forwarded-peer') ?? clientOf(request).address;
}
