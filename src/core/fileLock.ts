import { DatabaseSync } from 'node:sqlite';
import { AtollError } from './errors.ts';
import { isSqliteDiskFull, sqliteCodeOf } from './sqliteErrors.ts';

const sqliteBusy = 5;

/**
 * A lock on a file (made if need be) that one holder has at a time, in all processes. It is held until it is let go or the
 * process ends, however it ends: SQLite's lock is the operating system's, which no killed process leaves behind. What is
 * left of a socket or of a file with a process id would have to be judged and replaced, and two processes that do so at
 * once would both succeed.
 */
export class FileLock {
  readonly #file: DatabaseSync;

  constructor(path: string) {
    this.#file = new DatabaseSync(path, { timeout: 0 });
  }

  /** Takes the lock; false when somebody else holds it. @throws AtollError `ATOLL_DISK_FULL` */
  tryTake(): boolean {
    try {
      // Nothing is ever written, so no journal is needed.
      this.#file.exec('PRAGMA journal_mode = OFF; BEGIN EXCLUSIVE');
      return true;
    } catch (error) {
      if (sqliteCodeOf(error) === sqliteBusy) return false;
      if (!isSqliteDiskFull(error)) throw error;
      throw new AtollError('ATOLL_DISK_FULL', 'No space is left on the disk.', { cause: error });
    }
  }

  /** Lets it go, or gives up trying. Not to be used again. */
  letGo(): void {
    this.#file.close();
  }
}
