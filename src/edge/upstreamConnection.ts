import type { Socket } from 'node:net';
import { HeadReader } from './headReader.ts';
import { listen } from './listen.ts';
import type { Target } from './protocol.ts';
import { connectTarget } from './target.ts';

/** The request that uses an {@link UpstreamConnection} now. */
export interface UpstreamUser {
  onConnected(): void;
  onUpstreamData(chunk: Buffer): void;
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
    const socket = connectTarget(target);
    this.socket = socket;
    const timer = setTimeout(() => socket.destroy(new Error('no answer to the connection attempt')), limits.connectMs);
    let lost: Error | undefined;
    this.#unlisten = listen(socket, {
      connect: () => {
        clearTimeout(timer);
        this.user?.onConnected();
      },
      data: (chunk) => {
        // A server that speaks without being asked could be answering the next person's request.
        if (this.user === undefined) socket.destroy();
        else this.user.onUpstreamData(chunk);
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

  /** Gives the bare socket away, for what comes after `101 Switching Protocols`. */
  detach(): Socket {
    this.#unlisten();
    this.user = undefined;
    this.#onGone(this);
    return this.socket;
  }

  /** Ends it without telling its user. */
  drop(): void {
    this.user = undefined;
    this.socket.destroy();
  }
}
