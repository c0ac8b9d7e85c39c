import type { Socket } from 'node:net';
import { messageOf } from '../../core/errors.ts';
import type { Watched } from '../connections/deadlines.ts';
import { listen } from '../connections/listen.ts';
import { splice } from '../connections/splice.ts';
import { Wire } from '../connections/wire.ts';
import type { EdgeContext } from '../edgeContext.ts';
import type { SniEntry } from '../routeTable.ts';
import { parseClientHello } from './clientHello.ts';

/** The names of Dask clusters, which may be asked for a moment before their route arrives. */
const clusterName = /^daskgateway-[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i;
const longestHello = 16 * 1024;

/**
 * A TLS connection on its way to the target that its ClientHello names. The edge reads the ClientHello, passes it on and
 * splices; it never opens the TLS of those. What is for no scheduler is for the edge itself, where it has a certificate, and
 * else closed without a word.
 */
export class TlsPassthrough implements Watched {
  readonly #edge: EdgeContext;
  readonly #wire: Wire;
  readonly #client: Socket;
  readonly #unlisten: () => void;
  #received = Buffer.alloc(0);
  #stopWaiting: (() => void) | undefined;
  #upstream: Wire | undefined;
  deadline: number;

  constructor(edge: EdgeContext, wire: Wire) {
    this.#edge = edge;
    this.#wire = wire;
    this.#client = wire.socket;
    this.deadline = edge.deadlines.now + edge.limits.helloMs;
    edge.deadlines.add(this);
    wire.receive = (chunk) => this.take(chunk);
    this.#unlisten = listen(this.#client, {
      end: () => this.#client.destroy(),
      close: () => this.#leave(),
    });
  }

  /** Takes bytes from the client, until its ClientHello is complete. */
  take(chunk: Buffer): boolean {
    this.#received = Buffer.concat([this.#received, chunk]);
    const hello = parseClientHello(this.#received);
    if (hello.kind === 'incomplete' && this.#received.length < longestHello) return false;
    if (hello.kind !== 'complete') {
      this.#client.destroy();
      return false;
    }
    this.#client.pause();
    const { serverName = '' } = hello;
    const entry = this.#edge.table.matchSni(serverName);
    if (entry !== undefined) this.#connect(entry);
    else if (clusterName.test(serverName)) this.#awaitRoute(serverName);
    else this.#handOver();
    return false;
  }

  /** Neither a whole ClientHello, nor its route, nor its target came in time. */
  onDeadline(): void {
    this.#client.destroy();
  }

  /** It is for the edge itself, or for nobody. */
  #handOver(): void {
    const { tls, deadlines } = this.#edge;
    if (tls === undefined) {
      this.#client.destroy();
      return;
    }
    this.#unlisten();
    deadlines.delete(this);
    tls.take(this.#client, this.#received);
  }

  #awaitRoute(serverName: string): void {
    const { limits, counts, deadlines, table } = this.#edge;
    if (counts.heldTls >= limits.heldTls) {
      this.#client.destroy();
      return;
    }
    counts.heldTls++;
    this.deadline = deadlines.now + limits.sniHoldMs;
    const forget = table.awaitSni(serverName, (entry) => {
      this.#endWaiting();
      this.#connect(entry);
    });
    this.#stopWaiting = () => {
      counts.heldTls--;
      forget();
    };
  }

  #endWaiting(): void {
    this.#stopWaiting?.();
    this.#stopWaiting = undefined;
  }

  #connect(entry: SniEntry): void {
    const { deadlines, limits, log } = this.#edge;
    const upstream = Wire.dial(entry.route.target);
    this.#upstream = upstream;
    this.deadline = deadlines.now + limits.connectMs;
    const unlisten = listen(upstream.socket, {
      connect: () => {
        unlisten();
        this.#splice(entry, upstream);
      },
      error: (error) => {
        log('warn', { route: entry.route.id, reason: messageOf(error) }, 'the target of a TLS route cannot be reached');
        this.#client.destroy();
      },
    });
  }

  #splice(entry: SniEntry, upstream: Wire): void {
    const { counts, deadlines } = this.#edge;
    this.#unlisten();
    deadlines.delete(this);
    upstream.socket.write(this.#received);
    entry.activity.opened();
    counts.tunnels++;
    splice(this.#wire, upstream, {
      onClientData: () => entry.activity.touch(),
      onClosed: () => {
        counts.tunnels--;
        entry.activity.closed();
      },
    });
  }

  /** The client is gone before the splice began. */
  #leave(): void {
    this.#edge.deadlines.delete(this);
    this.#endWaiting();
    this.#upstream?.socket.destroy();
  }
}
