import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** Runs a script of `bench/support` in a Python environment; what it prints last, as JSON. */
export async function runScript<T>(
  environment: string,
  script: string,
  words: readonly string[],
  variables: Record<string, string>,
): Promise<T> {
  const path = resolve(import.meta.dirname, '../support', script);
  const { stdout } = await promisify(execFile)(join(environment, 'bin/python'), [path, ...words], {
    env: { ...process.env, ...variables },
    timeout: 300_000,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as T;
}
