import { chmodSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';

/** An address of the network. */
export interface NetworkAddress {
  host: string;
  port: number;
}

/** As long as an edge keeps a connection open that carries nothing; longer than the edge's own limit. */
const keepAliveMs = 150_000;
/** As long as a request may take to come in whole, its body (1 MiB at most) too: nobody holds many open by sending slowly. */
const requestMs = 60_000;
/** Bytes of a request's head: an OAuth state or a long `next=` makes it larger than Node's 16 KiB. */
const longestHead = 64 * 1024;
/** Connections that may wait to be accepted: more than people open while the hub is busy. The system may allow fewer. */
const backlog = 4096;

/**
 * Serves HTTP on a Unix socket that only this user may connect to, or on an address where the edge is elsewhere. A socket
 * that an earlier, killed process left there is replaced: the caller holds the data folder.
 */
export function listenOn(
  place: string | NetworkAddress,
  listener: RequestListener,
  limits: { requestMs: number } = { requestMs },
): Promise<Server> {
  if (typeof place === 'string') rmSync(place, { force: true });
  const server = createServer(
    {
      keepAliveTimeout: keepAliveMs,
      headersTimeout: limits.requestMs,
      requestTimeout: limits.requestMs,
      connectionsCheckingInterval: Math.min(5000, limits.requestMs / 2),
      maxHeaderSize: longestHead,
    },
    listener,
  );
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const listening = (): void => {
      if (typeof place === 'string') chmodSync(place, 0o600);
      resolve(server);
    };
    server.listen(typeof place === 'string' ? { path: place, backlog } : { ...place, backlog }, listening);
  });
}

/** Takes no new connection, lets answers under way end for at most `milliseconds`, then closes what is left. */
export async function closeServer(server: Server, milliseconds: number): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeIdleConnections();
  const patience = setTimeout(() => server.closeAllConnections(), milliseconds);
  await closed;
  clearTimeout(patience);
}
