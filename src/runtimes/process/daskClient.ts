import { daskClientVariables } from '../daskClientVariables.ts';

/**
 * The variables of a server by which Dask and dask-gateway's client find Atoll's modules in `folder` (src/environment/
 * installDaskClient.ts), added to `own`. Kernels of other environments inherit the variables, and would not find the modules:
 * so the folder is on their path too, after those that `own` names.
 */
export function withDaskClient(own: Record<string, string>, folder: string | undefined): Record<string, string> {
  if (folder === undefined) return own;
  return {
    ...own,
    ...daskClientVariables(own),
    PYTHONPATH: own.PYTHONPATH ? `${own.PYTHONPATH}:${folder}` : folder,
  };
}
