import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AtollError, systemCodeOf } from '../core/errors.ts';
import { takeBuildLock } from './buildLock.ts';
import type { Environment, EnvironmentOptions } from './environment.ts';
import { findBuiltEnvironment } from './findBuiltEnvironment.ts';
import { findPython } from './findPython.ts';
import { findUv } from './findUv.ts';
import { findPackageIndex } from './packageIndex.ts';
import type { EnvironmentRecipe } from './recipe.ts';
import { runUv } from './runUv.ts';

/** What is being built has a name of its own, so that nothing half-made is ever found under the final one. */
export const unfinished = '.unfinished-';

/**
 * Builds the environment of a recipe into `<root>/<hash of recipe and Python version>`, beside those of other recipes, and
 * makes it the current one.
 */
export async function buildEnvironment(
  root: string,
  recipe: EnvironmentRecipe,
  { onProgress, signal }: EnvironmentOptions,
): Promise<Environment> {
  try {
    await mkdir(root, { recursive: true });
    // The accounts of the users run what is in there.
    await chmod(root, 0o755);
    const release = await takeBuildLock(
      root,
      () => onProgress('Python environment: another Atoll is building it, waiting for that'),
      signal,
    );
    try {
      return findBuiltEnvironment(root, recipe) ?? (await build(root, recipe, onProgress, signal));
    } finally {
      release();
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw explained(error, root);
  }
}

async function build(
  root: string,
  recipe: EnvironmentRecipe,
  onProgress: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<Environment> {
  await removeUnfinished(root);
  const interpreter = await findPython();
  const index = findPackageIndex();
  const uv = await findUv({ directory: root, index, onProgress, signal });
  const name = createHash('sha256').update(`${recipe.hash} ${interpreter.version}`).digest('hex').slice(0, 20);
  const directory = join(root, name);
  const temporary = join(root, unfinished + randomUUID());
  const run = { uv, index, directory: root, signal, onLine: progressOf(onProgress) };
  onProgress(`Python environment: building it for Python ${interpreter.version}, into ${directory}`);
  try {
    await runUv(run, [
      'venv',
      '--quiet',
      '--no-project',
      '--relocatable',
      '--prompt',
      'atoll',
      '--python',
      interpreter.path,
      temporary,
    ]);
    const python = join(temporary, 'bin/python');
    await runUv(run, ['pip', 'sync', '--require-hashes', '--python', python, recipe.lockFile]);
    await writeSettings(temporary, recipe.overrides);
    signal?.throwIfAborted();
    // One that is there under the final name has lost its interpreter, or was not made current: it is replaced.
    await rm(directory, { recursive: true, force: true });
    await rename(temporary, directory);
  } catch (error) {
    // Not left to the next build: it may be what fills the disk.
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
  await makeCurrent(root, { recipe: recipe.hash, folder: name, python: interpreter.version });
  onProgress('Python environment: ready');
  return { python: join(directory, 'bin/python'), directory, owned: true };
}

/** JupyterLab's settings for everybody, readable for every account whatever this process's umask. */
async function writeSettings(directory: string, overrides: string): Promise<void> {
  let folder = directory;
  for (const name of ['share', 'jupyter', 'lab', 'settings']) {
    folder = join(folder, name);
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o755);
  }
  await writeFile(join(folder, 'overrides.json'), overrides);
  await chmod(join(folder, 'overrides.json'), 0o644);
}

/** Says durably which environment is whole. */
async function makeCurrent(root: string, stamp: { recipe: string; folder: string; python: string }): Promise<void> {
  const temporary = join(root, 'current.json.new');
  const file = await open(temporary, 'w', 0o644);
  try {
    await file.writeFile(JSON.stringify(stamp));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, join(root, 'current.json'));
}

/** Removes what interrupted builds left; an installer that outlived its Atoll may still write there, then it stays. */
async function removeUnfinished(root: string): Promise<void> {
  for (const name of await readdir(root))
    if (name.startsWith(unfinished))
      await rm(join(root, name), { recursive: true, force: true }).catch(() => undefined);
}

/** Turns the lines that uv prints into some for a person. */
function progressOf(onProgress: (line: string) => void): (line: string) => void {
  return (line) => {
    const told = /^\s*(Downloading .*|Prepared .*|Installed .*)$/.exec(line)?.[1];
    if (told) onProgress(`Python environment: ${told.charAt(0).toLowerCase()}${told.slice(1)}`);
  };
}

function explained(error: unknown, root: string): unknown {
  const code = systemCodeOf(error);
  const evidence = error instanceof Error ? { evidence: error.message, cause: error } : {};
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new AtollError('ATOLL_DISK_FULL', 'No space is left for the Python environment.', evidence);
  if (['EACCES', 'EROFS', 'EPERM', 'EEXIST', 'ENOTDIR'].includes(code ?? ''))
    return new AtollError('ATOLL_DATA_NOT_WRITABLE', `The folder ${root} cannot be written.`, evidence);
  return error;
}
