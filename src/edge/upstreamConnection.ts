import type { Socket } from 'node:net';
import { HeadReader } from './headReader.ts';
import { listen } from './listen.ts';
import type { Target } from './protocol.ts';
import { Wire } from './wire.ts';

/** The request that uses an {@link UpstreamConnection} now. */
export interface UpstreamUser {
  onConnected(): void;
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

/** One connection to a server, for one request at a time. */
export class UpstreamConnection {
  readonly wire: Wire;
  readonly socket: Socket;
  readonly head: HeadReader;
  user: UpstreamUser | undefined;
  /** Milliseconds on the clock of `Deadlines`, while in a pool. */
  idleSince = 0;
  readonly #onGone: (connection: UpstreamConnection) => void;
  readonly #unlisten: () => void;

  /** @param onGone called once, when the connection is closed or was handed over by {@link detach}. */
  constructor(
    target: Target,
    limits: UpstreamLimits,
    user: UpstreamUser,
    onGone: (connection: UpstreamConnection) => void,
  ) {
    this.user = user;
    this.head = new HeadReader(limits.headBytes);
    this.#onGone = onGone;
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
        this.user?.onConnected();
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
        onGone(this);
        this.user?.onUpstreamLost(lost);
      },
    });
  }

  /** Gives the bare connection away, for what comes after `101 Switching Protocols`. */
  detach(): Wire {
    this.#unlisten();
    this.user = undefined;
    this.#onGone(this);
    return this.wire;
  }

  /** Ends it without telling its user. */
  drop(): void {
    this.user = undefined;
    this.socket.destroy();
  }
}
