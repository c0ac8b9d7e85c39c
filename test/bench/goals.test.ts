import { expect, test } from 'vitest';
import { type Figure, onlyNumbers } from '../../bench/report/figure.ts';
import { type Goal, judge, readGoals, shortfallText } from '../../bench/report/goals.ts';
import type { Result, SuiteResult } from '../../bench/report/results.ts';
import { tableText } from '../../bench/report/tableText.ts';
import { checkExitCode, verdictOf } from '../../bench/report/verdict.ts';
import { suites } from '../../bench/suites.ts';

test('every goal has a case that some suite hands in, and so no renamed case loses its goal', () => {
  const cases = new Set(suites.flatMap((suite) => suite.cases.map((name) => `${suite.name}/${name}`)));
  expect(readGoals().filter((goal) => !cases.has(goal.case))).toEqual([]);
});

test('every goal names one bound, and the issue that promises it', () => {
  for (const goal of readGoals()) {
    expect([goal.atLeast, goal.atMost].filter((bound) => bound !== undefined)).toHaveLength(1);
    expect([3, 4, 5, 6, 7]).toContain(goal.issue);
  }
});

test('no suite has two cases of one name', () => {
  for (const { cases } of suites) expect(new Set(cases).size).toBe(cases.length);
});

const goal: Goal = { issue: 3, case: 'edge/small', peer: 'nginx', atLeast: 0.5 };

/** A figure whose rounds have these ratios. */
function small(...ratios: number[]): Figure {
  const theirs = ratios.map(() => 1000);
  const ours = ratios.map((ratio) => ratio * 1000);
  return { case: 'edge/small', unit: 'requests/s', better: 'more', ours, peer: { name: 'nginx', theirs } };
}

test('a figure is near its goal when it falls short by less than its rounds differ, and misses it when by more', () => {
  expect(judge(small(0.5, 0.6, 0.55), goal)).toBe('met');
  expect(judge(small(0.4, 0.6, 0.45), goal)).toBe('near');
  expect(judge(small(0.4, 0.42, 0.41), goal)).toBe('missed');
  expect(shortfallText(small(0.4, 0.4, 0.4), goal)).toBe('0.4 x nginx where >= 0.5 x is promised: 20 % short');
  expect(shortfallText(small(0.5), goal)).toBeUndefined();
  const none: Goal = { issue: 6, case: 'edge/small', atMost: 0 };
  const lost: Figure = { case: 'edge/small', unit: '', better: 'less', ours: [2] };
  expect(shortfallText(lost, none)?.replace('  ', ' ')).toBe('2 where <= 0 is promised');
});

test('a goal without a peer is about our own value', () => {
  const own: Goal = { issue: 3, case: 'edge/small', atMost: 150 };
  const figure = (...ours: number[]): Figure => ({ case: 'edge/small', unit: 'MB', better: 'less', ours });
  expect(judge(figure(140, 150, 151), own)).toBe('met');
  expect(judge(figure(150, 152, 160), own)).toBe('near');
  expect(judge(figure(160, 161, 162), own)).toBe('missed');
});

function resultWith(figures: Figure[], more: Partial<SuiteResult> = {}): Result {
  const suite = { name: 'edge', seconds: 1, figures, methods: [], missing: [], profiles: [], ...more };
  return { at: '', machine: {} as Result['machine'], short: false, suites: [suite] };
}

test('--check ends with 1 for a goal that is missed or was not measured, and for a suite that failed', () => {
  const exitCode = (result: Result): number => checkExitCode(verdictOf(result, [goal]), result.short);
  expect(exitCode(resultWith([small(0.5, 0.6, 0.55)]))).toBe(0);
  expect(exitCode(resultWith([small(0.4, 0.6, 0.45)]))).toBe(0);
  expect(exitCode(resultWith([small(0.4, 0.42, 0.41)]))).toBe(1);
  expect(exitCode(resultWith([]))).toBe(1);
  expect(exitCode({ ...resultWith([]), short: true })).toBe(0);
  expect(exitCode(resultWith([small(0.5)], { failure: 'The suite ended with exit code 1.' }))).toBe(1);
});

test('the goals of suites that did not run are not asked for', () => {
  expect(verdictOf({ ...resultWith([]), suites: [] }, [goal]).unmeasured).toEqual([]);
});

test('a peer that could not be had is in the table, with the reason', () => {
  const missing = { name: 'nginx', theirs: [], missing: 'it is not installed' };
  const table = tableText([{ figure: { ...small(1, 1, 1), peer: missing }, goals: [goal] }]);
  expect(table).toContain('nginx: missing');
  expect(table).toContain('it is not installed');
  expect(table).toContain('>= 0.5 x unknown');
});

test('fewer than three rounds are marked', () => {
  expect(tableText([{ figure: small(1, 1), goals: [] }])).toContain('(only 2 rounds)');
  expect(tableText([{ figure: small(1, 1, 1), goals: [] }])).not.toContain('only');
});

test('a round without a number on either side is left out, and a peer without any is missing', () => {
  const peer = { name: 'nginx', theirs: [2, 4, Number.NaN] };
  const figure: Figure = {
    case: 'edge/small',
    unit: 'ms',
    better: 'less',
    ours: [1, Number.POSITIVE_INFINITY, 3],
    peer,
  };
  expect(onlyNumbers(figure)).toMatchObject({ ours: [1], peer: { theirs: [2] } });
  const none = onlyNumbers({ ...figure, ours: [1, 2, 3], peer: { ...peer, theirs: [Number.NaN] } });
  expect(none).toMatchObject({ ours: [1, 2, 3], peer: { theirs: [], missing: expect.any(String) as string } });
  expect(tableText([{ figure: none, goals: [] }])).toContain('nginx: missing');
});
