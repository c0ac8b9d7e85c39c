import { mkdtempSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Figure } from '../../bench/report/figure.ts';
import { htmlReport } from '../../bench/report/htmlReport.ts';
import type { Machine } from '../../bench/report/machine.ts';
import { keepResult, type Result, readResults } from '../../bench/report/results.ts';

const machine: Machine = {
  processors: 2,
  model: 'some processor',
  memory: 2 ** 34,
  kernel: '6.1',
  node: 'v24.0.0',
  load: 0,
  commit: '0123456',
  versions: {},
};

/** A result of one day with one figure, which took so many ms in its rounds. */
function result(day: number, ours: number[], more: Partial<Result> = {}): Result {
  const figures: Figure[] = [{ case: 'edge/one', unit: 'ms', better: 'less', ours }];
  const suite = { name: 'edge', seconds: 1, figures, methods: [], missing: [], profiles: [] };
  return {
    at: `2026-01-${String(day).padStart(2, '0')}T00:00:00.000Z`,
    machine,
    short: false,
    suites: [suite],
    ...more,
  };
}

/** Where the points of the plot over time are. */
async function pointsOf(results: Result[]): Promise<{ x: number; y: number }[]> {
  const page = await htmlReport(results.at(-1)!, results, []);
  const plot = /<svg [^>]*aria-label="\d+ results"[^]*?<\/svg>/.exec(page)?.[0] ?? '';
  return [...plot.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }));
}

test('over time: one result is a point in the middle', async () => {
  expect(await pointsOf([result(1, [5, 5, 5])])).toEqual([{ x: 70, y: 20 }]);
});

test('over time: a later result is on the right of an earlier one, and a larger value above a smaller one', async () => {
  const [first, second] = await pointsOf([result(1, [5, 6, 7]), result(2, [10, 11, 12])]);
  expect(first!.x).toBeLessThan(second!.x);
  expect(first!.y).toBeGreaterThan(second!.y);
});

test('over time: many results lie within the plot; the oldest are left out, and what was not measured leaves a gap', async () => {
  const results = Array.from({ length: 100 }, (_, index) => result(1, index === 98 ? [] : [index + 1]));
  const points = await pointsOf(results);
  expect(points).toHaveLength(39);
  for (const { x, y } of points) {
    expect(x).toBeGreaterThanOrEqual(0);
    expect(x).toBeLessThanOrEqual(140);
    expect(y).toBeGreaterThanOrEqual(0);
    expect(y).toBeLessThanOrEqual(40);
  }
  const [before, last] = points.slice(-2);
  const [one, next] = points;
  expect(last!.x - before!.x).toBeCloseTo(2 * (next!.x - one!.x), 0);
});

test('over time: results of another form or of another kind of machine are not compared', async () => {
  const others = [result(1, [5], { short: true }), result(2, [5], { machine: { ...machine, processors: 64 } })];
  expect(await pointsOf([...others, result(3, [5])])).toHaveLength(1);
});

test('results are read in the order of their days, and hold no folder of the machine', () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-results-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const reason = `cannot read ${resolve('bench/x')}, ${homedir()}/.cache and ${tmpdir()}/y`;
  const [suite] = result(1, []).suites;
  keepResult(result(2, [2]), folder);
  keepResult(result(1, [1], { suites: [{ ...suite!, failure: reason }] }), folder);
  const kept = readResults(folder);
  expect(kept.map(({ at }) => at.slice(0, 10))).toEqual(['2026-01-01', '2026-01-02']);
  expect(kept[0]?.suites[0]?.failure).toBe('cannot read ./bench/x, ~/.cache and (temporary)/y');
});
