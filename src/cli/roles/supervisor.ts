import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { AtollError } from '../../core/errors.ts';
import type { SettingsAnswer, SettingsCommand } from '../settings/settingsMessages.ts';
import type { ReadyReport, RoleCommand, RoleReport, StopCommand } from './childRole.ts';

/** One role that `up` keeps running. */
export interface Role {
  /** `hub` or `edge`. */
  name: string;
  /** Options of Node, before the program. */
  nodeOptions: string[];
  /** Arguments of the program: the command and its options. */
  arguments: string[];
}

/** A role said in its own words why it cannot run. */
export class RefusedError extends Error {}

/**
 * What hub and edge have in their environment, unless it says otherwise: one malloc arena instead of one a thread. Neither has
 * threads that allocate much; it is 3 MB less at rest, and under load memory given back can be used again.
 */
export const roleEnvironment = { MALLOC_ARENA_MAX: '1' };

const shortestPauseMs = 100;
const longestPauseMs = 5000;
/** A role that ran this long before it ended is started again at once. */
const healthyMs = 10_000;
const stopPatienceMs = 15_000;
/** Servers and clusters may take their time to end. */
const stopWorkloadsPatienceMs = 90_000;

/** Starts roles, starts each again when it ends, and ends them all. */
export class Supervisor {
  readonly #children = new Map<string, RunningChild>();
  /** Restarts that were asked for, by name: settled when the role runs again, or does not. */
  readonly #restarts = new Map<string, PromiseWithResolvers<void>>();
  readonly #onShutDown: (options: { workloads: boolean }) => void;
  #stopping = false;

  /** @param onShutDown a role was asked to end Atoll; the supervisor itself does nothing about it */
  constructor(onShutDown: (options: { workloads: boolean }) => void) {
    this.#onShutDown = onShutDown;
  }

  /**
   * Starts a role and keeps it running from then on. Resolves when it is ready for the first time.
   * @throws AtollError `ATOLL_START_FAILED` when it ends before; {@link RefusedError} when it said why.
   */
  async start(role: Role): Promise<ReadyReport> {
    const first = this.#launch(role);
    const report = await Promise.race([first.ready, first.ended.then((end) => this.#failedStart(role, end))]);
    this.#keepRunning(role, first.ended).catch((error: unknown) => console.error(error));
    return report;
  }

  /**
   * Tells a role something, as soon as one is ready, and resolves with its answer.
   * @throws Error when it ends before the answer
   */
  async ask(name: string, command: SettingsCommand): Promise<SettingsAnswer> {
    for (;;) {
      const running = this.#children.get(name);
      const isReady = running && Promise.race([running.ready.then(() => true), running.ended.then(() => false)]);
      if (running && (await isReady)) return this.#askRunning(name, running, command);
      if (this.#stopping) throw new Error(`the ${name} ends`);
      await wait(shortestPauseMs);
    }
  }

  async #askRunning(name: string, { child, ended }: RunningChild, command: SettingsCommand): Promise<SettingsAnswer> {
    const away = ended.then(() => Promise.reject(new Error(`the ${name} ended`)));
    const answer = new Promise<SettingsAnswer>((resolve) => {
      const listen = (report: RoleReport): void => {
        if (report.type !== 'settings') return;
        child.off('message', listen);
        resolve(report);
      };
      child.on('message', listen);
    });
    child.send(command);
    return Promise.race([answer, away]);
  }

  /**
   * Ends a role, which is then started again. Resolves when it is ready.
   * @throws Error with what it says, when it ends before that; it is started again then too
   */
  async restart(name: string): Promise<void> {
    const running = this.#children.get(name);
    const restarted = Promise.withResolvers<void>();
    this.#restarts.set(name, restarted);
    if (running) await endChild(running.child, { workloads: false }, stopPatienceMs);
    return restarted.promise;
  }

  /** Ends every role (and servers and clusters too, when `workloads`), by force when one takes too long. */
  async stop(command: Omit<StopCommand, 'type'>): Promise<void> {
    this.#stopping = true;
    const patience = command.workloads ? stopWorkloadsPatienceMs : stopPatienceMs;
    await Promise.all([...this.#children.values()].map(({ child }) => endChild(child, command, patience)));
  }

  async #keepRunning(role: Role, firstEnd: Promise<End>): Promise<void> {
    let pauseMs = shortestPauseMs;
    let startedAt = Date.now();
    for (let end = await firstEnd; !this.#stopping; ) {
      const restart = this.#restarts.get(role.name);
      this.#restarts.delete(role.name);
      if (!restart) {
        const why = end.refusal === undefined ? '' : `\n  ${end.refusal}`;
        console.error(`The ${role.name} ended (${end.how}); starting it again.${why}`);
        if (Date.now() - startedAt > healthyMs) pauseMs = shortestPauseMs;
        await wait(pauseMs);
        pauseMs = Math.min(longestPauseMs, pauseMs * 2);
      }
      if (this.#stopping) return;
      startedAt = Date.now();
      const next = this.#launch(role);
      if (restart) settle(restart, role, next);
      end = await next.ended;
    }
  }

  #launch(role: Role): RunningChild {
    const child = spawn(
      process.execPath,
      [...role.nodeOptions, ...process.execArgv, process.argv[1] ?? '', ...role.arguments],
      {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        env: { ...roleEnvironment, ...process.env },
        // Out of the terminal's foreground group: an interrupt reaches `up` alone, which ends the roles in order.
        detached: true,
      },
    );
    let refusal: string | undefined;
    const ready = new Promise<ReadyReport>((resolve) => {
      child.on('message', (report: RoleReport) => {
        if (report.type === 'ready') resolve(report);
        if (report.type === 'refused') refusal = report.text;
        if (report.type === 'shutDown') this.#onShutDown(report);
      });
    });
    const ended = exitOf(child).then((how) => {
      if (this.#children.get(role.name)?.child === child) this.#children.delete(role.name);
      return { how, refusal };
    });
    const running = { child, ready, ended };
    this.#children.set(role.name, running);
    return running;
  }

  #failedStart(role: Role, { how, refusal }: End): never {
    if (refusal !== undefined) throw new RefusedError(refusal);
    throw new AtollError('ATOLL_START_FAILED', `The ${role.name} ended while starting (${how}).`);
  }
}

/** One start of a role. */
interface RunningChild {
  child: ChildProcess;
  ready: Promise<ReadyReport>;
  ended: Promise<End>;
}

/** How a role ended: exit code or signal, and what it said about it. */
interface End {
  how: string;
  refusal: string | undefined;
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    child.once('error', (error) => resolve(error.message));
  });
}

/** Settles a restart: with the first that happens, the role is ready, or it has ended. */
function settle(restart: PromiseWithResolvers<void>, role: Role, { ready, ended }: RunningChild): void {
  void ready.then(() => restart.resolve());
  void ended.then(({ how, refusal }) => restart.reject(new Error(refusal ?? `The ${role.name} ended (${how}).`)));
}

async function endChild(child: ChildProcess, command: Omit<StopCommand, 'type'>, patienceMs: number): Promise<void> {
  const ended = exitOf(child);
  if (child.connected) child.send({ type: 'stop', ...command } satisfies RoleCommand);
  else child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
  await ended;
  clearTimeout(patience);
}
