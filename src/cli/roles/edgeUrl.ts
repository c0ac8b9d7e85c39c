import { hostAndPort } from '../../core/hostAndPort.ts';

/** Where what runs on this machine reaches an edge that listens on `host` and `port`. */
export function edgeUrl(host: string, port: number): string {
  const everywhere = host === '0.0.0.0' || host === '::';
  return `http://${hostAndPort(everywhere ? '127.0.0.1' : host, port)}`;
}
