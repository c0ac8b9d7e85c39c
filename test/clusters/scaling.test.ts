import { describe, expect, test } from 'vitest';
import { parsePythonJson } from '../../src/clusters/pythonJson.ts';
import { adaptiveScaling, fixedScaling } from '../../src/clusters/scaling.ts';

const scale = (count: string, limit: number | null): unknown => fixedScaling(parsePythonJson(count), limit);
const adapt = (minimum: string, maximum: string, limit: number | null): unknown =>
  adaptiveScaling(parsePythonJson(minimum), parsePythonJson(maximum), limit);

describe('scale', () => {
  test.each([
    ['0', null, 0],
    ['4', null, 4],
    ['4', 4, 4],
    ['true', null, 1],
  ])('%s within %s', (count, limit, given) => {
    expect(scale(count, limit)).toEqual({ scaling: { mode: 'fixed', count: given }, warning: undefined });
  });

  test('above the limit', () => {
    expect(scale('5', 2)).toEqual({
      scaling: { mode: 'fixed', count: 2 },
      warning: 'Scale request of 5 workers would exceed resource limit of 2 workers. Scaling to 2 instead.',
    });
  });

  test.each([
    ['-1', 'Scale expects a non-negative integer, got -1'],
    ['2.0', 'Scale expects a non-negative integer, got 2.0'],
    ['null', 'Scale expects a non-negative integer, got None'],
    ['"4"', 'Scale expects a non-negative integer, got 4'],
    ['[1]', 'Scale expects a non-negative integer, got [1]'],
    ['Infinity', 'Scale expects a non-negative integer, got inf'],
    ['1000000000000000000000', 'Scale expects at most 100000 workers, got 1000000000000000000000'],
  ])('%s is refused', (count, message) => {
    expect(() => scale(count, null)).toThrow(message);
  });
});

describe('adapt', () => {
  test.each([
    ['null', 'null', null, null, null],
    ['1', '4', null, 1, 4],
    ['0', 'Infinity', null, 0, null],
    ['2.0', '4.0', null, 2, 4],
    ['null', 'null', 3, 0, 3],
    ['1', '3', 3, 1, 3],
  ])('%s to %s within %s', (minimum, maximum, limit, least, most) => {
    expect(adapt(minimum, maximum, limit)).toEqual({
      scaling: { mode: 'adaptive', minimum: least, maximum: most },
      warning: undefined,
    });
  });

  test.each([
    ['null', '5', 'maximum=5, minimum=0', 'maximum=2, minimum=0'],
    ['4', 'null', 'maximum=2, minimum=4', 'maximum=2, minimum=2'],
    ['4', '5', 'maximum=5, minimum=4', 'maximum=2, minimum=2'],
    ['1', 'Infinity', 'maximum=inf, minimum=1', 'maximum=2, minimum=1'],
  ])('%s to %s above the limit of 2', (minimum, maximum, asked, given) => {
    expect(adapt(minimum, maximum, 2)).toMatchObject({
      warning: `Adapt with \`${asked}\` workers would exceed resource limit of 2 workers. Using \`${given}\` instead.`,
    });
  });

  test.each([
    ['"one"', 'null', 'Adapt expects a non-negative integer or None as minimum, got one'],
    ['null', '[3]', 'Adapt expects a non-negative integer or None as maximum, got [3]'],
    ['-1', 'null', 'Adapt expects a non-negative integer or None as minimum, got -1'],
    ['Infinity', 'null', 'Adapt expects a non-negative integer or None as minimum, got inf'],
    ['NaN', 'null', 'Adapt expects a non-negative integer or None as minimum, got nan'],
    ['1.5', 'null', 'Adapt expects a non-negative integer or None as minimum, got 1.5'],
    ['4', '2', 'Adapt expects a minimum that is not above the maximum, got minimum=4, maximum=2'],
  ])('%s to %s is refused', (minimum, maximum, message) => {
    expect(() => adapt(minimum, maximum, null)).toThrow(message);
  });
});
