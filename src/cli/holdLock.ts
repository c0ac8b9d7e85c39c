import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { AtollError } from '../core/errors.ts';

const sqliteBusy = 5;
const lookAgainMs = 50;

/** Kept, because a lock goes with its connection. */
const held: DatabaseSync[] = [];

/**
 * Holds a lock for this process until it ends, however it ends. SQLite's lock on a file is the operating system's, which no
 * killed process leaves behind; what is left of a socket or of a file with a process id would have to be judged and
 * replaced, and two processes that do so at once would both succeed.
 * @param patienceMs how long to wait for another process that may be ending. Default: not at all.
 * @throws AtollError `ATOLL_ALREADY_RUNNING` when another process holds it all that time.
 */
export async function holdLock(path: string, dataFolder: string, patienceMs = 0): Promise<void> {
  const end = performance.now() + patienceMs;
  const file = new DatabaseSync(path, { timeout: 0 });
  while (!tryLock(file)) {
    if (performance.now() >= end) {
      file.close();
      throw new AtollError('ATOLL_ALREADY_RUNNING', 'Another Atoll runs on this data folder.', {
        evidence: dataFolder,
      });
    }
    await wait(lookAgainMs);
  }
  held.push(file);
}

function tryLock(file: DatabaseSync): boolean {
  try {
    // Nothing is ever written, so no journal is needed.
    file.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE;');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return false;
    throw error;
  }
}
