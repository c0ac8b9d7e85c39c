import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { LoadedSettings } from '../config/loadSettings.ts';
import type { Problem } from '../config/problem.ts';
import { entryAt } from '../config/values/plainValue.ts';
import { problemAt } from '../config/values/problemAt.ts';
import { collectSnippets } from './collectSnippets.ts';
import type { SettingsWithPython } from './settingsWithPython.ts';

/** What {@link checkPython} needs. */
export interface CheckPythonOptions {
  /** The environment's interpreter; undefined: there is no environment yet. */
  python: string | undefined;
}

/**
 * Settings with what the Python in them sets, for a look at them only: the Python is run once, in a process that ends with
 * this. Without an environment it is not run, which is a warning.
 */
export async function checkPython(
  loaded: LoadedSettings,
  { python }: CheckPythonOptions,
): Promise<LoadedSettings & Pick<Partial<SettingsWithPython>, 'python'>> {
  if (python === undefined) return { ...loaded, problems: [...loaded.problems, ...notRun(loaded)] };
  const [{ createBridge }, { settingsWithPython }, { silentLogger }] = await Promise.all([
    import('./bridge.ts'),
    import('./settingsWithPython.ts'),
    import('../observability/logger.ts'),
  ]);
  const bridge = createBridge({ python, log: silentLogger() });
  try {
    const result = await settingsWithPython(loaded, { current: bridge, get: () => Promise.resolve(bridge) });
    result.discard();
    return result;
  } finally {
    bridge.close();
  }
}

/**
 * The interpreter of the environment that `atoll up` would use, if it is there; nothing is built.
 * @param stateDirectory where Atoll builds environments, as `ensureEnvironment` has it.
 */
export async function findInterpreter(stateDirectory: string): Promise<string | undefined> {
  const given = process.env.ATOLL_PYTHON_ENV;
  if (given) {
    const python = join(resolve(given), 'bin/python');
    return existsSync(python) ? python : undefined;
  }
  const root = join(resolve(stateDirectory), 'python');
  // Where none was ever built, there is no need to work out which one it should be.
  if (!existsSync(root)) return undefined;
  const [{ findBuiltEnvironment }, { readRecipe }] = await Promise.all([
    import('../environment/findBuiltEnvironment.ts'),
    import('../environment/recipe.ts'),
  ]);
  return findBuiltEnvironment(root, readRecipe())?.python;
}

function notRun({ values }: LoadedSettings): Problem[] {
  const [first] = collectSnippets(values);
  if (!values || !first) return [];
  const place = entryAt(values, first.path)?.keyPlace ?? first.place;
  return [
    problemAt(place, {
      code: 'ATOLL_SETTINGS_PYTHON_PART',
      severity: 'warning',
      message: 'This Python was not checked, because there is no Python environment yet; `atoll up` makes it.',
      path: first.path,
    }),
  ];
}
