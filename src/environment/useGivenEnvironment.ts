import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AtollError, messageOf } from '../core/errors.ts';
import type { Environment } from './environment.ts';

/** What an environment must have for servers, schedulers and workers to start. */
const neededModules = ['jupyterhub', 'jupyterlab', 'jupyter_server', 'dask', 'distributed', 'dask_gateway'];

const question = `
import importlib.util, json, sys
missing = [name for name in sys.argv[1:] if importlib.util.find_spec(name) is None]
print(json.dumps({"version": list(sys.version_info[:2]), "missing": missing}))
`;

/**
 * Checks an environment that somebody else keeps.
 * @param directory a virtual environment, absolute
 * @throws AtollError ATOLL_PYTHON_ENV_UNUSABLE
 */
export async function useGivenEnvironment(directory: string): Promise<Environment> {
  const python = join(directory, 'bin/python');
  try {
    accessSync(python, constants.X_OK);
  } catch {
    throw unusable(directory, `There is no program ${python}.`);
  }
  let answer: { version: [number, number]; missing: string[] };
  try {
    const { stdout } = await promisify(execFile)(python, ['-I', '-c', question, ...neededModules], { timeout: 30_000 });
    answer = JSON.parse(stdout) as typeof answer;
  } catch (error) {
    throw unusable(directory, `${python} does not run: ${messageOf(error).split('\n').at(-1)?.slice(0, 300)}`, error);
  }
  const { version, missing } = answer;
  if (version[0] !== 3 || version[1] < 11)
    throw unusable(directory, `It has Python ${version.join('.')}; 3.11 or later is needed.`);
  if (missing.length > 0) throw unusable(directory, `It lacks: ${missing.join(', ')}.`);
  return { python, directory, owned: false };
}

function unusable(directory: string, evidence: string, cause?: unknown): AtollError {
  return new AtollError(
    'ATOLL_PYTHON_ENV_UNUSABLE',
    `The Python environment ${directory} (ATOLL_PYTHON_ENV) cannot be used.`,
    { evidence, cause },
  );
}
