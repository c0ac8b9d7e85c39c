import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Figure } from './report/figure.ts';
import { goalsOf, readGoals } from './report/goals.ts';
import { writeHtmlReport } from './report/htmlReport.ts';
import { describeMachine } from './report/machine.ts';
import { type ProfileSummary, profileText, summarizeProfiles } from './report/profile.ts';
import { keepResult, type Result, readResults, type SuiteMessage, type SuiteResult } from './report/results.ts';
import { tableText } from './report/tableText.ts';
import { checkExitCode, verdictOf } from './report/verdict.ts';
import { type Suite, suites } from './suites.ts';

// Everything that is claimed about speed, memory and scale, measured beside the peers, in one run.
//
//   npm run bench                      all suites
//   npm run bench -- edge servers      some of them
//   npm run bench -- --short           each in its short form: ratios and CPU time in about three minutes
//   npm run bench -- --check           exit code 1 when a figure falls short of its goal by more than its spread
//
// Exit code 2: a suite did not run as it should, whatever it measured.

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, check: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !suites.some((suite) => suite.name === name));
if (unknown.length > 0) {
  console.error(`There is no suite ${unknown.join(', ')}; there are ${suites.map(({ name }) => name).join(', ')}.`);
  process.exit(1);
}
const chosen = suites.filter(
  ({ name, short }) => (positionals.length === 0 || positionals.includes(name)) && (!values.short || short),
);

const result: Result = { at: new Date().toISOString(), machine: describeMachine(), short: values.short, suites: [] };
const minutes = chosen.reduce((sum, suite) => sum + (values.short ? 0.6 : suite.minutes), 0);
console.error(`${chosen.map(({ name }) => name).join(', ')}: about ${Math.ceil(minutes)} minutes`);
for (const [index, suite] of chosen.entries()) {
  console.error(`\n${suite.name} (${index + 1} of ${chosen.length}): ${suite.about}`);
  result.suites.push(await measure(suite));
}

const goals = readGoals();
const verdict = verdictOf(result, goals);
if (!values.short) await profileMissed();
const rows = result.suites
  .flatMap(({ figures }) => figures)
  .map((figure) => ({ figure, goals: goalsOf(figure, goals) }));
console.log(`\n${tableText(rows)}\n`);
for (const { name, missing } of result.suites)
  if (missing.length > 0) console.log(`Not measured in ${name}: ${missing.join('; ')}.`);
for (const failure of verdict.failures) console.log(failure);
for (const { figure, by } of verdict.missed) console.log(`Short of the goal: ${figure.case}, ${by}.`);
for (const { cases, ...profile } of result.suites.flatMap(({ profiles }) => profiles))
  console.log(`\nWhere the time goes in ${cases.join('; ')}\n${profileText(profile).join('\n')}`);
console.log(`\nKept in ${keepResult(result)}; as a page: ${await writeHtmlReport(readResults(), goals)}`);
process.exitCode = values.check ? checkExitCode(verdict, values.short) : verdict.failures.length > 0 ? 2 : 0;

/** Runs a suite as a process of its own, so that none measures what another left in memory. */
async function measure(suite: Suite): Promise<SuiteResult> {
  const { name, cases, short } = suite;
  const startedAt = performance.now();
  const figures: Figure[] = [];
  const methods: string[] = [];
  const ending = await run(suite, values.short ? (short ?? []) : [], {}, (message) => {
    figures.push(...message.figures);
    if (message.method !== undefined) methods.push(message.method);
  });
  const measured = new Set(figures.map((figure) => figure.case.slice(name.length + 1)));
  const undeclared = [...measured].filter((one) => !cases.includes(one));
  const failures = [
    ...(ending === undefined ? [] : [`The suite ended with ${ending}; what it printed says why.`]),
    ...(undeclared.length === 0 ? [] : [`Cases that suites.ts does not have: ${undeclared.join('; ')}.`]),
  ];
  return {
    name,
    seconds: (performance.now() - startedAt) / 1000,
    figures,
    methods,
    missing: values.short ? [] : cases.filter((one) => !measured.has(one)),
    ...(failures.length > 0 && { failure: failures.join(' ') }),
    profiles: [],
  };
}

/** Runs cases that miss a goal in time once more, with a profiler in each Node process. */
async function profileMissed(): Promise<void> {
  for (const suite of chosen) {
    const kept = result.suites.find(({ name }) => name === suite.name);
    const missed = new Set(
      verdict.missed
        .filter(({ figure }) => figure.case.startsWith(`${suite.name}/`) && !/^[kM]i?B$/.test(figure.unit))
        .map(({ figure }) => figure.case.slice(suite.name.length + 1)),
    );
    const casesByWords = Map.groupBy(missed, (name) => JSON.stringify(suite.profile?.(name)));
    for (const [words, cases] of casesByWords) {
      if (words === undefined) continue;
      console.error(`\nOnce more, for a profile: ${cases.join('; ')}`);
      const profile = await profileOf(suite, JSON.parse(words) as string[]);
      if (profile) kept?.profiles.push({ cases, ...profile });
    }
  }
}

async function profileOf(suite: Suite, words: readonly string[]): Promise<ProfileSummary | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-bench-profile-'));
  try {
    const options = `--cpu-prof --cpu-prof-dir=${folder} --cpu-prof-interval=500`;
    await run(suite, words, { NODE_OPTIONS: options, ATOLL_BENCH_PROFILE: folder }, () => undefined);
    return summarizeProfiles(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the program of a suite; returns how it ended when that was not well. */
async function run(
  { file }: Suite,
  words: readonly string[],
  environment: NodeJS.ProcessEnv,
  onMessage: (message: SuiteMessage) => void,
): Promise<string | undefined> {
  const path = join(import.meta.dirname, file);
  if (!existsSync(path)) throw new Error(`${file} is missing`);
  const env = { ...process.env, ...environment };
  const child = fork(path, words, { stdio: ['ignore', 'pipe', 'inherit', 'ipc'], env });
  child.stdout?.pipe(process.stderr);
  child.on('message', onMessage);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  return code === 0 ? undefined : (signal ?? `exit code ${code}`);
}
