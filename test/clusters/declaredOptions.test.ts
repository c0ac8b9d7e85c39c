import { describe, expect, test } from 'vitest';
import { chooseOptions } from '../../src/clusters/clusterOptions.ts';
import { declaredOptions } from '../../src/clusters/declaredOptions.ts';
import { memoryAdvice } from '../../src/clusters/memoryAdvice.ts';
import { specificationOf } from '../../src/clusters/optionFields.ts';
import { parsePythonJson } from '../../src/clusters/pythonJson.ts';
import type { ClusterOptionSettings } from '../../src/config/settings.ts';

const gibi = 1024 ** 3;
const declared: Record<string, ClusterOptionSettings> = {
  worker_memory: {
    type: 'int',
    label: 'Memory (GiB)',
    default: 2,
    min: 1,
    max: 8,
    as: '{}G',
    groups: { big: { max: 64 }, huge: { max: 128 } },
  },
  size: {
    type: 'select',
    default: 'small',
    choices: { small: { worker_cores: 1 }, large: { worker_cores: 4, worker_threads: 8 }, gpu: { worker_cores: 16 } },
    groups: { gpus: { choices: ['gpu'] } },
  },
  environment: { type: 'mapping' },
  keep: { type: 'bool', default: true, sets: 'end_with_server' },
  idle: { type: 'float', default: 0.5, sets: 'idle_timeout' },
};
const user = { name: 'ada', groups: ['big', 'huge'], admin: false };
const choose = (text: string, groups: string[] = []): ReturnType<typeof chooseOptions> =>
  chooseOptions(declaredOptions(declared, { groups }), parsePythonJson(text), user);

describe('options of the settings', () => {
  test('are shown as the client expects them', () => {
    expect(declaredOptions(declared, { groups: [] }).fields.map(specificationOf)).toEqual([
      { field: 'worker_memory', label: 'Memory (GiB)', default: 2, spec: { type: 'int', min: 1, max: 8 } },
      { field: 'size', label: 'size', default: 'small', spec: { type: 'select', options: ['small', 'large'] } },
      { field: 'environment', label: 'environment', default: {}, spec: { type: 'mapping' } },
      { field: 'keep', label: 'keep', default: true, spec: { type: 'bool' } },
      { field: 'idle', label: 'idle', default: 0.5, spec: { type: 'float', min: null, max: null } },
    ]);
  });

  test('set what they say', async () => {
    const { values, overrides } = await choose(
      '{"worker_memory": 4, "size": "large", "environment": {"A": "b"}, "idle": 60}',
    );
    expect(values).toEqual({ worker_memory: 4, size: 'large', environment: { A: 'b' }, keep: true, idle: 60 });
    expect(overrides).toEqual({
      worker_memory: '4G',
      worker_cores: 4,
      worker_threads: 8,
      environment: { A: 'b' },
      end_with_server: true,
      idle_timeout: 60,
    });
  });

  test('have wider bounds and more choices for members of groups, and for nobody else', async () => {
    await expect(choose('{"worker_memory": 9}')).rejects.toThrow('worker_memory must be <= 8.000000, got 9');
    await expect(choose('{"size": "gpu"}')).rejects.toThrow("'gpu' is not a valid option for size");
    expect((await choose('{"worker_memory": 128}', ['big', 'huge'])).overrides).toMatchObject({
      worker_memory: '128G',
    });
    await expect(choose('{"worker_memory": 65}', ['big'])).rejects.toThrow('<= 64');
    expect((await choose('{"size": "gpu"}', ['gpus'])).overrides).toMatchObject({ worker_cores: 16 });
  });

  test('of a machine are its shares', async () => {
    const node = { node_share: { type: 'select', node: { cores: 4, memory: 30 * gibi } } } as const;
    const options = declaredOptions(node, { groups: [] });
    expect(options.fields.map(specificationOf)[0]?.spec.options).toEqual([
      '1 core, 7.5 GiB',
      '2 cores, 15 GiB',
      '4 cores, 30 GiB',
    ]);
    const { overrides } = await chooseOptions(options, { node_share: '2 cores, 15 GiB' }, user);
    expect(overrides).toEqual({ worker_cores: 2, worker_threads: 2, worker_memory: 15 * gibi });
  });

  test('a default beyond the bounds of a group is moved into them', () => {
    const narrow = {
      cores: { type: 'int', default: 8, max: 16, sets: 'worker_cores', groups: { few: { max: 2 } } },
    } as const;
    expect(declaredOptions(narrow, { groups: ['few'] }).fields[0]).toMatchObject({ default: 2, max: 2 });
  });
});

describe('the advice on memory', () => {
  const fieldsOf = (options: Record<string, ClusterOptionSettings>) => declaredOptions(options, { groups: [] }).fields;

  test.each<[Record<string, ClusterOptionSettings>, Record<string, unknown>, string]>([
    [{ worker_memory: { type: 'int', max: 8 } }, { worker_memory: 2 }, 'ask for `worker_memory` 4'],
    [{ worker_memory: { type: 'int', max: 3 } }, { worker_memory: 2 }, 'ask for `worker_memory` 3'],
    [{ memory: { type: 'string' } }, { memory: '2.5G' }, 'ask for `memory` 5G'],
    [{ size: { type: 'select', choices: { small: {}, large: {} } } }, { size: 'small' }, 'choose a larger `size`'],
    [
      { worker_memory: { type: 'int', max: 2 } },
      { worker_memory: 2 },
      '4 GiB would be twice as much, which an administrator can allow; or split the work into smaller tasks',
    ],
    [{}, {}, '4 GiB would be twice as much, which an administrator can allow; or split the work into smaller tasks'],
  ])('names the option to choose differently: %#', (options, values, advice) => {
    expect(memoryAdvice(fieldsOf(options), values, 2 * gibi)).toBe(advice);
  });
});
