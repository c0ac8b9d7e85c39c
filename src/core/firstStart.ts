import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { DataFolder } from './dataFolder.ts';
import { removeEmpty } from './removeEmpty.ts';

/**
 * Whether no Atoll was ever started on a data folder: it has no database, no secrets, no workloads. Only who holds the
 * folder's lock can know.
 */
export function isFirstStart({ database, secrets, workloads }: DataFolder): boolean {
  return !existsSync(database) && isEmpty(secrets) && isEmpty(workloads);
}

/**
 * Removes what a first start that was refused has left of itself, and the folders that it made. Folders that were there
 * before stay; so does what was fetched for the Python environment, for a build goes on from it. Where workloads were begun
 * nevertheless, all stays.
 */
export function takeBackFirstStart({ root, database, run, secrets, workloads, made }: DataFolder): void {
  if (!isEmpty(join(workloads, 'workloads'))) return;
  for (const folder of [workloads, run, secrets]) removeIn(folder, namesIn(folder));
  const databaseFiles = ['', '-wal', '-shm', '-journal'].map((suffix) => basename(database) + suffix);
  removeIn(root, [...databaseFiles, 'audit']);
  const python = join(root, 'python');
  removeIn(python, ['client']);
  if (namesIn(python).every((name) => name.startsWith('lock.sqlite'))) removeIn(python, namesIn(python));
  removeEmpty(made);
}

function removeIn(folder: string, names: readonly string[]): void {
  for (const name of names) rmSync(join(folder, name), { recursive: true, force: true });
}

function isEmpty(directory: string): boolean {
  return namesIn(directory).length === 0;
}

function namesIn(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}
