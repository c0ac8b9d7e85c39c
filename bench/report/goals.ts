import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../support/statistics.ts';
import { type Figure, outcomeOf } from './figure.ts';

/** A figure promised. With a peer it is about the ratio ours / theirs, without about our value in the figure's unit. */
export interface Goal {
  case: string;
  /** The beginning of the peer's name, so that `JupyterHub` means all its versions. */
  peer?: string;
  atLeast?: number;
  atMost?: number;
}

/** `met`; `near`: short of the goal, by less than the rounds differ; `missed`; `unknown`: not measured. */
export type Verdict = 'met' | 'near' | 'missed' | 'unknown';

/** All figures promised, from `bench/goals.json`. */
export function readGoals(): Goal[] {
  return JSON.parse(readFileSync(join(import.meta.dirname, '../goals.json'), 'utf8')) as Goal[];
}

/** What was promised of a figure. */
export function goalsOf(figure: Figure, goals: readonly Goal[]): Goal[] {
  return goals.filter(
    (goal) => goal.case === figure.case && (goal.peer === undefined || figure.peer?.name.startsWith(goal.peer)),
  );
}

/** Whether a figure keeps a promise. */
export function judge(figure: Figure, goal: Goal): Verdict {
  const outcome = goal.peer === undefined ? outcomeOf({ ...figure, peer: undefined }) : outcomeOf(figure);
  if (!outcome) return 'unknown';
  const reached = outcome.ratio ?? median(figure.ours);
  const spread = outcome.to - outcome.from;
  const short = Math.max((goal.atLeast ?? -Infinity) - reached, reached - (goal.atMost ?? Infinity));
  if (short <= 0) return 'met';
  return short <= spread ? 'near' : 'missed';
}

/** The worst of some verdicts; undefined when there are none. */
export function worst(verdicts: readonly Verdict[]): Verdict | undefined {
  return (['missed', 'near', 'unknown', 'met'] as const).find((verdict) => verdicts.includes(verdict));
}

/** A goal in a few characters: `>= 5 x`. */
export function goalText({ peer, atLeast, atMost }: Goal): string {
  return `${atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`}${peer === undefined ? '' : ' x'}`;
}
