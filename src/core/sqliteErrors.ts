const full = 13;
/** The file of the shared memory could not grow (SQLITE_IOERR_SHMSIZE). */
const noRoomForSharedMemory = 10 + (19 << 8);

/** SQLite's (extended) result code of an error that node:sqlite threw; 0 for every other. */
export function sqliteCodeOf(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0;
}

/** Whether SQLite found no room on the disk. */
export function isSqliteDiskFull(error: unknown): boolean {
  const code = sqliteCodeOf(error);
  return (code & 0xff) === full || code === noRoomForSharedMemory;
}
