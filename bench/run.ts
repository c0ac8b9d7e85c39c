import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Figure } from './report/figure.ts';
import { goalsOf, judge, readGoals } from './report/goals.ts';
import { writeHtmlReport } from './report/htmlReport.ts';
import { describeMachine } from './report/machine.ts';
import { keepResult, type Result, readResults, type SuiteResult } from './report/results.ts';
import { tableText } from './report/tableText.ts';
import { type Suite, suites } from './suites.ts';

// Everything that is claimed about speed, memory and scale, measured beside the peers, in one run.
//
//   npm run bench                      all suites
//   npm run bench -- edge servers      some of them
//   npm run bench -- --short           each in its short form: ratios and CPU time in about three minutes
//   npm run bench -- --check           exit code 1 when a figure falls short of its goal by more than its spread

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
const minutes = chosen.reduce((sum, suite) => sum + (values.short ? 0.7 : suite.minutes), 0);
console.error(`${chosen.map(({ name }) => name).join(', ')}: about ${Math.ceil(minutes)} minutes`);
for (const [index, suite] of chosen.entries()) {
  console.error(`\n${suite.name} (${index + 1} of ${chosen.length}): ${suite.about}`);
  result.suites.push(await run(suite));
}

const goals = readGoals();
const rows = result.suites
  .flatMap(({ figures }) => figures)
  .map((figure) => ({ figure, goals: goalsOf(figure, goals) }));
console.log(`\n${tableText(rows)}\n`);
for (const { name, failure } of result.suites) if (failure !== undefined) console.log(`${name}: ${failure}`);
console.log(`Kept in ${keepResult(result)}; as a page: ${await writeHtmlReport(readResults(), goals)}`);
const missed = rows.filter(({ figure, goals: promised }) => promised.some((goal) => judge(figure, goal) === 'missed'));
if (missed.length > 0) console.log(`Short of the goal: ${missed.map(({ figure }) => figure.case).join(', ')}.`);
if (values.check && (missed.length > 0 || result.suites.some(({ failure }) => failure !== undefined)))
  process.exitCode = 1;

/** Runs a suite as a process of its own, so that none measures what another left in memory. */
async function run({ name, file, short }: Suite): Promise<SuiteResult> {
  const startedAt = performance.now();
  const figures: Figure[] = [];
  const path = join(import.meta.dirname, file);
  if (!existsSync(path)) throw new Error(`${file} is missing`);
  const child = fork(path, values.short ? (short ?? []) : [], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  child.stdout?.pipe(process.stderr);
  child.on('message', (message: { figures: Figure[] }) => figures.push(...message.figures));
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  const seconds = (performance.now() - startedAt) / 1000;
  return {
    name,
    seconds,
    figures,
    ...(code === 0
      ? {}
      : { failure: `The suite ended with ${signal ?? `exit code ${code}`}; what it printed says why.` }),
  };
}
