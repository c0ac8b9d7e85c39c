import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { systemCodeOf } from '../../core/errors.ts';

/** A log that has grown beyond this is cut. */
const largestLog = 10 * 1024 * 1024;
/** What is kept of it then. */
const keptTail = 1024 * 1024;
/** How much is read for the last lines. */
const readForTail = 256 * 1024;
const longestLine = 2000;

/** The last lines of a log, oldest first, each cut at 2000 characters. Nothing when there is no log. */
export async function readLogTail(path: string, lines: number): Promise<string[]> {
  let file;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
  try {
    const { size } = await file.stat();
    const from = Math.max(0, size - readForTail);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, readForTail)), 0, undefined, from);
    const all = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/);
    // The first line is half a line when the read began inside the file; the last is empty after a line break.
    if (from > 0 && all.length > 1) all.shift();
    if (all.at(-1) === '') all.pop();
    return lines > 0 ? all.slice(-lines).map((line) => line.slice(0, longestLine)) : [];
  } finally {
    await file.close();
  }
}

/**
 * Cuts a log that has grown beyond 10 MiB down to its last MiB. The workload goes on appending to the same file; what it
 * writes in the very moment of the cut can be lost.
 */
export async function boundLog(path: string): Promise<void> {
  const file = await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size } = await file.stat();
    if (size <= largestLog) return;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(keptTail), 0, keptTail, size - keptTail);
    const start = buffer.indexOf('\n') + 1;
    await file.truncate(0);
    await file.appendFile(
      Buffer.concat([Buffer.from('[earlier lines were cut]\n'), buffer.subarray(start, bytesRead)]),
    );
  } finally {
    await file.close();
  }
}
