import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * Waits until no other process builds in this folder, and keeps others waiting until the returned function is called or
 * this process ends, however it ends: it is the operating system's lock on a file, taken through SQLite.
 */
export async function takeBuildLock(folder: string, onWait: () => void, signal?: AbortSignal): Promise<() => void> {
  const database = new DatabaseSync(join(folder, 'lock.sqlite'));
  let told = false;
  try {
    for (;;) {
      try {
        database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
        return () => database.close();
      } catch (error) {
        if (!(error instanceof Error) || !error.message.includes('locked')) throw error;
        if (!told) onWait();
        told = true;
        await wait(200, undefined, { signal });
      }
    }
  } catch (error) {
    database.close();
    throw error;
  }
}
