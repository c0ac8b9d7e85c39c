import { type OnReadOpts, Socket, type SocketConstructorOpts } from 'node:net';
import type { Target } from '../protocol.ts';
import { giveReadBuffer, largerRead, largestRead, smallestRead, takeReadBuffer } from './readBuffers.ts';
import { connectTarget } from './target.ts';

/**
 * Takes bytes that were read. They are only good until it returns, unless it returns true: then they are its own to keep.
 */
export type Receiver = (chunk: Buffer) => boolean;

/** A read that fills less than this part of a buffer is a small one. */
const smallPart = 1 / 8;
/** So many small reads in a row make a buffer smaller: the last bytes of each large message are a small read too. */
const patience = 8;

/**
 * A socket that reads into one buffer of its own, again and again, instead of a new one for each read: at tens of
 * thousands of reads a second, making and collecting buffers costs as much as everything else that this program does.
 * The buffer grows while reads fill it, and shrinks when they have become small again.
 */
export class Wire {
  readonly socket: Socket;
  /** Who takes the bytes; may be changed at any time. */
  receive: Receiver = () => false;
  #smallReads = 0;
  /** None where nothing is read into it: what comes decrypted brings buffers of its own. */
  #buffer: Buffer | undefined;

  private constructor(open: (onread: OnReadOpts) => Socket) {
    this.socket = open({
      buffer: () => (this.#buffer ??= takeReadBuffer(smallestRead)),
      callback: (length, buffer) => {
        this.#take(buffer as Buffer, length);
        return true;
      },
    });
    this.socket.once('close', () => this.#buffer !== undefined && giveReadBuffer(this.#buffer));
  }

  /** Opens a connection to a target. */
  static dial(target: Target): Wire {
    return new Wire((onread) => connectTarget(target, onread));
  }

  /** Takes over a connection that a server created with `pauseOnConnect` has accepted. */
  static accept(accepted: Socket): Wire {
    const wire = new Wire((onread) => moveHandle(accepted, onread));
    wire.socket.resume();
    return wire;
  }

  /** Takes over a connection whose TLS was ended, and which brings each piece in a buffer of its own. */
  static decrypted(socket: Socket): Wire {
    const wire = new Wire(() => socket);
    socket.on('data', (chunk: Buffer) => wire.receive(chunk));
    return wire;
  }

  #take(buffer: Buffer, length: number): void {
    const size = buffer.length;
    const kept = this.receive(buffer.subarray(0, length));
    this.#smallReads = length < size * smallPart ? this.#smallReads + 1 : 0;
    const isFull = length === size && size < largestRead;
    const isTooLarge = this.#smallReads > patience && size > smallestRead;
    const next = isFull ? largerRead(size) : isTooLarge ? smallestRead : size;
    if (next === size && !kept) return;
    this.#buffer = takeReadBuffer(next);
    if (!kept) giveReadBuffer(buffer);
  }
}

/**
 * `node:net` offers `onread` for connections that are opened, not for those that are accepted. An accepted one gets it
 * by moving its handle into a new socket.
 */
function moveHandle(accepted: Socket, onread: OnReadOpts): Socket {
  const holder = accepted as unknown as { _handle: object | null };
  const options = { handle: holder._handle, onread, allowHalfOpen: true, pauseOnCreate: true };
  holder._handle = null;
  return new Socket(options as unknown as SocketConstructorOpts);
}
