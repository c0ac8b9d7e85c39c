import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../../core/projectFolder.ts';
import type { WorkloadSpec } from '../contract.ts';
import { daskClientVariables } from '../daskClientVariables.ts';
import { filesDirectory } from './podInputs.ts';

/**
 * A server that has Atoll's modules for Dask's clients (python/client) among its files, whatever its image is, and a part of
 * Jupyter's configuration (python/pod) that lets it use them. An image that does not run Jupyter is left as it is.
 */
export function withDaskClient(spec: WorkloadSpec): WorkloadSpec {
  const { JUPYTER_CONFIG_PATH: own } = spec.environment;
  return {
    ...spec,
    environment: {
      ...spec.environment,
      JUPYTER_CONFIG_PATH: own ? `${own}:${filesDirectory}` : filesDirectory,
    },
    files: {
      ...spec.files,
      ...pythonFiles(),
      'dask-client.json': JSON.stringify(daskClientVariables(spec.environment)),
    },
  };
}

let known: Readonly<Record<string, string>> | undefined;

function pythonFiles(): Readonly<Record<string, string>> {
  known ??= Object.fromEntries(
    ['client', 'pod'].flatMap((folder) => {
      const path = join(projectFolder, 'python', folder);
      const names = readdirSync(path).filter((name) => name.endsWith('.py'));
      return names.map((name) => [name, readFileSync(join(path, name), 'utf8')]);
    }),
  );
  return known;
}
