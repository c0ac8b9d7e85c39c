import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemCodeOf } from '../core/errors.ts';
import { randomHex } from '../core/ids.ts';
import { projectFolder } from '../core/projectFolder.ts';
import type { Environment } from './environment.ts';

const file = 'atoll_dask_client.py';

/**
 * Puts the module by which a plain `Client("gateway://…")` connects into an environment that Atoll built; servers there are
 * told of it (runtimes/process/launchEnvironment.ts). Others are left as they are: they are somebody else's. Safe to repeat,
 * and to do twice at a time.
 */
export function installDaskClient({ directory, owned }: Pick<Environment, 'directory' | 'owned'>): void {
  if (!owned) return;
  const wanted = readFileSync(join(projectFolder, 'python', file), 'utf8');
  const lib = join(directory, 'lib');
  for (const python of readdirSync(lib).filter((name) => /^python3\.\d+$/.test(name))) {
    const target = join(lib, python, 'site-packages', file);
    if (contentOf(target) === wanted) continue;
    const part = `${target}.${randomHex(4)}`;
    writeFileSync(part, wanted);
    renameSync(part, target);
  }
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
