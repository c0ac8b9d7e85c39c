import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { Figure } from '../../bench/report/figure.ts';
import type { Goal } from '../../bench/report/goals.ts';
import type { Result } from '../../bench/report/results.ts';
import { Progress } from '../../bench/runner/progress.ts';
import { type BenchOptions, runBench } from '../../bench/runner/runBench.ts';
import type { Suite } from '../../bench/suites.ts';
import { readProc } from '../support/processesNaming.ts';

const goal: Goal = { issue: 3, case: 'fake/one', peer: 'nginx', atLeast: 0.5 };
const file = '../test/bench/fakeSuite.ts';

let printed = '';
beforeEach(() => {
  printed = '';
  for (const name of ['log', 'error'] as const)
    vi.spyOn(console, name).mockImplementation((line: unknown) => void (printed += `${String(line)}\n`));
});

/** A suite whose rounds have these ratios. */
function suiteWith(...ratios: number[]): Suite {
  const peer = { name: 'nginx', theirs: ratios.map(() => 1000) };
  const ours = ratios.map((ratio) => ratio * 1000);
  const figure: Figure = { case: 'fake/one', unit: 'requests/s', better: 'more', ours, peer };
  return suiteOf(JSON.stringify([figure]));
}

/** A suite that does what `test/bench/fakeSuite.ts` does with a word. */
function suiteOf(word: string): Suite {
  return {
    name: 'fake',
    about: 'nothing real',
    file,
    minutes: 1,
    cases: ['one'],
    words: [word],
    profile: () => ['[]'],
  };
}

async function run(suites: Suite[], options: Partial<BenchOptions> = {}): Promise<{ code: number; results: string }> {
  const results = mkdtempSync(join(tmpdir(), 'atoll-results-'));
  onTestFinished(() => rmSync(results, { recursive: true }));
  return { code: await runBench({ suites, goals: [goal], short: false, check: true, results, ...options }), results };
}

function resultIn(folder: string): Result {
  const [name = ''] = readdirSync(folder).filter((one) => one.endsWith('.json'));
  return JSON.parse(readFileSync(join(folder, name), 'utf8')) as Result;
}

test('--check ends with 1 when a ratio falls short of its goal by more than its spread; it says which, by how much, and where the time goes', async () => {
  const { code, results } = await run([suiteWith(0.4, 0.42, 0.41)]);
  expect(code).toBe(1);
  expect(printed).toContain('Short of the goal: fake/one, 0.41 x nginx where >= 0.5 x is promised: 18 % short.');
  expect(printed).toMatch(
    /Where the time goes in one\n[\d.]+ s of CPU of ours, from the start of the program, by folder:\n +[\d.]+ % {2}src\/core/,
  );
  const [suite] = resultIn(results).suites;
  expect(suite?.profiles[0]).toMatchObject({ cases: ['one'], folders: expect.arrayContaining([]) as unknown });
  expect(readFileSync(join(results, 'report.html'), 'utf8')).toContain('Where the time goes in one');
});

test('--check ends with 0 when a ratio falls short by less than its rounds differ, and when it does not', async () => {
  expect((await run([suiteWith(0.4, 0.6, 0.45)])).code).toBe(0);
  expect((await run([suiteWith(0.5, 0.6, 0.55)])).code).toBe(0);
  expect(printed).not.toContain('Short of the goal');
});

test('without --check a missed goal is said and is no failure', async () => {
  const { code } = await run([{ ...suiteWith(0.4, 0.42, 0.41), short: ['[]'] }], { check: false });
  expect(code).toBe(0);
  expect(printed).toContain('Short of the goal: fake/one');
});

test('--check ends with 1 when something that is promised was not measured, and says what', async () => {
  expect((await run([suiteOf('[]')])).code).toBe(1);
  expect(printed).toContain('Promised and not measured: fake/one, >= 0.5 x.');
});

test('a part that goes wrong takes no other with it, and neither does a suite; both are reported, without paths of this machine', async () => {
  const crashing: Suite = { ...suiteOf('no JSON'), name: 'crashing', cases: ['two'] };
  const { code, results } = await run([suiteOf('broken'), crashing, suiteWith(1, 1, 1)], { check: false });
  expect(code).toBe(2);
  const { suites } = resultIn(results);
  expect(suites.map(({ figures }) => figures.length)).toEqual([1, 0, 1]);
  expect(suites[0]?.failure).toContain('broken: Error: no such file: ./test/bench/fakeSuite.ts');
  expect(suites[1]).toMatchObject({ missing: ['two'], failure: expect.stringContaining('exit code 1') as string });
  expect(printed).toContain('Failed: fake: broken: Error: no such file');
  expect(printed).toContain('Not measured in crashing: two.');
  expect(JSON.stringify(suites)).not.toMatch(new RegExp(`${homedir()}|${join(import.meta.dirname, '../..')}`));
});

test('what a suite leaves behind is ended', async () => {
  const { results } = await run([suiteOf('leave')], { check: false });
  const pid = resultIn(results).suites[0]?.figures[0]?.ours[0] ?? 0;
  expect(pid).toBeGreaterThan(1);
  // Empty too while nobody has asked how it ended.
  expect(readProc(pid, 'cmdline')).toBe('');
});

test('it says what is left, by what its suites take as a rule and by the pace so far', () => {
  let now = 0;
  const progress = new Progress([2, 4, 6], () => now * 60_000);
  expect(progress.minutesLeft).toBe(12);
  progress.next();
  now = 1;
  expect(progress.minutesLeft).toBe(11);
  now = 4; // Twice as long as planned.
  progress.next();
  expect(progress.minutesLeft).toBe(20);
  now = 30;
  expect(progress.minutesLeft).toBe(12);
  progress.next();
  now = 100;
  expect(progress.minutesLeft).toBe(1);
});
