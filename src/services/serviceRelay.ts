import { connect, createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../core/errors.ts';
import type { PublicUrls } from '../identity/publicUrls.ts';
import type { Logger } from '../observability/logger.ts';
import type { ServiceAddress } from './servicePlaces.ts';

/** The port at which a hub in a pod passes connections on to the services beside it. */
export const relayPort = 8083;
/** Of the first line of a request, in bytes: as long as an edge lets it be, and more. */
const longestLine = 64 * 1024;
const lineMs = 10_000;

/** What a {@link ServiceRelay} works with. */
export interface ServiceRelayOptions {
  /** Where it listens. */
  host: string;
  port: number;
  /** Where the services are, by name. */
  places: ReadonlyMap<string, ServiceAddress>;
  /** Says where services are for those who use them. */
  urls: Pick<PublicUrls, 'own'>;
  log: Logger;
}

/**
 * Passes connections of edges in other pods on to services in the hub's own. An edge keeps connections for each route: the
 * first line of what comes in, `GET /services/NAME/… HTTP/1.1` (with the hub's base in front), tells for which service all
 * of it is.
 */
export class ServiceRelay {
  readonly #options: ServiceRelayOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(options: ServiceRelayOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  /** Begins to listen where there is a service. When it cannot, that is told to the log; the hub has more to do than this. */
  open(): Promise<void> {
    const { host, port, places, log } = this.#options;
    if (places.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#server.once('error', (error) => {
        log.error({ port, error: messageOf(error) }, 'edges cannot reach the services beside the hub');
        resolve();
      });
      this.#server.listen({ host, port }, resolve);
    });
  }

  /** Where it listens. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : this.#options.port;
  }

  /** Stops listening, and ends what is open. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(client: Socket): void {
    this.#keep(client);
    client.setTimeout(lineMs, () => client.destroy());
    let begun = Buffer.alloc(0);
    const read = (chunk: Buffer): void => {
      begun = Buffer.concat([begun, chunk]);
      const end = begun.indexOf('\n');
      if (end === -1 && begun.length < longestLine) return;
      client.off('data', read);
      client.pause();
      client.setTimeout(0);
      const { places, urls } = this.#options;
      const place = places.get(serviceIn(begun.toString('latin1', 0, end), urls));
      if (place) this.#pass(client, begun, place);
      else client.destroy();
    };
    client.on('data', read);
  }

  #pass(client: Socket, begun: Buffer, place: ServiceAddress): void {
    const service = connect({ ...place, allowHalfOpen: true, noDelay: true });
    this.#keep(service);
    client.once('close', () => service.destroy());
    service.once('close', () => client.destroy());
    service.write(begun);
    client.pipe(service).pipe(client);
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    // Its end is what counts.
    socket.on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
  }
}

/** The name of the service that a request is for, as its path has it; empty when it is for none. */
function serviceIn(line: string, urls: Pick<PublicUrls, 'own'>): string {
  const path = /^[A-Z]+ (\/[^? ]*)/.exec(line)?.[1] ?? '';
  const encoded = /^\/services\/([^/]+)/.exec(urls.own(path) ?? '')?.[1] ?? '';
  try {
    return decodeURIComponent(encoded);
  } catch {
    return '';
  }
}
