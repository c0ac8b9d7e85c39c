import { parseArgs } from 'node:util';
import { readGoals } from './report/goals.ts';
import { resultsFolder } from './report/results.ts';
import { runBench } from './runner/runBench.ts';
import { suites } from './suites.ts';

// Everything that is claimed about speed, memory and scale, measured beside the peers, in one run.
//
//   npm run bench                      all suites but the soaks, which are run when they are named
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
  ({ name, short, onlyNamed }) =>
    (positionals.length === 0 ? !onlyNamed : positionals.includes(name)) && (!values.short || short),
);
if (chosen.length === 0) {
  console.error(`No short form has ${positionals.join(', ')}.`);
  process.exit(1);
}
process.exitCode = await runBench({ suites: chosen, goals: readGoals(), results: resultsFolder, ...values });
