import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findUv } from '../../src/environment/findUv.ts';
import { findPackageIndex } from '../../src/environment/packageIndex.ts';
import { runUv } from '../../src/environment/runUv.ts';

/** Kept between runs, and by CI. */
const cache = resolve(import.meta.dirname, '../../.cache');

/**
 * A Python environment of the test's own, with these packages from PyPI (`dask-gateway==2024.1.0`); made once, in the cache.
 * @param name its folder's.
 * @param python the interpreter that it is made from.
 * @returns its folder.
 */
export async function pythonVenv(name: string, python: string, packages: readonly string[]): Promise<string> {
  const folder = join(cache, name);
  if (existsSync(join(folder, 'complete'))) return folder;
  mkdirSync(cache, { recursive: true });
  const onProgress = (line: string): void => void process.stderr.write(`${line}\n`);
  const index = findPackageIndex();
  const uv = await findUv({ directory: join(cache, 'uv'), index, onProgress });
  const run = (words: string[]): Promise<void> => runUv({ uv, index, directory: cache, onLine: onProgress }, words);
  await run(['venv', '--clear', '--python', python, folder]);
  await run(['pip', 'install', '--python', join(folder, 'bin/python'), ...packages]);
  writeFileSync(join(folder, 'complete'), '');
  return folder;
}
