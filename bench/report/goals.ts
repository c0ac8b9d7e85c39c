import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../support/statistics.ts';
import { type Figure, outcomeOf } from './figure.ts';

/** A figure promised. With a peer it is about the ratio ours / theirs, without about our value in the figure's unit. */
export interface Goal {
  /** `suite/case`: one of `suites.ts`. */
  case: string;
  /** The number of the issue among whose figures it is. */
  issue: number;
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
  const reached = reachedBy(figure, goal);
  if (!reached) return 'unknown';
  if (reached.short <= 0) return 'met';
  return reached.short <= reached.spread ? 'near' : 'missed';
}

/** By how much a figure falls short of a promise, in words; undefined when it does not. */
export function shortfallText(figure: Figure, goal: Goal): string | undefined {
  const reached = reachedBy(figure, goal);
  if (!reached || reached.short <= 0) return undefined;
  const bound = goal.atLeast ?? goal.atMost ?? 0;
  const percent = bound === 0 ? '' : `: ${((reached.short / bound) * 100).toFixed(0)} % short`;
  const unit = goal.peer === undefined ? figure.unit : `x ${figure.peer?.name}`;
  return `${Number(reached.value.toPrecision(3))} ${unit} where ${goalText(goal)} is promised${percent}`;
}

/** The worst of some verdicts; undefined when there are none. */
export function worst(verdicts: readonly Verdict[]): Verdict | undefined {
  return (['missed', 'near', 'unknown', 'met'] as const).find((verdict) => verdicts.includes(verdict));
}

/** A goal in a few characters: `>= 5 x`. */
export function goalText({ peer, atLeast, atMost }: Goal): string {
  return `${atLeast === undefined ? `<= ${atMost}` : `>= ${atLeast}`}${peer === undefined ? '' : ' x'}`;
}

/** What a goal is about, how far it is from it (0 or less: kept), and how far apart the rounds are; undefined: not measured. */
function reachedBy(figure: Figure, goal: Goal): { value: number; short: number; spread: number } | undefined {
  const outcome = goal.peer === undefined ? outcomeOf({ ...figure, peer: undefined }) : outcomeOf(figure);
  if (!outcome) return undefined;
  const value = outcome.ratio ?? median(figure.ours);
  const short = Math.max((goal.atLeast ?? -Infinity) - value, value - (goal.atMost ?? Infinity));
  return { value, short, spread: outcome.to - outcome.from };
}
