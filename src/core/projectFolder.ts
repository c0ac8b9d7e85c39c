import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of the project, wherever this code runs from: `src/`, or the bundle in `build/`. */
export const projectFolder = findUpwards(import.meta.dirname, 'package.json');

function findUpwards(folder: string, file: string): string {
  if (existsSync(join(folder, file))) return folder;
  const parent = dirname(folder);
  if (parent === folder) throw new Error(`there is no ${file} above ${import.meta.dirname}`);
  return findUpwards(parent, file);
}
