import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../core/projectFolder.ts';

/** What an environment is built from. */
export interface EnvironmentRecipe {
  /** The lock file: every package with its version and hashes (made by scripts/lock-python). */
  lockFile: string;
  /**
   * JupyterLab's settings for everybody. They keep its question about news, which would cover a corner of everyone's first
   * visit, from being asked; the command line has no switch for that.
   */
  overrides: string;
  /** SHA-256 of all of it. */
  hash: string;
}

/** Reads the recipe that is part of the program. */
export function readRecipe(folder = join(projectFolder, 'python')): EnvironmentRecipe {
  const lockFile = join(folder, 'lock.txt');
  const lock = readFileSync(lockFile, 'utf8');
  const overrides = readFileSync(join(folder, 'jupyterlab-overrides.json'), 'utf8');
  return {
    lockFile,
    overrides,
    hash: createHash('sha256')
      .update(JSON.stringify([lock, overrides]))
      .digest('hex'),
  };
}
