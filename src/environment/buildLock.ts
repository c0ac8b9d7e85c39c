import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { FileLock } from '../core/fileLock.ts';

/**
 * Waits until no other process builds in this folder, and keeps others waiting until the returned function is called or
 * this process ends, however it ends.
 */
export async function takeBuildLock(folder: string, onWait: () => void, signal?: AbortSignal): Promise<() => void> {
  const lock = new FileLock(join(folder, 'lock.sqlite'));
  try {
    for (let waits = 0; !lock.tryTake(); waits++) {
      if (waits === 0) onWait();
      await wait(200, undefined, { signal });
    }
    return () => lock.letGo();
  } catch (error) {
    lock.letGo();
    throw error;
  }
}
