import { expect, test } from 'vitest';
import {
  giveReadBuffer,
  largerRead,
  largestRead,
  smallestRead,
  takeReadBuffer,
} from '../../src/edge/connections/readBuffers.ts';

test('a buffer that was given back is taken again, for its own size only', () => {
  const large = takeReadBuffer(largestRead);
  giveReadBuffer(large);
  expect(takeReadBuffer(smallestRead)).not.toBe(large);
  expect(takeReadBuffer(largestRead)).toBe(large);
  expect(takeReadBuffer(largestRead)).not.toBe(large);
});

test('sizes grow to the largest', () => {
  const between = largerRead(smallestRead);
  expect([between, largerRead(between), largerRead(largestRead)]).toEqual([64 * 1024, largestRead, largestRead]);
});

test('no more than eight mebibytes of a size are kept', () => {
  const many = Array.from({ length: 40 }, () => takeReadBuffer(largestRead));
  for (const buffer of many) giveReadBuffer(buffer);
  const again = new Set(Array.from({ length: 40 }, () => takeReadBuffer(largestRead)));
  expect(many.filter((buffer) => again.has(buffer))).toHaveLength(32);
});
