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
  const message: SuiteMessage = { figures, ...(method !== undefined && { method }) };
  if (process.send) process.send(message);
  else if (figures.length > 0) {
    const goals = readGoals();
    console.log(tableText(figures.map((figure) => ({ figure, goals: goalsOf(figure, goals) }))));
  }
}
