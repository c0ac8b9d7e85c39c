import type { BodyReader } from './bodyReader.ts';
import { COLON, CR, HttpSyntaxError, isFieldChar, isTokenChar, LF } from './httpSyntax.ts';

type State =
  | 'size'
  | 'sizeEnd'
  | 'data'
  | 'dataCr'
  | 'dataLf'
  | 'trailerStart'
  | 'trailerName'
  | 'trailerValue'
  | 'trailerLf'
  | 'endLf'
  | 'done';

/** Hexadecimal digits of a chunk's size: up to 2^48 bytes. */
const mostSizeDigits = 12;
const mostTrailerBytes = 16 * 1024;

/**
 * Names that must not come after the body: they frame, route or authorise the message (RFC 9110 section 6.5.1), and a
 * server that merges trailers into its headers would believe them.
 */
const forbiddenTrailer =
  /^(?:content-length|transfer-encoding|host|connection|upgrade|trailer|te|expect|cookie|set-cookie|authorization|proxy-.*|x-forwarded.*|forwarded|x-real-ip|x-scheme|origin|content-(?:type|encoding|range)|location|cache-control)$/;

/**
 * Reads a chunked body (RFC 9112 section 7.1) and checks every byte of its framing. Strict: hexadecimal size, CRLF;
 * chunk extensions are refused, since nobody uses them but to make two programs disagree.
 */
export class ChunkedReader implements BodyReader {
  readonly #onData: ((data: Buffer) => void) | undefined;
  #state: State = 'size';
  #sizeDigits = 0;
  #left = 0;
  #trailerBytes = 0;
  #trailerName = '';

  /** @param onData is given the data without the framing, for a receiver that knows no chunks. */
  constructor(onData?: (data: Buffer) => void) {
    this.#onData = onData;
  }

  get done(): boolean {
    return this.#state === 'done';
  }

  read(chunk: Buffer, offset: number): number {
    let at = offset;
    while (at < chunk.length && this.#state !== 'done') {
      if (this.#state === 'data') {
        const taken = Math.min(this.#left, chunk.length - at);
        this.#onData?.(chunk.subarray(at, at + taken));
        this.#left -= taken;
        at += taken;
        if (this.#left === 0) this.#state = 'dataCr';
      } else {
        this.#readByte(chunk[at] as number);
        at++;
      }
    }
    return at;
  }

  #readByte(byte: number): void {
    switch (this.#state) {
      case 'size':
        if (byte === CR && this.#sizeDigits > 0) this.#state = 'sizeEnd';
        else this.#addSizeDigit(byte);
        return;
      case 'sizeEnd':
        expectByte(byte, LF);
        this.#state = this.#left === 0 ? 'trailerStart' : 'data';
        return;
      case 'dataCr':
        expectByte(byte, CR);
        this.#state = 'dataLf';
        return;
      case 'dataLf':
        expectByte(byte, LF);
        this.#sizeDigits = 0;
        this.#state = 'size';
        return;
      default:
        this.#readTrailerByte(byte);
    }
  }

  #addSizeDigit(byte: number): void {
    const digit = Number.parseInt(String.fromCharCode(byte), 16);
    if (Number.isNaN(digit) || ++this.#sizeDigits > mostSizeDigits)
      throw new HttpSyntaxError('the size of a chunk is not valid');
    this.#left = this.#left * 16 + digit;
  }

  #readTrailerByte(byte: number): void {
    if (++this.#trailerBytes > mostTrailerBytes) throw new HttpSyntaxError('the trailers are too large', 431);
    switch (this.#state) {
      case 'trailerStart':
        this.#trailerName = '';
        if (byte === CR) this.#state = 'endLf';
        else this.#readTrailerName(byte);
        return;
      case 'trailerName':
        this.#readTrailerName(byte);
        return;
      case 'trailerValue':
        if (byte === CR) this.#state = 'trailerLf';
        else if (!isFieldChar[byte]) throw new HttpSyntaxError('a trailer holds a control character');
        return;
      case 'trailerLf':
        expectByte(byte, LF);
        this.#state = 'trailerStart';
        return;
      case 'endLf':
        expectByte(byte, LF);
        this.#state = 'done';
    }
  }

  #readTrailerName(byte: number): void {
    if (isTokenChar[byte]) {
      this.#trailerName += String.fromCharCode(byte);
      this.#state = 'trailerName';
      return;
    }
    if (byte !== COLON || this.#trailerName === '') throw new HttpSyntaxError('a trailer has no valid name');
    if (forbiddenTrailer.test(this.#trailerName.toLowerCase().replaceAll('_', '-')))
      throw new HttpSyntaxError('a trailer has a name that must not come after the body');
    this.#state = 'trailerValue';
  }
}

function expectByte(byte: number, expected: number): void {
  if (byte !== expected) throw new HttpSyntaxError('the body breaks the chunked framing');
}
