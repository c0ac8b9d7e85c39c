import { join, resolve } from 'node:path';
import type { Environment, EnvironmentOptions } from './environment.ts';
import { findBuiltEnvironment } from './findBuiltEnvironment.ts';
import { readRecipe } from './recipe.ts';

/**
 * The Python environment to use. `ATOLL_PYTHON_ENV=/path/to/venv` names one that somebody else keeps; otherwise Atoll's own,
 * which is built when it is missing or when the lock file has changed. When nothing has to be done, no process is started.
 * Safe to interrupt, to repeat, and to run twice at a time.
 * @throws AtollError ATOLL_PYTHON_ENV_UNUSABLE, ATOLL_PYTHON_MISSING, ATOLL_INDEX_UNREACHABLE, ATOLL_CHECKSUM_MISMATCH,
 * ATOLL_DISK_FULL, ATOLL_DATA_NOT_WRITABLE, ATOLL_UV_UNAVAILABLE, ATOLL_ENVIRONMENT_FAILED
 */
export async function ensureEnvironment(options: EnvironmentOptions): Promise<Environment> {
  const given = process.env.ATOLL_PYTHON_ENV;
  if (given) {
    const { useGivenEnvironment } = await import('./useGivenEnvironment.ts');
    return useGivenEnvironment(resolve(given));
  }
  const root = join(resolve(options.stateDirectory), 'python');
  const recipe = readRecipe();
  const present = findBuiltEnvironment(root, recipe);
  if (present) return present;
  const { buildEnvironment } = await import('./buildEnvironment.ts');
  return buildEnvironment(root, recipe, options);
}
