import type { Socket } from 'node:net';
import { messageOf } from '../core/errors.ts';
import { parseClientHello } from './clientHello.ts';
import type { Watched } from './deadlines.ts';
import type { EdgeContext } from './edgeContext.ts';
import { listen } from './listen.ts';
import type { SniEntry } from './routeTable.ts';
import { splice } from './splice.ts';
import { connectTarget } from './target.ts';

/** The names of Dask clusters, which may be asked for a moment before their route arrives. */
const clusterName = /^daskgateway-[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i;
const longestHello = 16 * 1024;

/**
 * A TLS connection on its way to the target that its ClientHello names. The edge reads the ClientHello, passes it on and
 * splices; it never opens the TLS. What has no route is closed without a word.
 */
export class TlsPassthrough implements Watched {
  readonly #edge: EdgeContext;
  readonly #client: Socket;
  readonly #unlisten: () => void;
  #received = Buffer.alloc(0);
  #stopWaiting: (() => void) | undefined;
  #upstream: Socket | undefined;
  deadline: number;

  constructor(edge: EdgeContext, client: Socket) {
    this.#edge = edge;
    this.#client = client;
    this.deadline = edge.deadlines.now + edge.limits.helloMs;
    edge.deadlines.add(this);
    this.#unlisten = listen(client, {
      data: (chunk) => this.take(chunk),
      end: () => client.destroy(),
      close: () => this.#leave(),
    });
  }

  /** Takes bytes from the client, until its ClientHello is complete. */
  take(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk]);
    const hello = parseClientHello(this.#received);
    if (hello.kind === 'incomplete' && this.#received.length < longestHello) return;
    if (hello.kind !== 'complete' || hello.serverName === undefined) {
      this.#client.destroy();
      return;
    }
    this.#client.pause();
    const entry = this.#edge.table.matchSni(hello.serverName);
    if (entry !== undefined) this.#connect(entry);
    else this.#awaitRoute(hello.serverName);
  }

  /** Neither a whole ClientHello, nor its route, nor its target came in time. */
  onDeadline(): void {
    this.#client.destroy();
  }

  #awaitRoute(serverName: string): void {
    const { limits, counts, deadlines, table } = this.#edge;
    if (!clusterName.test(serverName) || counts.heldTls >= limits.heldTls) {
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
    const upstream = connectTarget(entry.route.target);
    this.#upstream = upstream;
    this.deadline = deadlines.now + limits.connectMs;
    const unlisten = listen(upstream, {
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

  #splice(entry: SniEntry, upstream: Socket): void {
    const { counts, deadlines } = this.#edge;
    this.#unlisten();
    deadlines.delete(this);
    upstream.write(this.#received);
    entry.activity.opened();
    counts.tunnels++;
    splice(this.#client, upstream, {
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
    this.#upstream?.destroy();
  }
}
