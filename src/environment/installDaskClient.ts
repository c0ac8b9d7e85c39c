import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { systemCodeOf } from '../core/errors.ts';
import { randomHex } from '../core/ids.ts';
import { projectFolder } from '../core/projectFolder.ts';
import type { Environment } from './environment.ts';

/**
 * Copies the modules that Dask and dask-gateway's client load in servers (python/client) to where the accounts of the users
 * can read them, and tells where: servers are told of them (runtimes/process/daskClient.ts). An environment that Atoll built
 * finds them whatever PYTHONPATH says; others are left as they are. Safe to repeat, and to do twice at a time.
 * @param state the folder that holds the environments.
 * @throws Error when PYTHONPATH cannot name the folder, because its path has a colon in it.
 */
export function installDaskClient(
  state: string,
  { directory, owned }: Pick<Environment, 'directory' | 'owned'>,
): string {
  const source = join(projectFolder, 'python/client');
  const folder = join(state, 'python', 'client');
  if (folder.includes(delimiter)) throw new Error(`PYTHONPATH cannot name a folder with a colon in it: ${folder}`);
  mkdirSync(folder, { recursive: true });
  // Whatever the umask is: those who run servers read them.
  chmodSync(folder, 0o755);
  for (const name of readdirSync(source).filter((file) => file.endsWith('.py')))
    keep(join(folder, name), readFileSync(join(source, name), 'utf8'));
  if (!owned) return folder;
  const lib = join(directory, 'lib');
  for (const python of readdirSync(lib).filter((name) => /^python3\.\d+$/.test(name)))
    keep(join(lib, python, 'site-packages/atoll.pth'), `${folder}\n`);
  return folder;
}

function keep(path: string, content: string): void {
  if (contentOf(path) === content) return;
  const part = `${path}.${randomHex(4)}`;
  writeFileSync(part, content);
  chmodSync(part, 0o644);
  renameSync(part, path);
}

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
