import type { Figure } from './figure.ts';
import { type Goal, goalsOf, judge, shortfallText } from './goals.ts';
import type { Result } from './results.ts';

/** What a run says about the promises. */
export interface RunVerdict {
  /** Figures that fall short of a goal by more than their spread, and by how much. */
  missed: { figure: Figure; by: string }[];
  /** Goals of the suites that ran for which nothing was measured. */
  unmeasured: Goal[];
  /** What went wrong, in sentences. */
  failures: string[];
}

/** Judges all figures of a run. */
export function verdictOf(result: Result, goals: readonly Goal[]): RunVerdict {
  const figures = result.suites.flatMap((suite) => suite.figures);
  const missed = figures.flatMap((figure) =>
    goalsOf(figure, goals)
      .filter((goal) => judge(figure, goal) === 'missed')
      .map((goal) => ({ figure, by: shortfallText(figure, goal) ?? '' })),
  );
  const ran = new Set(result.suites.map(({ name }) => name));
  const isMeasured = (goal: Goal): boolean =>
    figures.some((figure) => goalsOf(figure, [goal]).length > 0 && judge(figure, goal) !== 'unknown');
  const unmeasured = goals.filter((goal) => ran.has(goal.case.split('/')[0] ?? '') && !isMeasured(goal));
  const failures = result.suites.flatMap(({ name, failure }) => (failure === undefined ? [] : [`${name}: ${failure}`]));
  return { missed, unmeasured, failures };
}

/** The exit code of `--check`: 1 when a promise is not kept, or (but in the short form, which leaves some out) not measured. */
export function checkExitCode({ missed, unmeasured, failures }: RunVerdict, short: boolean): 0 | 1 {
  return missed.length > 0 || failures.length > 0 || (!short && unmeasured.length > 0) ? 1 : 0;
}
