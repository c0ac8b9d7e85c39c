import type { RequestHead } from './requestHead.ts';

/**
 * Whether a browser sent the request from a page of another origin. A client that is no browser sends no Origin, and is
 * not foreign. The scheme is not compared: TLS may end before the edge.
 */
export function isForeignOrigin({ fields, host }: RequestHead): boolean {
  const origin = fields.get('origin');
  if (origin === undefined) return false;
  const authority = /^https?:\/\/([^/]+)$/i.exec(origin)?.[1];
  if (authority === undefined) return true;
  return withoutDefaultPort(authority) !== withoutDefaultPort(host);
}

function withoutDefaultPort(authority: string): string {
  return authority.toLowerCase().replace(/:(?:80|443)$/, '');
}
