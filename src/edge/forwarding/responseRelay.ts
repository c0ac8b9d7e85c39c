import { corkForThisTurn } from '../connections/corkForThisTurn.ts';
import { type BodyReader, LengthReader, noBody, untilClose } from '../http/bodyReader.ts';
import { ChunkedReader } from '../http/chunkedReader.ts';
import type { HeadReader } from '../http/headReader.ts';
import type { RequestHead } from '../http/requestHead.ts';
import { parseResponseHead, type ResponseHead } from '../http/responseHead.ts';
import type { Client } from './client.ts';
import { forwardedResponseHead } from './forwardResponse.ts';
import type { WithheldCookies } from './hubCookies.ts';

/** How far a response is: more bytes are expected, it is complete, or the protocol was switched. */
export type RelayProgress = 'more' | 'complete' | 'switching';

/** What decides how a response is passed on. */
export interface RelayOptions {
  /** Which cookies with the hub's names are not let through. */
  withheld: WithheldCookies;
  /** Asked when the final head is there: may the client's connection take another request afterwards? */
  mayKeepAlive(response: ResponseHead): boolean;
}

/** Bodies up to this size are written together with their head, in one system call. */
const smallBody = 16 * 1024;

/** Passes one response on to the client as its bytes come, and finds its end. */
export class ResponseRelay {
  readonly #client: Client;
  readonly #request: RequestHead;
  readonly #reader: HeadReader;
  readonly #options: RelayOptions;
  #body: BodyReader | undefined;
  #dechunked = false;
  /** The server has sent a byte. */
  begun = false;
  /** The head read last. */
  response: ResponseHead | undefined;
  /** The client's connection stays open after this response. */
  keepAlive = false;
  /** The client takes more bytes without their being kept in memory. */
  flowing = true;
  /** The bytes given to {@link read} last are not all written yet. */
  kept = false;
  /** Bytes that came after the response; after `switching`, the first ones of the new protocol. */
  rest: Buffer | undefined;

  constructor(client: Client, request: RequestHead, reader: HeadReader, options: RelayOptions) {
    this.#client = client;
    this.#request = request;
    this.#reader = reader;
    this.#options = options;
  }

  /** The client has got the response's head. */
  get headPassed(): boolean {
    return this.#body !== undefined;
  }

  /** The end of the connection is the end of the response, and not its loss. */
  get endsWithConnection(): boolean {
    return this.#body === untilClose;
  }

  /**
   * Passes on what is in `chunk`.
   * @throws HttpSyntaxError 502
   */
  read(chunk: Buffer): RelayProgress {
    this.begun = true;
    this.kept = false;
    let offset = 0;
    let head = '';
    while (this.#body === undefined) {
      offset = this.#reader.read(chunk, offset);
      if (offset === -1) return 'more';
      const response = parseResponseHead(this.#reader.text);
      this.response = response;
      if (response.status === 101) {
        this.rest = chunk.subarray(offset);
        return 'switching';
      }
      if (response.status >= 200) head = this.#begin(response);
      else {
        this.#passInterim(response);
        if (offset === chunk.length) return 'more';
      }
    }
    return this.#passBody(this.#body, head, chunk, offset);
  }

  #begin(response: ResponseHead): string {
    this.#body = this.#bodyOf(response);
    this.#dechunked = response.body === 'chunked' && this.#request.minorVersion === 0;
    const ended = this.#body !== untilClose && !(this.#dechunked && !this.#body.done);
    this.keepAlive = ended && this.#options.mayKeepAlive(response);
    const persistent = this.#request.minorVersion === 1 ? 'implicit' : 'keep-alive';
    return forwardedResponseHead(response, {
      connection: this.keepAlive ? persistent : 'close',
      dechunked: this.#dechunked,
      withheld: this.#options.withheld,
    });
  }

  #bodyOf({ status, body }: ResponseHead): BodyReader {
    if (this.#request.method === 'HEAD' || status === 204 || status === 304 || body === 0) return noBody;
    if (body === 'close') return untilClose;
    if (body !== 'chunked') return new LengthReader(body);
    if (this.#request.minorVersion === 1) return new ChunkedReader();
    return new ChunkedReader((data) => this.#writeData(data));
  }

  /** HTTP/1.0 knows no interim responses (RFC 9110 section 15.2). */
  #passInterim(response: ResponseHead): void {
    if (this.#request.minorVersion === 0) return;
    const head = forwardedResponseHead(response, { connection: 'implicit', dechunked: false, withheld: 'all' });
    this.flowing = this.#client.socket.write(head, 'latin1');
  }

  #passBody(body: BodyReader, head: string, chunk: Buffer, offset: number): RelayProgress {
    const { socket } = this.#client;
    let end: number;
    if (this.#dechunked) {
      if (head !== '') this.flowing = socket.write(head, 'latin1');
      end = body.read(chunk, offset);
    } else {
      end = body.read(chunk, offset);
      this.#write(head, chunk, offset, end);
    }
    if (!body.done) return 'more';
    if (end < chunk.length) this.rest = chunk.subarray(end);
    return 'complete';
  }

  #write(head: string, chunk: Buffer, start: number, end: number): void {
    const { socket } = this.#client;
    if (head === '') {
      if (end > start) this.#writeData(start === 0 && end === chunk.length ? chunk : chunk.subarray(start, end));
    } else if (end - start <= smallBody) {
      corkForThisTurn(socket);
      this.flowing = socket.write(end === start ? head : head + chunk.toString('latin1', start, end), 'latin1');
    } else {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(chunk.subarray(start, end));
      socket.uncork();
      this.#noteWritten();
    }
  }

  #writeData(data: Buffer): void {
    this.#client.socket.write(data);
    this.#noteWritten();
  }

  #noteWritten(): void {
    const { writableLength, writableHighWaterMark } = this.#client.socket;
    this.flowing = writableLength < writableHighWaterMark;
    this.kept = writableLength > 0;
  }
}
