import { expect, test } from 'vitest';
import { countIn, countInstructions, whyNoInstructions } from '../../bench/support/instructions.ts';

test('the count of perf stat is read, and words in its place are no count', () => {
  expect(countIn('123456,,instructions:u,1000000,100.00,,\n')).toBe(123_456);
  expect(countIn('<not supported>,,instructions:u,0,100.00,,\n')).toBeUndefined();
  expect(countIn('')).toBeUndefined();
});

test('instructions of a process are counted, or it is said why not', async ({ skip }) => {
  const reason = whyNoInstructions();
  if (reason !== undefined) skip(`instructions cannot be counted: ${reason}`);
  const sum = (): number =>
    Array.from({ length: 1_000_000 }, (_, index) => index).reduce((one, other) => one + other, 0);
  expect(await countInstructions([process.pid], sum)).toBeGreaterThan(1_000_000);
});
