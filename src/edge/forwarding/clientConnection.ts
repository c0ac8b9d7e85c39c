import type { Socket } from 'node:net';
import { messageOf } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errorTable.ts';
import type { Watched } from '../connections/deadlines.ts';
import { listen } from '../connections/listen.ts';
import type { Wire } from '../connections/wire.ts';
import type { EdgeContext } from '../edgeContext.ts';
import { answerProblem, answerText } from '../http/errorPage.ts';
import { HeadReader } from '../http/headReader.ts';
import { CR, HttpSyntaxError, LF } from '../http/httpSyntax.ts';
import { parseRequestHead } from '../http/requestHead.ts';
import type { Client } from './client.ts';
import { Exchange } from './exchange.ts';
import type { Peer } from './forwardedFields.ts';

/**
 * A client's HTTP/1.1 connection: reads one request after the other, in order, and gives each to an {@link Exchange}.
 * Bytes of the next request wait here until the current one is answered.
 */
export class ClientConnection implements Client, Watched {
  readonly peer: Peer;
  readonly wire: Wire;
  readonly socket: Socket;
  readonly #edge: EdgeContext;
  readonly #head: HeadReader;
  readonly #unlisten: () => void;
  /** Bytes received that nobody has taken yet. */
  #input: Buffer | undefined;
  #exchange: Exchange | undefined;
  #pumping = false;
  /** Bytes just received wait to be written to a server. */
  #writing = false;
  /** We have sent our FIN, and throw away what still comes. */
  #closing = false;
  /** The client has sent its FIN. */
  ended = false;
  deadline: number;

  constructor(edge: EdgeContext, wire: Wire, peer: Peer) {
    this.#edge = edge;
    this.wire = wire;
    this.socket = wire.socket;
    this.peer = peer;
    this.#head = new HeadReader(edge.limits.headBytes);
    this.deadline = edge.deadlines.now + edge.limits.headMs;
    edge.deadlines.add(this);
    edge.clients.add(this);
    wire.receive = (chunk) => this.take(chunk);
    this.#unlisten = listen(this.socket, {
      end: () => this.#onEnd(),
      drain: () => this.#onDrain(),
      close: () => this.#onClose(),
    });
  }

  /** Takes bytes from the client; returns whether `chunk` is still needed afterwards (see `Receiver`). */
  take(chunk: Buffer): boolean {
    if (this.#closing) return false;
    this.#input = this.#input === undefined ? chunk : Buffer.concat([this.#input, chunk]);
    this.#writing = false;
    this.#pump();
    return this.#writing || this.#input !== undefined;
  }

  /** Whether a request is being answered. */
  get busy(): boolean {
    return this.#exchange !== undefined;
  }

  /** Number of bytes that wait here. */
  get waitingBytes(): number {
    return this.#input?.length ?? 0;
  }

  /** The exchange can take more of its request's body. */
  resumeInput(): void {
    if (this.socket.isPaused()) this.socket.resume();
    this.#pump();
  }

  /** The exchange is over, and the client has got its answer. */
  finish(keepAlive: boolean): void {
    this.#exchange = undefined;
    const inputEnded = this.ended && this.#input === undefined;
    if (!keepAlive || inputEnded || this.#edge.stopping) {
      this.close();
      return;
    }
    this.#beginIdling();
    this.resumeInput();
  }

  /**
   * Closes after what was written: FIN, then the rest of what the client sends is read and thrown away for a moment,
   * because closing with unread bytes would reset the connection and could take the answer with it.
   */
  close(): void {
    const { deadlines, limits } = this.#edge;
    this.#closing = true;
    this.#input = undefined;
    this.deadline = deadlines.now + limits.stallMs;
    this.socket.end(() => {
      this.deadline = deadlines.now + limits.lingerMs;
    });
    this.socket.resume();
  }

  /** Breaks the connection, so that the client cannot take what it got for a whole answer. */
  abort(): void {
    this.#exchange = undefined;
    // What ends without TLS's own goodbye is no whole answer either.
    if (this.peer.isSecure) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** Hands the socket over after `101 Switching Protocols`, with the bytes that the client has already sent. */
  detach(): Buffer | undefined {
    this.#unlisten();
    this.#leave();
    this.#exchange = undefined;
    return this.#input;
  }

  onDeadline(): void {
    if (this.#exchange === undefined && !this.#closing && this.#head.started)
      this.#refuse(new HttpSyntaxError('it did not arrive in time', 408));
    else this.socket.destroy();
  }

  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    try {
      while (this.#input !== undefined && this.#step(this.#input));
    } catch (error) {
      if (error instanceof HttpSyntaxError) this.#refuse(error);
      else this.#onDefect(error);
    } finally {
      this.#pumping = false;
    }
  }

  /** Takes some of the input; returns whether to go on. */
  #step(input: Buffer): boolean {
    const exchange = this.#exchange;
    if (exchange === undefined) return this.#beginExchange(input);
    if (exchange.bodyReceived) {
      if (input.length > this.#edge.limits.pipelinedBytes) this.socket.pause();
      return false;
    }
    if (!exchange.takesBody) {
      this.socket.pause();
      return false;
    }
    const end = exchange.takeBody(input);
    this.#writing ||= exchange.writing;
    this.#input = end === input.length ? undefined : input.subarray(end);
    this.#tellEnd();
    return true;
  }

  #beginExchange(input: Buffer): boolean {
    if (this.socket.writableNeedDrain) {
      // The client does not read its answers; it gets no further ones to keep in memory.
      this.socket.pause();
      return false;
    }
    const { deadlines, limits } = this.#edge;
    const started = this.#head.started;
    // RFC 9112 section 2.2: an empty line before a request is ignored.
    const start = !started && input[0] === CR && input[1] === LF ? 2 : 0;
    const end = start < input.length ? this.#head.read(input, start) : -1;
    if (end === -1) {
      this.#input = undefined;
      if (this.ended) this.close();
      else if (!started) this.deadline = deadlines.now + limits.headMs;
      return false;
    }
    this.#input = end === input.length ? undefined : input.subarray(end);
    const request = parseRequestHead(this.#head.text);
    this.deadline = request.body === 0 ? Infinity : deadlines.now + limits.stallMs;
    this.#exchange = new Exchange(this.#edge, this, request);
    this.#exchange.begin();
    this.#tellEnd();
    return true;
  }

  /** Answers bytes that are no HTTP, and closes. */
  #refuse(error: HttpSyntaxError): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.abandon();
    if (exchange?.answered) {
      this.abort();
      return;
    }
    const code: ErrorCode = error.status === 408 ? 'ATOLL_EDGE_REQUEST_TIMEOUT' : 'ATOLL_EDGE_BAD_REQUEST';
    const sentence = `The request is not valid HTTP: ${error.message}.`;
    const answer = answerProblem({ code, sentence, status: error.status }, undefined);
    this.socket.write(answerText(answer, 'close', true), 'latin1');
    this.close();
  }

  /** A defect of the edge costs this connection, not everybody's. */
  #onDefect(error: unknown): void {
    this.#edge.log('error', { reason: messageOf(error) }, 'a defect of the edge broke a connection off');
    this.#exchange?.abandon();
    this.abort();
  }

  #onDrain(): void {
    if (this.#exchange !== undefined) this.#exchange.onClientDrain();
    else if (!this.#closing) {
      if (!this.#head.started) this.#beginIdling();
      this.resumeInput();
    }
  }

  /** A client that still reads its last answer is not idle. */
  #beginIdling(): void {
    const { deadlines, limits } = this.#edge;
    this.deadline = deadlines.now + (this.socket.writableNeedDrain ? limits.stallMs : limits.keepAliveMs);
  }

  #onEnd(): void {
    this.ended = true;
    if (this.#closing) return;
    if (this.#exchange !== undefined) this.#tellEnd();
    else if (this.#input === undefined) this.close();
  }

  /** Tells the exchange that its client has said everything; bytes that wait here may still be the rest of its body. */
  #tellEnd(): void {
    const exchange = this.#exchange;
    if (!this.ended || exchange === undefined) return;
    if (exchange.bodyReceived || this.#input === undefined) exchange.onClientEnd();
  }

  #onClose(): void {
    this.#leave();
    this.#exchange?.abandon();
    this.#exchange = undefined;
  }

  #leave(): void {
    this.#edge.deadlines.delete(this);
    this.#edge.clients.delete(this);
  }
}
