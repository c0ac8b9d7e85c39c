import { describe, expect, test } from 'vitest';
import { type ClusterOptions, chooseOptions } from '../../src/clusters/clusterOptions.ts';
import { specificationOf } from '../../src/clusters/optionFields.ts';
import { parsePythonJson } from '../../src/clusters/pythonJson.ts';
import { ada } from '../support/clusterWorld.ts';

const options: ClusterOptions = {
  fields: [
    { type: 'string', field: 'image', default: 'a:b', label: 'Image' },
    { type: 'bool', field: 'gpu' },
    { type: 'int', field: 'cores', min: 1, max: 4, default: 2 },
    { type: 'float', field: 'memory', min: 0.5, max: 8, default: 1, target: 'worker_memory' },
    {
      type: 'select',
      field: 'size',
      options: [
        { key: 'small', value: '1 G' },
        { key: 'large', value: { cores: 8 } },
      ],
    },
    { type: 'mapping', field: 'environment' },
  ],
};

const choose = (text: string): ReturnType<typeof chooseOptions> => chooseOptions(options, parsePythonJson(text), ada);

test('the specification has what the client accepts, and nothing else', () => {
  expect(options.fields.map(specificationOf)).toEqual([
    { field: 'image', label: 'Image', default: 'a:b', spec: { type: 'string' } },
    { field: 'gpu', label: 'gpu', default: false, spec: { type: 'bool' } },
    { field: 'cores', label: 'cores', default: 2, spec: { type: 'int', min: 1, max: 4 } },
    { field: 'memory', label: 'memory', default: 1, spec: { type: 'float', min: 0.5, max: 8 } },
    { field: 'size', label: 'size', default: 'small', spec: { type: 'select', options: ['small', 'large'] } },
    { field: 'environment', label: 'environment', default: {}, spec: { type: 'mapping' } },
  ]);
});

test('defaults fill what is not given; targets and the values of selects become configuration', async () => {
  expect(await choose('{"size": "large", "memory": 2}')).toEqual({
    values: { image: 'a:b', gpu: false, cores: 2, memory: 2, size: 'large', environment: {} },
    overrides: { image: 'a:b', gpu: false, cores: 2, worker_memory: 2, size: { cores: 8 }, environment: {} },
  });
});

describe("what is wrong is refused in dask-gateway's words", () => {
  test.each([
    ['[1]', "options must be a dict, got 'list'"],
    ['"x"', "options must be a dict, got 'str'"],
    ['3', "options must be a dict, got 'int'"],
    ['{"z": 1, "a": 2}', expect.stringContaining("Unknown fields ['a', 'z'].")],
    ['{"__proto__": 1}', expect.stringContaining("Unknown fields ['__proto__'].")],
    ['{"image": 1}', 'image must be a string, got 1'],
    ['{"image": null}', 'image must be a string, got None'],
    ['{"gpu": 1}', 'gpu must be a bool, got 1'],
    ['{"cores": 2.0}', 'cores must be an integer, got 2.0'],
    ['{"cores": "2"}', "cores must be an integer, got '2'"],
    ['{"cores": 0}', 'cores must be >= 1.000000, got 0'],
    ['{"cores": 99}', 'cores must be <= 4.000000, got 99'],
    ['{"memory": "1"}', "memory must be a float, got '1'"],
    ['{"memory": 99}', 'memory must be <= 8.000000, got 99.0'],
    ['{"memory": 0.25}', 'memory must be >= 0.500000, got 0.25'],
    ['{"memory": NaN}', 'memory must be finite, got nan'],
    ['{"size": "huge"}', "'huge' is not a valid option for size"],
    ['{"size": ["small"]}', "size must be a string, got ['small']"],
    ['{"environment": [1, {"a": true}]}', "environment must be a mapping, got [1, {'a': True}]"],
  ])('%s', async (text, message) => {
    await expect(choose(text)).rejects.toMatchObject({ code: 'ATOLL_CLUSTER_OPTIONS_INVALID', status: 422, message });
  });

  test('Python takes a bool for an int', async () => {
    expect((await choose('{"cores": true}')).values.cores).toBe(1);
  });
});

describe('a handler', () => {
  test('turns values into configuration, and knows for whom', async () => {
    const handler: NonNullable<ClusterOptions['handler']> = (values, user) =>
      Promise.resolve({ worker_cores: values.cores, environment: { OWNER: user.name } });
    const chosen = await chooseOptions({ ...options, handler }, parsePythonJson('{"cores": 3}'), ada);
    expect(chosen.overrides).toEqual({ worker_cores: 3, environment: { OWNER: 'ada' } });
    expect(chosen.values.cores).toBe(3);
  });

  test('may refuse, in several lines', async () => {
    const handler = (): never => {
      throw new Error('No such image.\nAsk somebody.');
    };
    await expect(chooseOptions({ ...options, handler }, {}, ada)).rejects.toMatchObject({
      code: 'ATOLL_CLUSTER_OPTIONS_INVALID',
      message: 'No such image.\nAsk somebody.',
    });
  });
});
