import { assert, double, integer, property } from 'fast-check';
import { expect, test } from 'vitest';
import { timestamp } from '../../src/api/frame/timestamp.ts';

test('a time is written as JupyterHub writes it, whatever was written before', () => {
  expect(timestamp(0)).toBe('1970-01-01T00:00:00.000000Z');
  expect(timestamp(null)).toBeNull();
  const anyTime = integer({ min: -8_640_000_000_000_000, max: 8_640_000_000_000_000 });
  assert(
    property(anyTime, double({ min: 0, max: 4e12, noNaN: true }), (time, withFraction) => {
      for (const milliseconds of [time, withFraction, withFraction + 1000])
        expect(timestamp(milliseconds)).toBe(new Date(milliseconds).toISOString().replace('Z', '000Z'));
    }),
  );
});
