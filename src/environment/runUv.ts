import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
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
 * Runs uv to its end. What it makes can be read by every account, whatever this process's umask.
 * @throws AtollError that says what went wrong, with uv's last lines as evidence
 */
export async function runUv(run: UvRun, commandLine: readonly string[]): Promise<void> {
  run.signal?.throwIfAborted();
  const child = spawn('/bin/sh', ['-c', 'umask 022 && exec "$@"', 'sh', run.uv, ...commandLine], {
    cwd: run.directory,
    env: uvEnvironment(run.index),
    stdio: ['ignore', 'ignore', 'pipe'],
    signal: run.signal,
  });
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    lines.push(line);
    if (lines.length > keptLines) lines.shift();
    run.onLine(line);
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
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
