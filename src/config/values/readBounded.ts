import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { systemCodeOf } from '../../core/errors.ts';

const chunkBytes = 64 * 1024;

/**
 * Reads a regular file of at most `mostBytes` bytes, whatever size the operating system tells (/proc tells none). Nothing else
 * is opened for long: a pipe that nobody writes to would never end.
 * @throws the operating system's errors
 */
export function readRegularFile(path: string, mostBytes: number): Buffer | 'no regular file' | 'too long' {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    if (!fstatSync(descriptor).isFile()) return 'no regular file';
    const bytes = readBounded(descriptor, mostBytes);
    return bytes.length > mostBytes ? 'too long' : bytes;
  } finally {
    closeSync(descriptor);
  }
}

/** Reads what is open up to its end, but little more than `mostBytes`; also from a pipe, whose length nobody knows. */
export function readBounded(descriptor: number, mostBytes: number): Buffer {
  const chunks: Buffer[] = [];
  let length = 0;
  while (length <= mostBytes) {
    const chunk = Buffer.alloc(chunkBytes);
    const count = readChunk(descriptor, chunk);
    if (count === 0) break;
    chunks.push(chunk.subarray(0, count));
    length += count;
  }
  return Buffer.concat(chunks);
}

function readChunk(descriptor: number, chunk: Buffer): number {
  for (;;) {
    try {
      return readSync(descriptor, chunk);
    } catch (error) {
      const code = systemCodeOf(error);
      if (code === 'EOF') return 0;
      if (code !== 'EAGAIN') throw error;
      // Standard input is a non-blocking terminal or pipe with nothing to read yet.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}
