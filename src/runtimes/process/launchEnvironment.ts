import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { AtollError } from '../../core/errors.ts';
import type { Resources, WorkloadSpec } from '../contract.ts';
import type { Account } from './accounts.ts';
import { withDaskClient } from './daskClient.ts';
import { expandVariables } from './expandVariables.ts';
import { installationVariable, workloadVariable } from './workloadProcesses.ts';

/** The Python environment that workloads run in. */
export interface PythonEnvironment {
  /** Its interpreter, absolute. */
  python: string;
  directory: string;
  /** Built by Atoll, so that nobody else changes it: only then fork servers are used. */
  owned: boolean;
  /** The folder of Atoll's modules for Dask's clients (no colon in its path). Undefined: servers are told of none. */
  daskClient?: string | undefined;
}

const systemPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * One thread for linear algebra in each worker, and memory given back early, as Dask's own nanny sets it
 * (distributed.nanny.pre-spawn-environ): Dask's threads are the parallelism.
 */
export const workerDefaults: Readonly<Record<string, string>> = {
  OMP_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
  OPENBLAS_NUM_THREADS: '1',
  MALLOC_TRIM_THRESHOLD_: '65536',
};

/** The variables, among those that count when modules are loaded, that fork servers run with. */
export function forkServerEnvironment({ daskClient }: PythonEnvironment): Record<string, string> {
  return { ...workerDefaults, ...(daskClient !== undefined && { PYTHONPATH: daskClient }) };
}

/**
 * The whole environment of a workload: what every program needs, its resources under JupyterHub's names (bytes and cores),
 * the spec's own variables, which may name others, and the marks by which its processes are found. Nothing of the hub's environment but the
 * language and the time zone.
 */
export function composeEnvironment(
  spec: WorkloadSpec,
  python: PythonEnvironment,
  account: Account,
  installationId: string,
): Record<string, string> {
  return expandVariables({
    PATH: `${join(python.directory, 'bin')}:${systemPath}`,
    HOME: spec.reservation.homeDirectory,
    USER: account.name,
    LOGNAME: account.name,
    SHELL: account.shell,
    LANG: process.env.LANG || 'C.UTF-8',
    ...(process.env.TZ ? { TZ: process.env.TZ } : {}),
    ...(spec.kind === 'worker' ? workerDefaults : {}),
    ...resourceVariables(spec.resources),
    ...(spec.kind === 'server' ? withDaskClient(spec.environment, python.daskClient) : spec.environment),
    [installationVariable]: installationId,
    [workloadVariable]: spec.id,
  });
}

function resourceVariables(resources: Resources): Record<string, string> {
  const values = {
    MEM_LIMIT: resources.memoryLimit,
    MEM_GUARANTEE: resources.memoryGuarantee,
    CPU_LIMIT: resources.coreLimit,
    CPU_GUARANTEE: resources.coreGuarantee,
  };
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

/**
 * The command with an absolute program. `python` becomes the environment's; with `-m` it does not put the folder it starts
 * in on the module path (`-P`), so that a `random.py` in somebody's home cannot keep their server from starting.
 * @throws AtollError ATOLL_PROGRAM_MISSING
 */
export function resolveCommand(command: readonly string[], python: PythonEnvironment, path: string): string[] {
  const [program = '', ...rest] = command;
  if (program === 'python') return [python.python, ...(rest[0] === '-m' ? ['-P'] : []), ...rest];
  const candidates = isAbsolute(program)
    ? [program]
    : program !== '' && !program.includes('/')
      ? path.split(':').map((folder) => join(folder, program))
      : [];
  const found = candidates.find(isExecutable);
  if (found === undefined)
    throw new AtollError('ATOLL_PROGRAM_MISSING', `The program ${program} cannot be started: there is none.`, {
      evidence: isAbsolute(program) ? `No executable file at ${program}.` : `Looked for it in ${path}.`,
    });
  return [found, ...rest];
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
