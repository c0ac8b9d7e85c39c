import type { RequestHead } from './requestHead.ts';

/**
 * Whether a browser sent the request from a page of another origin. A client that is no browser sends no Origin, and is
 * not foreign. The scheme is not compared: TLS may end before the edge.
 * @param host the host and port that the client asked for
 */
export function isForeignOrigin({ fields }: RequestHead, host: string): boolean {
  const origin = fields.get('origin');
  if (origin === undefined) return false;
  const authority = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
  if (authority === undefined) return true;
  return withoutDefaultPort(authority) !== withoutDefaultPort(host);
}

function withoutDefaultPort(authority: string): string {
  return authority.toLowerCase().replace(/:(?:80|443)$/, '');
}
