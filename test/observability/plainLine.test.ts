import { expect, test } from 'vitest';
import { plainLine } from '../../src/observability/plainLine.ts';

process.env.TZ = 'UTC';

const line = (fields: object): string =>
  plainLine(JSON.stringify({ level: 30, time: '2026-11-24T07:26:21.750Z', role: 'hub', ...fields }));

test('a line is its time, its role, what happened, and the fields', () => {
  expect(line({ user: 'ada', milliseconds: 12, msg: 'signed in' })).toBe(
    '07:26:21 hub: signed in (user: ada, milliseconds: 12)',
  );
  expect(line({ level: 40, msg: 'late' })).toBe('07:26:21 hub: warning: late');
});

test('fields that say nothing are left out', () => {
  expect(line({ user: 'ada', server: '', exitCode: 0, signal: null, msg: 'failed' })).toBe(
    '07:26:21 hub: failed (user: ada, exitCode: 0)',
  );
});

test('an error brings its stack', () => {
  expect(line({ level: 50, err: { type: 'Error', message: 'no', stack: 'Error: no\n    at x' }, msg: 'failed' })).toBe(
    '07:26:21 hub: error: failed\n  Error: no\n      at x',
  );
});

test('nothing in a field or an error looks like a line of its own', () => {
  const forged = 'x\n07:26:22 hub: signed in (user: root)';
  expect(line({ report: forged, msg: 'seen' })).toBe(
    '07:26:21 hub: seen (report: x\\n07:26:22 hub: signed in (user: root))',
  );
  expect(line({ level: 50, err: { message: forged }, msg: 'failed' })).toMatch(/failed\n {2}x\n {2}07:26:22/);
});

test('what a terminal would obey is taken out', () => {
  expect(line({ user: 'a\u001b[2J\u009b1m', msg: 'x' })).toBe('07:26:21 hub: x (user: a?[2J?1m)');
});
