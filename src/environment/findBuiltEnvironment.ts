import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from './environment.ts';
import type { EnvironmentRecipe } from './recipe.ts';

/** The environment that was built from this recipe, when it is complete. */
export function findBuiltEnvironment(root: string, recipe: EnvironmentRecipe): Environment | undefined {
  let folder: unknown;
  try {
    const current = JSON.parse(readFileSync(join(root, 'current.json'), 'utf8')) as Record<string, unknown>;
    if (current.recipe !== recipe.hash) return undefined;
    folder = current.folder;
  } catch {
    return undefined;
  }
  if (typeof folder !== 'string') return undefined;
  const directory = join(root, folder);
  const python = join(directory, 'bin/python');
  // A link to an interpreter that was removed from the machine counts as missing.
  return existsSync(python) ? { python, directory, owned: true } : undefined;
}
