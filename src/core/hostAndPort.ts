/** `HOST:PORT` as URLs have it: an IPv6 address stands in brackets (RFC 3986 section 3.2.2). */
export function hostAndPort(host: string, port: number | string): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
