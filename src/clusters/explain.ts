import { hideSecrets } from '../diagnosis/hideSecrets.ts';
import type { WorkloadExit } from '../runtimes/contract.ts';

/** How many of a workload's last lines people are shown. */
export const shownLines = 10;

/** How a process ended, to go after its name: `ended with exit code 1`, `was killed by SIGKILL`. */
export function exitText(exit: WorkloadExit | undefined): string {
  if (exit === undefined) return 'is gone, and nothing is known about its end';
  const how = endText(exit);
  return exit.reason === undefined ? how : `${how}: ${exit.reason.replace(/[.]$/, '')}`;
}

function endText({ code, signal }: WorkloadExit): string {
  if (signal !== null) return `was killed by ${signal}`;
  return code === null ? 'ended' : `ended with exit code ${code}`;
}

/** Why a scheduler is no more, with its last lines. `ready`: whether it had been running. */
export function schedulerEndText(exit: WorkloadExit | undefined, ready: boolean, logTail: readonly string[]): string {
  const sentence = `Its scheduler ${exitText(exit)}${ready ? '' : ' before it was ready'}.`;
  return withLines(sentence, logTail);
}

/** Why a scheduler that runs is given up on. */
export function schedulerSilenceText(seconds: number, logTail: readonly string[]): string {
  return withLines(`Its scheduler runs, but was not ready within ${seconds} seconds.`, logTail);
}

/** Whether the last lines of a process say that a port it was to listen on was taken meanwhile. */
export function saysPortTaken(logTail: readonly string[]): boolean {
  return logTail.some((line) => /address already in use|\bErrno 98\b/i.test(line));
}

function withLines(sentence: string, logTail: readonly string[]): string {
  const lines = cleanLines(logTail).slice(-shownLines);
  return lines.length === 0 ? sentence : `${sentence} Its last lines:\n${lines.join('\n')}`;
}

/** The lines that say something, secrets hidden. */
export function cleanLines(logTail: readonly string[]): string[] {
  return hideSecrets(
    logTail.filter((line) => line.trim() !== ''),
    { values: [], fingerprints: [] },
  );
}
