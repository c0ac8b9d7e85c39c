import { setTimeout as wait } from 'node:timers/promises';
import { AtollError } from '../../core/errors.ts';
import { FileLock } from '../../core/fileLock.ts';

const lookAgainMs = 50;

/** Kept, because a lock that nothing refers to is let go. */
const held: FileLock[] = [];

/**
 * Holds a lock for this process until it ends.
 * @param patienceMs how long to wait for another process that may be ending. Default: not at all.
 * @throws AtollError `ATOLL_ALREADY_RUNNING` when another process holds it all that time.
 */
export async function holdLock(path: string, dataFolder: string, patienceMs = 0): Promise<void> {
  const end = performance.now() + patienceMs;
  const lock = new FileLock(path);
  held.push(lock);
  while (!lock.tryTake()) {
    if (performance.now() >= end)
      throw new AtollError('ATOLL_ALREADY_RUNNING', 'Another Atoll runs on this data folder.', {
        evidence: dataFolder,
      });
    await wait(lookAgainMs);
  }
}
