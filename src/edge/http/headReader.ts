import { HttpSyntaxError, LF } from './httpSyntax.ts';

const endOfHead = Buffer.from('\r\n\r\n');

/** Collects bytes until the empty line that ends a request's or response's head. One for each connection, used again and again. */
export class HeadReader {
  readonly #limit: number;
  #partial: Buffer | undefined;
  #length = 0;
  /** The head last completed, latin1, with its empty line. */
  text = '';

  /** @param limit bytes that a head may have. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether bytes of an incomplete head are held. */
  get started(): boolean {
    return this.#partial !== undefined;
  }

  /**
   * Takes bytes of `chunk` from `offset`. Returns the offset after the head when it is complete, and puts it into
   * `text`; -1 when all were taken and more are needed.
   * @throws HttpSyntaxError 431 above the limit; 400 when lines end with a bare LF
   */
  read(chunk: Buffer, offset: number): number {
    if (this.#partial !== undefined) return this.#continue(chunk, offset);
    const end = chunk.indexOf(endOfHead, offset);
    if (end === -1) {
      this.#append(chunk, offset);
      return -1;
    }
    if (end + 4 - offset > this.#limit) throw headTooLarge();
    this.text = chunk.toString('latin1', offset, end + 4);
    return end + 4;
  }

  #continue(chunk: Buffer, offset: number): number {
    const before = this.#length;
    this.#append(chunk, offset);
    const bytes = this.#partial as Buffer;
    const end = bytes.subarray(0, this.#length).indexOf(endOfHead, Math.max(0, before - 3));
    if (end === -1) return -1;
    if (end + 4 > this.#limit) throw headTooLarge();
    this.text = bytes.toString('latin1', 0, end + 4);
    this.#partial = undefined;
    this.#length = 0;
    return offset + end + 4 - before;
  }

  #append(chunk: Buffer, offset: number): void {
    const added = chunk.length - offset;
    const length = this.#length + added;
    // One whole read beyond the limit may hold the end of the head and the body's first bytes; without an end it is too much.
    if (this.#length > this.#limit || (this.#partial === undefined && added > this.#limit)) throw headTooLarge();
    if (this.#partial === undefined || this.#partial.length < length) {
      const grown = Buffer.allocUnsafe(Math.max(1024, length * 2));
      this.#partial?.copy(grown, 0, 0, this.#length);
      this.#partial = grown;
    }
    chunk.copy(this.#partial, this.#length, offset);
    this.#rejectBareLineFeed(this.#length, length);
    this.#length = length;
  }

  /** Without this, a head of bare LFs would only end with the time limit. */
  #rejectBareLineFeed(from: number, to: number): void {
    const bytes = this.#partial as Buffer;
    for (let at = bytes.subarray(0, to).indexOf(LF, from); at !== -1; at = bytes.subarray(0, to).indexOf(LF, at + 1)) {
      if (at === 0 || bytes[at - 1] !== 13) throw new HttpSyntaxError('a line ends with a bare line feed');
      if (isEndOfHead(bytes, at)) return;
    }
  }
}

function isEndOfHead(bytes: Buffer, lineFeed: number): boolean {
  return lineFeed >= 3 && bytes[lineFeed - 1] === 13 && bytes[lineFeed - 2] === LF && bytes[lineFeed - 3] === 13;
}

function headTooLarge(): HttpSyntaxError {
  return new HttpSyntaxError('the header fields are too large', 431);
}
