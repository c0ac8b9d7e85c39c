import { type ChildProcess, spawn } from 'node:child_process';
import { sleep } from '../core/clock.ts';
import { AtollError } from '../core/errors.ts';
import type { RoleCommand, RoleReport } from './childRole.ts';

/** One role that `up` keeps running. */
export interface RoleProcess {
  /** `hub` or `edge`. */
  name: string;
  /** Arguments of the program: the command and its options. */
  arguments: string[];
}

const shortestPauseMs = 100;
const longestPauseMs = 5000;
/** A role that ran this long before it ended is started again at once. */
const healthyMs = 10_000;
const stopPatienceMs = 15_000;

/** Starts roles, starts each again when it ends, and ends them all. */
export class Supervisor {
  readonly #program: string;
  readonly #children = new Map<string, ChildProcess>();
  #stopping = false;

  /** @param program Path of the program's main file. */
  constructor(program: string) {
    this.#program = program;
  }

  /**
   * Starts a role and keeps it running from then on. Resolves with its first report of being ready.
   * @throws AtollError `ATOLL_START_FAILED` when it ends, or refuses, before it was ready once.
   */
  start(role: RoleProcess): Promise<RoleReport & { type: 'ready' }> {
    return new Promise((resolve, reject) => {
      this.#keepRunning(role, resolve, reject).catch(reject);
    });
  }

  /** Ends every role: SIGTERM (with word whether workloads end too), after 15 s SIGKILL. */
  async stop(workloads: boolean): Promise<void> {
    this.#stopping = true;
    const ends = [...this.#children.values()].map(async (child) => {
      const ended = exitOf(child);
      const command: RoleCommand = { type: 'stop', workloads };
      if (child.connected) child.send(command);
      else child.kill('SIGTERM');
      const patience = new AbortController();
      await Promise.race([ended, sleep(stopPatienceMs, patience.signal)]);
      patience.abort();
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    });
    await Promise.all(ends);
  }

  async #keepRunning(
    role: RoleProcess,
    ready: (report: RoleReport & { type: 'ready' }) => void,
    failed: (error: Error) => void,
  ): Promise<void> {
    let pauseMs = shortestPauseMs;
    let wasReady = false;
    while (!this.#stopping) {
      const startedAt = Date.now();
      const child = spawn(process.execPath, [...process.execArgv, this.#program, ...role.arguments], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        // Out of the terminal's foreground group: an interrupt reaches `up` alone, which ends the roles in order.
        detached: true,
      });
      this.#children.set(role.name, child);
      let refusal: string | undefined;
      child.on('message', (report: RoleReport) => {
        if (report.type === 'refused') refusal = report.text;
        else {
          wasReady = true;
          ready(report);
        }
      });
      const end = await exitOf(child);
      this.#children.delete(role.name);
      if (this.#stopping) return;
      if (!wasReady)
        return failed(
          refusal === undefined
            ? new AtollError('ATOLL_START_FAILED', `The ${role.name} ended while starting (${end}).`)
            : new RefusedError(refusal),
        );
      if (Date.now() - startedAt > healthyMs) pauseMs = shortestPauseMs;
      console.error(`The ${role.name} ended (${end}); starting it again.`);
      await sleep(pauseMs);
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
    }
  }
}

/** A role said in its own words why it cannot run. */
export class RefusedError extends Error {}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve(describe(child.exitCode, child.signalCode));
    child.once('exit', (code, signal) => resolve(describe(code, signal)));
    child.once('error', (error) => resolve(error.message));
  });
}

function describe(code: number | null, signal: string | null): string {
  return signal === null ? `exit code ${code}` : signal;
}
