import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { killNow, processesNaming } from '../../test/support/processesNaming.ts';
import { until } from '../../test/support/until.ts';
import type { SuiteMessage } from '../report/results.ts';
import type { Suite } from '../suites.ts';

/** What a suite is run with. */
export interface SuiteRun {
  /** Its arguments. */
  words: readonly string[];
  /** Beside ours. */
  environment?: NodeJS.ProcessEnv;
  onMessage: (message: SuiteMessage) => void;
}

/** As long as what it has started has to end by itself. */
const graceSeconds = 15;

/**
 * Runs a suite as a process of its own, so that none measures what another left in memory, with a folder of its own for what
 * it makes. What it leaves behind is ended, also when this process is told to end. Returns how it ended when that was not well.
 */
export async function runSuite(
  suite: Suite,
  { words, environment = {}, onMessage }: SuiteRun,
): Promise<string | undefined> {
  // A short name: that of a Unix socket in it has a limit.
  const folder = mkdtempSync(join(tmpdir(), 'ab-'));
  // The workers of an nginx that root has started are somebody else, and read below it.
  chmodSync(folder, 0o711);
  const env = { ...process.env, ...environment, TMPDIR: folder };
  const child = fork(resolve(import.meta.dirname, '..', suite.file), words, {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env,
  });
  child.stdout?.pipe(process.stderr);
  child.on('message', onMessage);
  const stop = (signal: NodeJS.Signals): void => {
    for (const pid of processesNaming(folder)) killNow(pid);
    rmSync(folder, { recursive: true, force: true });
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  let hangs = false;
  const limit = setTimeout(() => {
    hangs = true;
    child.kill('SIGKILL');
  }, limitMinutes(suite) * 60_000);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(limit);
  process.off('SIGINT', stop).off('SIGTERM', stop);
  await endAll(folder);
  rmSync(folder, { recursive: true, force: true });
  if (hangs) return `it was ended after ${limitMinutes(suite)} minutes`;
  return code === 0 ? undefined : `it ended with ${signal ?? `exit code ${code}`}; what it printed says why`;
}

/** It may be slow, and set up its peers first; longer than this it hangs. */
function limitMinutes({ minutes }: Suite): number {
  return Math.ceil(3 * minutes + 20);
}

/** Ends every process that names a folder. */
async function endAll(folder: string): Promise<void> {
  for (const pid of processesNaming(folder)) {
    try {
      process.kill(pid, 'SIGTERM');
    } catch {
      // It ended meanwhile.
    }
  }
  await until('the end of what is left', () => processesNaming(folder).length === 0, graceSeconds).catch(() => {
    for (const pid of processesNaming(folder)) killNow(pid);
  });
}
