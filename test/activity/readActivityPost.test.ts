import { expect, test } from 'vitest';
import { readActivityPost } from '../../src/activity/readActivityPost.ts';

const now = Date.parse('2026-11-23T12:00:00Z');

test.each([
  ['2026-11-23T00:05:13.605357Z', '2026-11-23T00:05:13.605Z'],
  ['2026-11-23T00:05:13Z', '2026-11-23T00:05:13.000Z'],
  ['2026-11-23T02:05:13+02:00', '2026-11-23T00:05:13.000Z'],
  ['2026-11-22T19:05:13.5-0500', '2026-11-23T00:05:13.500Z'],
  ['2026-11-23 00:05:13', '2026-11-23T00:05:13.000Z'],
  ['2026-11-23', '2026-11-23T00:00:00.000Z'],
  ['2026-11-23T12:58:00Z', '2026-11-23T12:58:00.000Z'],
])('%s is %s', (text, expected) => {
  const reported = readActivityPost({ last_activity: text, servers: { '': { last_activity: text } } }, now);
  expect(new Date(reported.userActivity ?? 0).toISOString()).toBe(expected);
  expect(reported.servers['']).toBe(reported.userActivity);
});

test.each([
  [{}, 'body must contain at least one of `last_activity` or `servers`'],
  [{ last_activity: '2026-11-23T13:01:00Z' }, 'Rejecting activity from more than an hour in the future'],
  [{ last_activity: 'yesterday' }, 'Not a valid timestamp: yesterday'],
  [{ last_activity: '2026-13-45T99:00:00Z' }, 'Not a valid timestamp'],
  [{ last_activity: 5 }, 'expected string'],
  [{ servers: { '': {} } }, 'last_activity'],
  [{ servers: [] }, 'servers'],
  ['text', 'expected object'],
  [null, 'expected object'],
])('%j is refused: %s', (body, message) => {
  expect(() => readActivityPost(body, now)).toThrow(message);
});
