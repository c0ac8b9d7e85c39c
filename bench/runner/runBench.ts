import type { Figure } from '../report/figure.ts';
import { type Goal, goalsOf, goalText } from '../report/goals.ts';
import { writeHtmlReport } from '../report/htmlReport.ts';
import { describeMachine } from '../report/machine.ts';
import { profileText } from '../report/profile.ts';
import { keepResult, type Result, readResults, type SuiteResult } from '../report/results.ts';
import { tableText } from '../report/tableText.ts';
import { checkExitCode, type RunVerdict, verdictOf } from '../report/verdict.ts';
import type { Suite } from '../suites.ts';
import { profileMissed } from './profileMissed.ts';
import { Progress } from './progress.ts';
import { runSuite } from './runSuite.ts';

/** What is run, and how. */
export interface BenchOptions {
  suites: readonly Suite[];
  goals: readonly Goal[];
  /** In their short form. */
  short: boolean;
  /** Whether a goal that is missed is a failure. */
  check: boolean;
  /** Where results are kept. */
  results: string;
}

const tellEveryMs = 30_000;
const shortMinutes = 0.6;

/**
 * Runs suites one after the other, prints what they came to, and keeps it. Returns the exit code: 2 when a suite did not run as
 * it should, and with `check` 1 when it did not or a goal was missed.
 */
export async function runBench({ suites, goals, short, check, results }: BenchOptions): Promise<number> {
  const result: Result = { at: new Date().toISOString(), machine: describeMachine(), short, suites: [] };
  const progress = new Progress(suites.map(({ minutes }) => (short ? shortMinutes : minutes)));
  const tell = (what: string): void => console.error(`${what}; about ${progress.minutesLeft} min left`);
  tell(suites.map(({ name }) => name).join(', '));
  for (const [index, suite] of suites.entries()) {
    progress.next();
    const place = `${suite.name} (${index + 1} of ${suites.length})`;
    tell(`\n${place}: ${suite.about}`);
    const telling = setInterval(() => tell(`… ${place}`), tellEveryMs);
    result.suites.push(await measure(suite, short));
    clearInterval(telling);
    // Also that a run which is broken off leaves what it has measured.
    keepResult(result, results);
  }
  const verdict = verdictOf(result, goals);
  if (!short)
    for (const [index, suite] of suites.entries()) {
      const missed = verdict.missed.map(({ figure }) => figure).filter((one) => one.case.startsWith(`${suite.name}/`));
      result.suites[index]?.profiles.push(...(await profileMissed(suite, missed)));
    }
  print(result, goals, verdict, check);
  console.log(
    `\nKept in ${keepResult(result, results)}; as a page: ${await writeHtmlReport(readResults(results), goals, results)}`,
  );
  if (check) return checkExitCode(verdict, short);
  return verdict.failures.length > 0 ? 2 : 0;
}

async function measure(suite: Suite, isShort: boolean): Promise<SuiteResult> {
  const { name, cases, short = [], words = [] } = suite;
  const startedAt = performance.now();
  const figures: Figure[] = [];
  const methods: string[] = [];
  const failures: string[] = [];
  const ending = await runSuite(suite, {
    words: isShort ? short : words,
    onMessage(message) {
      figures.push(...message.figures);
      if (message.method !== undefined) methods.push(message.method);
      if (message.failure !== undefined) failures.push(message.failure);
    },
  });
  const measured = new Set(figures.map((figure) => figure.case.slice(name.length + 1)));
  const undeclared = [...measured].filter((one) => !cases.includes(one));
  if (ending !== undefined && failures.length === 0) failures.push(ending);
  if (undeclared.length > 0) failures.push(`cases that suites.ts does not have: ${undeclared.join(', ')}`);
  return {
    name,
    seconds: (performance.now() - startedAt) / 1000,
    figures,
    methods,
    missing: isShort ? [] : cases.filter((one) => !measured.has(one)),
    ...(failures.length > 0 && { failure: failures.join('; ') }),
    profiles: [],
  };
}

function print({ suites, short }: Result, goals: readonly Goal[], verdict: RunVerdict, check: boolean): void {
  const rows = suites.flatMap(({ figures }) => figures).map((figure) => ({ figure, goals: goalsOf(figure, goals) }));
  console.log(`\n${tableText(rows)}\n`);
  for (const { name, missing } of suites)
    if (missing.length > 0) console.log(`Not measured in ${name}: ${missing.join('; ')}.`);
  for (const failure of verdict.failures) console.log(`Failed: ${failure}.`);
  for (const { figure, by } of verdict.missed) console.log(`Short of the goal: ${figure.case}, ${by}.`);
  if (check && !short)
    for (const goal of verdict.unmeasured) console.log(`Promised and not measured: ${goal.case}, ${goalText(goal)}.`);
  for (const { cases, ...profile } of suites.flatMap(({ profiles }) => profiles))
    console.log(`\nWhere the time goes in ${cases.join('; ')}\n${profileText(profile).join('\n')}`);
}
