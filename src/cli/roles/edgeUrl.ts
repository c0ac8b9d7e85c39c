import { isIP } from 'node:net';

/** Where what runs on this machine reaches an edge that listens on `host` and `port`. */
export function edgeUrl(host: string, port: number): string {
  const everywhere = host === '0.0.0.0' || host === '::';
  const reachable = everywhere ? '127.0.0.1' : host;
  return `http://${isIP(reachable) === 6 ? `[${reachable}]` : reachable}:${port}`;
}
