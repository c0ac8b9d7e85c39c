import { readGoals } from './bench/report/goals.ts';
import { runBench } from './bench/runner/runBench.ts';
import { suites } from './bench/suites.ts';
const [edge] = suites;
const words = ['--rounds=3','--seconds=1','--case=100-byte responses'];
const reload = suites.filter(({name}) => name==='reload');
const goals = readGoals().map((g) => g.case.startsWith('reload') ? {...g, atMost: 0.001} : g);
process.exitCode = await runBench({ suites: [{...edge!, words}, ...reload], goals, short: false, check: true, results: '/tmp/E.results' });
