import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Account } from './accounts.ts';
import { installationVariable } from './workloadProcesses.ts';

/** What the programs in python/ are told to start. */
export interface LaunchRequest {
  /** Program (an absolute path) and arguments. */
  argv: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** The folder it starts in. */
  directory: string;
  log: string;
  /** The process file of this attempt. */
  process: string;
  exit: string;
}

/** How long a supervisor may take to say that the workload runs. It needs about 20 ms. */
const supervisorTimeoutMs = 20_000;

/**
 * Starts a workload as a new program under a supervisor of its own (python/atoll_supervisor.py), which waits for it and
 * outlives the hub. Resolves true when the workload runs, false when it does not or nobody can tell.
 * @param python a Python >= 3.9
 * @param programs the folder of Atoll's Python programs
 * @param account whom it shall run as; undefined: the hub's own user
 */
export function launchUnderSupervisor(
  python: string,
  programs: string,
  account: Account | undefined,
  request: LaunchRequest,
): Promise<boolean> {
  const log = openSync(request.log, constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW);
  const supervisor = spawn(python, ['-I', '-S', join(programs, 'atoll_supervisor.py')], {
    detached: true,
    cwd: '/',
    // The mark makes it found as one of this installation's; the workload's own environment comes with the request.
    env: { LANG: 'C.UTF-8', [installationVariable]: request.environment[installationVariable] },
    stdio: ['pipe', 'pipe', log],
  }) as ChildProcessByStdio<Writable, Readable, null>;
  closeSync(log);
  supervisor.unref();
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle(false), supervisorTimeoutMs);
    let answer = '';
    supervisor.on('error', () => settle(false));
    supervisor.stdin.on('error', () => settle(false));
    supervisor.stdout.on('error', () => settle(false));
    supervisor.stdout.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    supervisor.stdout.on('end', () => settle(answer.includes('"pid"')));
    supervisor.stdin.end(`${JSON.stringify({ ...request, account: account ?? null })}\n`);

    function settle(runs: boolean): void {
      clearTimeout(timer);
      supervisor.stdin.destroy();
      supervisor.stdout.destroy();
      resolve(runs);
    }
  });
}
