import { closeSync, openSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemCodeOf } from '../../core/errors.ts';
import type { ErrorCode } from '../../core/errorTable.ts';
import { armored } from '../encrypted/isEncrypted.ts';
import type { Problem } from '../problem.ts';
import type { ValuesInput } from './parseValues.ts';
import { readBounded } from './readBounded.ts';

/** Bytes that are read of one file at most; what is longer is refused. UTF-8 needs up to four for a character. */
const mostBytes = 4 * 2 ** 20;

/** How a binary file of age begins. */
const ageMark = Buffer.from('age-encryption.org/');

/** What {@link readValuesFiles} calls standard input. */
const standardInputName = '<stdin>';

/**
 * Reads the files of `-f`, in order: each path is a file, a folder (its `*.yaml` and `*.yml`, by name) or `-` for standard
 * input. Pipes work too (`-f <(sops --decrypt secrets.yaml)`). What cannot be read is in `problems`.
 */
export function readValuesFiles(paths: readonly string[]): { inputs: ValuesInput[]; problems: Problem[] } {
  const inputs: ValuesInput[] = [];
  const problems: Problem[] = [];
  for (const path of paths) {
    for (const file of filesOf(path, problems)) {
      const name = file === '-' ? standardInputName : file;
      const text = readText(file, (code, message) => problems.push(wholeFile(code, name, message)));
      if (text !== undefined) inputs.push({ name, text });
    }
  }
  return { inputs, problems };
}

function filesOf(path: string, problems: Problem[]): string[] {
  if (path === '-') return [path];
  try {
    if (!statSync(path).isDirectory()) return [path];
    const files = readdirSync(path)
      .filter((name) => /\.ya?ml$/.test(name))
      .sort();
    if (files.length === 0)
      problems.push(wholeFile('ATOLL_SETTINGS_UNREADABLE', path, 'The folder holds no *.yaml file.'));
    return files.map((name) => join(path, name));
  } catch (error) {
    problems.push(wholeFile('ATOLL_SETTINGS_UNREADABLE', path, reasonOf(error)));
    return [];
  }
}

function readText(path: string, refuse: (code: ErrorCode, message: string) => void): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readBytes(path);
  } catch (error) {
    refuse('ATOLL_SETTINGS_UNREADABLE', reasonOf(error));
    return undefined;
  }
  if (bytes.length > mostBytes) {
    refuse('ATOLL_SETTINGS_TOO_LARGE', `The file is longer than ${mostBytes / 2 ** 20} MiB.`);
    return undefined;
  }
  if (bytes.subarray(0, ageMark.length).equals(ageMark)) return armored(bytes);
  // UTF-16 and UTF-32 begin with a mark of their own, or have a zero beside the first letter.
  if (/^(?:fffe|feff|0000feff)/.test(bytes.subarray(0, 4).toString('hex')) || bytes.subarray(0, 4).includes(0)) {
    refuse('ATOLL_SETTINGS_ENCODING', 'The file is in UTF-16 or UTF-32, or no text at all.');
    return undefined;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    refuse('ATOLL_SETTINGS_ENCODING', 'The file holds bytes that are not UTF-8.');
    return undefined;
  }
}

function readBytes(path: string): Buffer {
  if (path === '-') return readBounded(0, mostBytes);
  const descriptor = openSync(path, 'r');
  try {
    return readBounded(descriptor, mostBytes);
  } finally {
    closeSync(descriptor);
  }
}

function wholeFile(code: ErrorCode, file: string, message: string): Problem {
  return { code, severity: 'error', message, file, line: 1, column: 1, path: '' };
}

function reasonOf(error: unknown): string {
  switch (systemCodeOf(error)) {
    case 'ENOENT':
      return 'There is no such file.';
    case 'EACCES':
    case 'EPERM':
      return 'The file may not be read by this user.';
    case 'EISDIR':
      return 'This is a folder.';
    default:
      return `The file cannot be read (${systemCodeOf(error) ?? 'unknown reason'}).`;
  }
}
