import { describe, expect, test } from 'vitest';
import { load, settingsFrom } from './settingsFrom.ts';

describe('limits over all clusters', () => {
  test('of users, groups and everybody', async () => {
    const { limits } = (
      await settingsFrom(`
atoll:
  clusters:
    limits:
      user: { clusters: 2, cores: 8 }
      groups: { geo: { workers: 20, memory: 64G } }
      total: { memory: 100G }
      whenFull: refuse
`)
    ).clusters;
    expect(limits).toEqual({
      user: { clusters: 2, cores: 8 },
      groups: { geo: { workers: 20, memory: 64 * 1024 ** 3 } },
      total: { memory: 100 * 1024 ** 3 },
      whenFull: 'refuse',
    });
  });

  test('are none by default', async () => {
    expect((await settingsFrom('')).clusters.limits).toEqual({ user: {}, groups: {}, total: {}, whenFull: 'queue' });
  });
});

describe('options', () => {
  test('are taken as they are written, in their order', async () => {
    const { options } = (
      await settingsFrom(`
atoll:
  clusters:
    options:
      worker_memory: { type: int, default: 2, min: 1, max: 8, as: '{}G', groups: { big: { max: 64 } } }
      size: { type: select, choices: { small: { worker_cores: 1 }, large: { worker_cores: 4 } } }
`)
    ).clusters;
    expect(Object.keys(options)).toEqual(['worker_memory', 'size']);
    expect(options.worker_memory).toEqual({
      type: 'int',
      default: 2,
      min: 1,
      max: 8,
      as: '{}G',
      groups: { big: { max: 64 } },
    });
  });

  test.each([
    ['{ type: select }', 'A select needs choices, or a node whose shares are choices.'],
    ['{ type: int, choices: { a: {} } }', 'Only a select has choices.'],
    ['{ type: int, min: 3, max: 2, sets: worker_cores }', 'This is above max, 2.'],
    ['{ type: int, default: 9, max: 2, sets: worker_cores }', 'This is above max, 2.'],
    ['{ type: int, default: 0, min: 1, sets: worker_cores }', 'This is below min, 1.'],
    ['{ type: string, max: 2, sets: image }', 'Only a number has bounds.'],
    ['{ type: int }', 'It says nowhere what it sets'],
    ['{ type: select, default: c, choices: { a: {}, b: {} } }', 'This is none of the choices: a, b.'],
  ])('%s is refused', async (written, message) => {
    const { problems } = await load(`atoll: { clusters: { options: { mine: ${written} } } }`);
    expect(problems.map((problem) => problem.message).join('\n')).toContain(message);
  });

  test.each([
    '{ type: number }',
    '{ type: int, sets: worker_memori }',
    '{ type: select, choices: { a: { cores: 1 } } }',
  ])('%s is refused where it stands', async (written) => {
    const { problems } = await load(`atoll: { clusters: { options: { mine: ${written} } } }`);
    expect(problems.map(({ severity, line }) => [severity, line])).toEqual([['error', 1]]);
  });
});
