import { AtollError, messageOf } from '../core/errors.ts';
import type { Logger } from '../observability/logger.ts';

/** What a role says to the `up` that started it. */
export type RoleReport =
  | { type: 'ready'; signIn?: SignIn; notes?: string[] }
  /** It cannot run, and will not when started again: the text is for the person. */
  | { type: 'refused'; text: string };

/** How people sign in, for the terminal. */
export interface SignIn {
  /** One sentence, such as `Sign in, once, as ada:`. */
  sentence: string;
  url: string;
}

/** What `up` says to a role. */
export interface RoleCommand {
  type: 'stop';
  /** Ends servers and clusters too. */
  workloads: boolean;
}

/** Something that a role runs. */
interface Running {
  stop(workloads: boolean): Promise<void>;
  report: Omit<RoleReport & { type: 'ready' }, 'type'>;
}

/**
 * Runs a role of the program until it is told to stop: by a signal, by `up`, or by the death of `up`.
 * Tells `up` when it is ready, or why it cannot be.
 */
export async function runRole(log: Logger, start: () => Promise<Running>): Promise<void> {
  // From the first moment on: an early signal must not leave a half-started role behind.
  const stopRequest = new Promise<boolean>((resolve) => {
    process.once('SIGTERM', () => resolve(false));
    process.once('SIGINT', () => resolve(false));
    process.once('disconnect', () => resolve(false));
    process.on('message', (message: RoleCommand) => {
      if (message.type === 'stop') resolve(message.workloads);
    });
  });
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));
  let running: Running;
  try {
    running = await start();
  } catch (error) {
    const text = error instanceof AtollError ? error.toText() : `Atoll cannot start: ${messageOf(error)}`;
    log.fatal({ err: error }, 'cannot start');
    await tell({ type: 'refused', text });
    process.exit(1);
  }
  await tell({ type: 'ready', ...running.report });
  await running.stop(await stopRequest);
  process.exit(0);
}

function tell(report: RoleReport): Promise<void> {
  return new Promise((resolve) => {
    if (process.send) process.send(report, undefined, undefined, () => resolve());
    else {
      if (report.type === 'refused') console.error(`atoll: ${report.text}`);
      resolve();
    }
  });
}
