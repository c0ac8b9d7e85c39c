import { messageOf, toldErrorOf } from '../../core/errors.ts';
import { createLogger, type Logger } from '../../observability/logger.ts';
import type { SettingsAnswer, SettingsCommand } from '../settings/settingsMessages.ts';

/** What a role says to the `up` that started it. */
export type RoleReport =
  | ({ type: 'ready' } & ReadyReport)
  /** It cannot run, and will not when started again: the text is for the person. */
  | { type: 'refused'; text: string }
  /** What it did about a {@link SettingsCommand}. */
  | SettingsAnswer
  /** Somebody asked it to end Atoll (and servers and clusters too, when `workloads`). */
  | { type: 'shutDown'; workloads: boolean };

/** What a person should read when a role is ready. */
export interface ReadyReport {
  /** How people sign in. */
  signIn?: SignIn;
  /** Other sentences. */
  notes?: string[];
}

/** How people sign in, for the terminal. */
export interface SignIn {
  /** One sentence, such as `Sign in, once, as ada:`. */
  sentence: string;
  url: string;
}

/** What `up` says to a role. */
export type RoleCommand = StopCommand | SettingsCommand;

export interface StopCommand {
  type: 'stop';
  /** Ends servers and clusters too. */
  workloads: boolean;
}

/** What a role starts with. */
export interface RoleContext {
  log: Logger;
  /** Ends Atoll: by way of `up`, or this role alone when nobody started it. `workloads`: servers and clusters too. */
  shutDown: (options: { workloads: boolean }) => void;
}

/** A role that runs. */
export interface RunningRole {
  report: ReadyReport;
  /** What it does when settings files have changed. Default: nothing. */
  onSettings?(command: SettingsCommand): Promise<SettingsAnswer>;
  stop(workloads: boolean): Promise<void>;
}

/**
 * Runs a role of the program until it is told to stop: by a signal, by `up`, or by the death of `up`.
 * Tells `up` when it is ready, or why it cannot be.
 */
export async function runRole(name: string, start: (context: RoleContext) => Promise<RunningRole>): Promise<void> {
  const log = createLogger(name);
  const { promise: stopRequest, resolve: requestStop } = Promise.withResolvers<boolean>();
  // From the first moment on: an early signal must not leave a half-started role behind.
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.once(event, () => requestStop(false));
  process.on('message', (message: RoleCommand) => {
    if (message.type === 'stop') requestStop(message.workloads);
  });
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));
  let running: RunningRole;
  try {
    running = await start({
      log,
      shutDown: ({ workloads }) => {
        if (process.send) void tell({ type: 'shutDown', workloads });
        else requestStop(workloads);
      },
    });
  } catch (error) {
    const told = toldErrorOf(error);
    if (!told) log.fatal({ err: error }, 'cannot start');
    const text = told?.toText() ?? `The ${name} cannot start: ${messageOf(error)}`;
    await tell({ type: 'refused', text });
    process.exit(1);
  }
  process.on('message', (message: RoleCommand) => {
    if (message.type !== 'stop') void running.onSettings?.(message).then(tell);
  });
  await tell({ type: 'ready', ...running.report });
  await running.stop(await stopRequest);
  process.exit(0);
}

function tell(report: RoleReport): Promise<void> {
  if (!process.send) {
    if (report.type === 'refused') console.error(`atoll: ${report.text}`);
    if (report.type === 'ready') printReadyReport(report);
    return Promise.resolve();
  }
  return new Promise((resolve) => process.send?.(report, undefined, undefined, () => resolve()));
}

/** Prints what a person should read when a role, or all of Atoll, is ready. */
export function printReadyReport({ notes = [], signIn }: ReadyReport): void {
  for (const note of notes) console.log(note);
  if (signIn) console.log(`${signIn.sentence} ${signIn.url}`);
}
