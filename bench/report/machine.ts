import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';

/** What a result was measured on and with. */
export interface Machine {
  processors: number;
  model: string;
  /** Bytes. */
  memory: number;
  kernel: string;
  node: string;
  /** The load of the last minute before the run: above a few tenths, others were at work too. */
  load: number;
  /** The commit of this project; `+` when the work tree differs from it. */
  commit: string;
  /** Versions of the peers that come with the project; others say theirs in the figure's name. */
  versions: Record<string, string>;
}

const root = join(import.meta.dirname, '../..');

/** Describes this machine as it is now. */
export function describeMachine(): Machine {
  return {
    processors: cpus().length,
    model: cpus()[0]?.model.trim() ?? 'unknown',
    memory: totalmem(),
    kernel: release(),
    node: process.version,
    load: loadavg()[0] ?? 0,
    commit: commitName(),
    versions: {
      'configurable-http-proxy': installedVersion('configurable-http-proxy'),
      nginx: output('nginx', ['-v']).replace(/^.*nginx\//s, ''),
      wrk: /^wrk (\S+)/.exec(output('wrk', ['-v']))?.[1] ?? 'missing',
    },
  };
}

function commitName(): string {
  const name = output('git', ['-C', root, 'rev-parse', '--short', 'HEAD']);
  return name + (output('git', ['-C', root, 'status', '--porcelain', '--untracked-files=no']) === '' ? '' : '+');
}

function installedVersion(name: string): string {
  try {
    const manifest = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8');
    return (JSON.parse(manifest) as { version: string }).version;
  } catch {
    return 'missing';
  }
}

/** What a program prints on either stream, whatever its exit code. */
function output(program: string, words: string[]): string {
  try {
    return execFileSync('sh', ['-c', '"$@" 2>&1 || true', 'sh', program, ...words], { encoding: 'utf8' }).trim();
  } catch {
    return 'missing';
  }
}
