/** Finds the end of a message's body in the bytes of its connection, without changing them. */
export interface BodyReader {
  /** The whole body was read. */
  readonly done: boolean;
  /**
   * Reads from `offset` and returns the offset after the last byte that belongs to the body.
   * @throws HttpSyntaxError when the bytes break the body's framing
   */
  read(chunk: Buffer, offset: number): number;
}

/** A body of a known number of bytes. */
export class LengthReader implements BodyReader {
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  read(chunk: Buffer, offset: number): number {
    const taken = Math.min(this.#left, chunk.length - offset);
    this.#left -= taken;
    return offset + taken;
  }
}

/** No body at all. */
export const noBody: BodyReader = { done: true, read: (_, offset) => offset };

/** A body that ends with its connection. */
export const untilClose: BodyReader = { done: false, read: (chunk) => chunk.length };
