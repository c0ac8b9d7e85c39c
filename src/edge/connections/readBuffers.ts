const sizes = [8 * 1024, 64 * 1024, 256 * 1024] as const;

/** Bytes of unused buffers that are kept of each size. */
const mostUnused = 8 * 2 ** 20;

const unused = new Map<number, Buffer[]>(sizes.map((size) => [size, []]));

/** Bytes of the smallest buffer to read into, and of the largest. */
export const smallestRead: number = sizes[0];
export const largestRead: number = sizes[2];

/** Bytes of the next larger buffer, or of the largest. */
export function largerRead(size: number): number {
  return sizes.find((candidate) => candidate > size) ?? largestRead;
}

/**
 * A buffer to read into, which may have belonged to another connection before. Connections come and go by the thousand, and
 * buffers that were made and collected with each of them would leave the memory of the process in pieces.
 */
export function takeReadBuffer(size: number): Buffer {
  return unused.get(size)?.pop() ?? Buffer.allocUnsafeSlow(size);
}

/** Gives a buffer back that nobody reads into, or out of, any more. */
export function giveReadBuffer(buffer: Buffer): void {
  const pool = unused.get(buffer.length);
  if (pool !== undefined && (pool.length + 1) * buffer.length <= mostUnused) pool.push(buffer);
}
