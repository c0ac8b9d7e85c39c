import { type Figure, onlyNumbers } from './figure.ts';
import { goalsOf, readGoals } from './goals.ts';
import type { SuiteMessage } from './results.ts';
import { tableText } from './tableText.ts';

/**
 * Gives figures to `bench/run.ts`, or prints them when the suite was started by itself.
 * @param method how they were taken: the load, what runs on which processor.
 */
export function handIn(taken: readonly Figure[], method?: string): void {
  const figures = taken.map(onlyNumbers);
  if (tell({ figures, ...(method !== undefined && { method }) })) return;
  if (figures.length > 0) {
    const goals = readGoals();
    console.log(tableText(figures.map((figure) => ({ figure, goals: goalsOf(figure, goals) }))));
  }
}

/**
 * Does a part of a suite. When that goes wrong it is said, the other parts go on, and the suite will end with exit code 1; cases
 * of which nothing was handed in are missing in the result.
 */
export async function part(name: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    fail(name, error);
  }
}

/** Says what went wrong with a part of a suite, which will end with exit code 1. */
export function fail(name: string, error: unknown): void {
  console.error(`${name}:`, error);
  process.exitCode = 1;
  const [reason] = String(error).split('\n', 1);
  tell({ figures: [], failure: `${name}: ${reason}` });
}

/** Returns whether there is somebody to tell. */
function tell(message: SuiteMessage): boolean {
  process.send?.(message);
  return process.send !== undefined;
}
