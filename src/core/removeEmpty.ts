import { rmdirSync } from 'node:fs';

/** Removes folders, the last first, as far as they are empty. */
export function removeEmpty(folders: readonly string[]): void {
  for (const path of folders.toReversed()) {
    try {
      rmdirSync(path);
    } catch {
      // It is in use, or gone.
    }
  }
}
