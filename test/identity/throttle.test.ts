import { expect, test } from 'vitest';
import { Throttle } from '../../src/identity/throttle.ts';
import { TestClock } from '../support/identityWorld.ts';

const options = { free: 3, firstWaitSeconds: 2, lastWaitSeconds: 60, capacity: 5 };

test('some failures are free, then the wait doubles up to a limit', () => {
  const clock = new TestClock();
  const throttle = new Throttle(options, clock);
  const waits: number[] = [];
  for (let attempt = 0; attempt < 10; attempt++) {
    throttle.failed('key');
    waits.push(throttle.waitSeconds('key'));
  }
  expect(waits).toEqual([0, 0, 0, 2, 4, 8, 16, 32, 60, 60]);
  clock.advance(59);
  expect(throttle.waitSeconds('key')).toBe(1);
  clock.advance(1);
  expect(throttle.waitSeconds('key')).toBe(0);
  throttle.failed('key');
  expect(throttle.waitSeconds('key')).toBe(0);
});

test('success clears, and keys do not touch each other', () => {
  const throttle = new Throttle(options, new TestClock());
  for (let attempt = 0; attempt < 5; attempt++) throttle.failed('a');
  expect(throttle.waitSeconds('a')).toBeGreaterThan(0);
  expect(throttle.waitSeconds('b')).toBe(0);
  throttle.succeeded('a');
  expect(throttle.waitSeconds('a')).toBe(0);
});

test('memory is bounded: the key that failed longest ago is forgotten', () => {
  const throttle = new Throttle(options, new TestClock());
  for (let attempt = 0; attempt < 5; attempt++) throttle.failed('old');
  for (const key of ['a', 'b', 'c', 'd']) throttle.failed(key);
  expect(throttle.waitSeconds('old')).toBeGreaterThan(0);
  throttle.failed('e');
  expect(throttle.waitSeconds('old')).toBe(0);
});
