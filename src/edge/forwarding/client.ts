import type { Socket } from 'node:net';
import type { Wire } from '../connections/wire.ts';
import type { Peer } from './forwardedFields.ts';

/** The connection of a client, as far as what answers its requests needs to know it. */
export interface Client {
  readonly peer: Peer;
  readonly wire: Wire;
  readonly socket: Socket;
  /** When it has waited long enough, by the edge's clock. */
  deadline: number;
  /** The client has sent its FIN. */
  readonly ended: boolean;
  /** Whether a request is being answered. */
  readonly busy: boolean;
  /** Number of bytes that wait to be taken. */
  readonly waitingBytes: number;
  /** More of the request's body can be taken. */
  resumeInput(): void;
  /** The client has got its answer. */
  finish(keepAlive: boolean): void;
  /** Hands the socket over after `101 Switching Protocols`, with the bytes that the client has already sent. */
  detach(): Buffer | undefined;
  /** Closes after what was written. */
  close(): void;
  /** Breaks the connection, so that the client cannot take what it got for a whole answer. */
  abort(): void;
}
