import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { AtollError } from '../core/errors.ts';
import type { PackageIndex } from './packageIndex.ts';

const systemCertificates = '/etc/ssl/certs/ca-certificates.crt';
const keptLines = 40;

/** How uv is run. */
export interface UvRun {
  uv: string;
  index: PackageIndex;
  /** The folder it works in. */
  directory: string;
  /** Told each line that uv prints. */
  onLine: (line: string) => void;
  signal?: AbortSignal | undefined;
}

/**
 * Runs a program that every account shall be able to read the results of, and ends it when descriptor 3 is closed: by this
 * process on purpose, or by the operating system when this process was killed. Otherwise an installer would go on for minutes
 * and hold its locks, while the next Atoll waits for them.
 */
const guard = `
umask 022
"$@" 3<&- &
program=$!
{ read -r _ <&3; kill "$program"; } >/dev/null 2>&1 &
guard=$!
exec 3<&-
wait "$program"
code=$?
kill "$guard" 2>/dev/null
exit "$code"`;

/**
 * Runs uv to its end.
 * @throws AtollError that says what went wrong, with uv's last lines as evidence; what the signal says when it aborts
 */
export async function runUv(run: UvRun, commandLine: readonly string[]): Promise<void> {
  const { signal } = run;
  signal?.throwIfAborted();
  const child = spawn('/bin/sh', ['-c', guard, 'sh', run.uv, ...commandLine], {
    cwd: run.directory,
    env: uvEnvironment(run.index),
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  const giveUp = (): void => {
    child.stdio[3]?.destroy();
  };
  child.stdio[3]?.on('error', () => undefined);
  signal?.addEventListener('abort', giveUp);
  const lines: string[] = [];
  createInterface({ input: child.stdio[2] as Readable }).on('line', (line) => {
    lines.push(line);
    if (lines.length > keptLines) lines.shift();
    run.onLine(line);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => {
    signal?.removeEventListener('abort', giveUp);
    giveUp();
  });
  signal?.throwIfAborted();
  if (code !== 0) throw failureOf(lines);
}

function uvEnvironment(index: PackageIndex): NodeJS.ProcessEnv {
  const { VIRTUAL_ENV: _, CONDA_PREFIX: __, PYTHONPATH: ___, PYTHONHOME: ____, ...inherited } = process.env;
  return {
    ...(existsSync(systemCertificates) ? { UV_SYSTEM_CERTS: '1' } : {}),
    ...(index.certificates ? { SSL_CERT_FILE: index.certificates } : {}),
    ...inherited,
    ...(index.knownToUv ? {} : { UV_DEFAULT_INDEX: index.url }),
    UV_PYTHON_DOWNLOADS: 'never',
    UV_NO_PROGRESS: '1',
    NO_COLOR: '1',
  };
}

function failureOf(lines: readonly string[]): AtollError {
  const text = lines.join('\n').replaceAll(/\/\/[^/\s@]+@/g, '//');
  const evidence = text.split('\n').slice(-8).join('\n').slice(-1500).trim();
  if (/no space left|disk quota exceeded|os error 28\b/i.test(text))
    return new AtollError('ATOLL_DISK_FULL', 'No space is left for the Python environment.', { evidence });
  if (/hash mismatch/i.test(text))
    return new AtollError('ATOLL_CHECKSUM_MISMATCH', 'A fetched package is not the one that Atoll expects.', {
      evidence,
    });
  if (
    /failed to (fetch|download)|error sending request|client error|dns error|connection (refused|reset)|timed out/i.test(
      text,
    )
  )
    return new AtollError('ATOLL_INDEX_UNREACHABLE', 'The Python package index cannot be reached.', { evidence });
  return new AtollError('ATOLL_ENVIRONMENT_FAILED', 'The Python environment could not be built.', { evidence });
}
