/** A command that stands for running a Python module. */
export interface ModuleCommand {
  module: string;
  arguments: string[];
}

/**
 * Variables that Python, its libraries or the modules read once, when they are loaded: in a fork server that was long ago.
 * A workload that sets one of them is started plainly.
 */
const readAtLoad = [
  /^(PYTHON|LD_|MALLOC_|GLIBC_|OMP_|OPENBLAS_|MKL_|BLIS_|NUMEXPR_|LC_|LOCPATH$)/,
  /^JUPYTERHUB_SINGLEUSER_(APP|EXTENSION)$/,
  /^DASK_(CONFIG|ROOT_CONFIG)$/,
  /^DASK_DISTRIBUTED__(ADMIN|DIAGNOSTICS|LOGGING)/,
  /^DASK_DISTRIBUTED__COMM__(OFFLOAD|SHARD)$/,
];

/**
 * The module that a command `python -m MODULE …` runs when a fork of a process that has it imported would be the same thing;
 * otherwise undefined.
 * @param present the variables that that process runs with
 */
export function forkableModule(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  present: Readonly<Record<string, string>>,
): ModuleCommand | undefined {
  const [program, flag, module, ...rest] = command;
  if (program !== 'python' || flag !== '-m' || module === undefined) return undefined;
  for (const [name, value] of Object.entries(environment))
    if (present[name] !== value && readAtLoad.some((pattern) => pattern.test(name))) return undefined;
  return { module, arguments: rest };
}
