import type { Socket } from 'node:net';
import { HeadReader } from '../http/headReader.ts';
import type { Target } from '../protocol.ts';
import { listen } from './listen.ts';
import { Wire } from './wire.ts';

/** The request that uses an {@link UpstreamConnection} now. */
export interface UpstreamUser {
  /** A connection is there for it: a new one, or one that was idle before, which the server may have closed meanwhile. */
  onConnected(connection: UpstreamConnection, reused: boolean): void;
  /** Bytes came; returns whether `chunk` is still needed afterwards (see `Receiver`). */
  onUpstreamData(chunk: Buffer): boolean;
  /** The server has sent its last byte. */
  onUpstreamEnd(): void;
  /** Bytes can be written again. */
  onUpstreamDrain(): void;
  /** The connection is gone, or never came to be. */
  onUpstreamLost(error: Error | undefined): void;
}

/** The limits that concern connections to servers. */
export interface UpstreamLimits {
  /** Bytes that a head, of a request or a response, may have. */
  headBytes: number;
  /** Milliseconds until an attempt to connect is given up. */
  connectMs: number;
}

/** Who keeps an {@link UpstreamConnection}. */
export interface UpstreamOwner {
  /** It can be used. */
  onConnected(connection: UpstreamConnection): void;
  /** Called once: it is closed, with what went wrong, or was handed over by {@link UpstreamConnection.detach}. */
  onGone(connection: UpstreamConnection, error: Error | undefined): void;
}

/** One connection to a server, for one request at a time. */
export class UpstreamConnection {
  readonly wire: Wire;
  readonly socket: Socket;
  readonly head: HeadReader;
  user: UpstreamUser | undefined;
  /** Milliseconds on the clock of `Deadlines`, while in a pool. */
  idleSince = 0;
  readonly #owner: UpstreamOwner;
  readonly #unlisten: () => void;

  /** @param user whom it is for; undefined: whoever is first when it is there */
  constructor(target: Target, limits: UpstreamLimits, user: UpstreamUser | undefined, owner: UpstreamOwner) {
    this.user = user;
    this.head = new HeadReader(limits.headBytes);
    this.#owner = owner;
    const wire = Wire.dial(target);
    const { socket } = wire;
    this.wire = wire;
    this.socket = socket;
    const timer = setTimeout(() => socket.destroy(new Error('no answer to the connection attempt')), limits.connectMs);
    let lost: Error | undefined;
    wire.receive = (chunk) => {
      if (this.user !== undefined) return this.user.onUpstreamData(chunk);
      // A server that speaks without being asked could be answering the next person's request.
      socket.destroy();
      return false;
    };
    this.#unlisten = listen(socket, {
      connect: () => {
        clearTimeout(timer);
        owner.onConnected(this);
      },
      end: () => {
        if (this.user === undefined) socket.destroy();
        else this.user.onUpstreamEnd();
      },
      drain: () => this.user?.onUpstreamDrain(),
      error: (error) => {
        lost = error;
      },
      close: () => {
        clearTimeout(timer);
        owner.onGone(this, lost);
        this.user?.onUpstreamLost(lost);
      },
    });
  }

  /** Gives the bare connection away, for what comes after `101 Switching Protocols`. */
  detach(): Wire {
    this.#unlisten();
    this.user = undefined;
    this.#owner.onGone(this, undefined);
    return this.wire;
  }

  /** Ends it without telling its user. */
  drop(): void {
    this.user = undefined;
    this.socket.destroy();
  }
}
