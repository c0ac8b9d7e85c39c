import { readdirSync, readlinkSync } from 'node:fs';

/** Ids of the processes whose working folder this is: those of a user's server, for the user's home. */
export function processesIn(folder: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`) === folder;
    } catch {
      return false; // It ended meanwhile.
    }
  });
}
