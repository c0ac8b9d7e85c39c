import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { layerValues } from '../../src/config/values/layerValues.ts';
import { parseValues } from '../../src/config/values/parseValues.ts';
import { entryAt, plainValue } from '../../src/config/values/plainValue.ts';
import type { MapNode } from '../../src/config/values/valueNode.ts';
import { placeText } from '../../src/config/values/valueNode.ts';
import { settingsFrom } from './settingsFrom.ts';

type Plain = { [key: string]: unknown };

function parse(text: string, name = 'a.yaml'): MapNode {
  const { root, problems } = parseValues({ name, text });
  expect(problems).toEqual([]);
  return root as MapNode;
}

/** What Helm does, in the plainest way: maps merge, all else replaces; in the end, keys with null are gone. */
function reference(layers: Plain[]): unknown {
  const isMap = (value: unknown): value is Plain =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  const merge = (below: unknown, above: unknown): unknown => {
    if (!isMap(below) || !isMap(above)) return above;
    const merged = { ...below };
    for (const [key, value] of Object.entries(above)) merged[key] = key in below ? merge(below[key], value) : value;
    return merged;
  };
  const withoutNull = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(withoutNull);
    if (!isMap(value)) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, inner]) => inner !== null)
        .map(([key, inner]) => [key, withoutNull(inner)]),
    );
  };
  return withoutNull(layers.reduce<unknown>(merge, {}));
}

const name = fc.constantFrom('hub', 'image', 'tag', 'a.b', 'x/y', '8', 'null', 'yes', '');
const { map: values } = fc.letrec<{ value: unknown; map: Plain }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string(),
    fc.constantFrom('yes', '0644', '1e3', '12:30', '2021-01-01', '<<', '~', 'null'),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('map'),
  ),
  map: fc.dictionary(name, tie('value'), { maxKeys: 4 }),
}));

describe('layers', () => {
  test('equal a plain merge as Helm does it', () => {
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), (layers) => {
        const read = layers.map((layer, index) => parse(stringify(layer, { version: '1.1' }), `${index}.yaml`));
        const merged = read.reduce(layerValues);
        expect(structuredClone(plainValue(merged))).toEqual(reference(layers));
      }),
      { numRuns: 500 },
    );
  });

  test('do not change what they are made of', () => {
    const below = parse('a: {b: 1, c: [1]}');
    const above = parse('a: {b: 2, c: null}');
    layerValues(below, above);
    expect(structuredClone(plainValue(below))).toEqual({ a: { b: 1, c: [1] } });
  });

  test('keep for each value where it was written', () => {
    const merged = layerValues(
      parse('a:\n  b: 1\n  c: 1\n', 'below.yaml'),
      parse('# above\na:\n  c:\n    - x\n    - y: 2\n', 'above.yaml'),
    );
    const at = (...path: (string | number)[]): string => {
      const entry = entryAt(merged, path);
      return entry ? `${placeText(entry.keyPlace)} ${placeText(entry.value.place)}` : 'nowhere';
    };
    expect(at('a', 'b')).toBe('below.yaml:2:3 below.yaml:2:6');
    expect(at('a', 'c')).toBe('above.yaml:3:3 above.yaml:4:5');
    expect(at('a', 'c', 1, 'y')).toBe('above.yaml:5:7 above.yaml:5:10');
    expect(at('a', 'd')).toBe('nowhere');
  });

  test('a later null takes a setting back', async () => {
    const text =
      'jupyterhub: {singleuser: {memory: {limit: 2G}, extraEnv: {A: x, B: y}}, hub: {allowNamedServers: true}}';
    const settings = await settingsFrom(
      text,
      'jupyterhub: {singleuser: {memory: {limit: null}, extraEnv: {A: null}}, hub: {allowNamedServers: null}}',
    );
    expect(settings.servers.memoryLimit).toBeUndefined();
    expect(settings.servers.environment).toEqual({ B: 'y' });
    expect(settings.servers.allowNamedServers).toBe(false);
  });

  test('lists are replaced whole', async () => {
    const admins = (names: string): string => `jupyterhub: {hub: {config: {Authenticator: {admin_users: ${names}}}}}`;
    const settings = await settingsFrom(admins('[ada, bob]'), admins('[eve]'));
    expect(settings.authentication.adminUsers).toEqual(['eve']);
  });
});

describe('layouts', () => {
  const server = 'singleuser: {defaultUrl: /lab}';
  test.each([
    ['daskhub', `jupyterhub: {${server}}`],
    ['wrapped in basehub', `basehub: {jupyterhub: {${server}}}`],
    ['wrapped in daskhub', `daskhub: {jupyterhub: {${server}}}`],
    ['wrapped twice', `daskhub: {basehub: {jupyterhub: {${server}}}}`],
    ['zero-to-jupyterhub alone', server],
  ])('%s', async (_, text) => {
    expect((await settingsFrom(text)).servers.defaultUrl).toBe('/lab');
  });

  test('dask-gateway alone', async () => {
    const settings = await settingsFrom('gateway: {backend: {worker: {threads: 3}}}');
    expect(settings.clusters.worker.threads).toBe(3);
  });

  test('a wrapper and what stands beside it come together, and files of different layouts too', async () => {
    const settings = await settingsFrom(
      'basehub: {jupyterhub: {hub: {allowNamedServers: true}}}\ndask-gateway: {gateway: {backend: {worker: {threads: 2}}}}',
      'hub: {namedServerLimitPerUser: 4}\natoll: {clusters: {maxWorkers: 7}}',
    );
    expect(settings.servers).toMatchObject({ allowNamedServers: true, namedServerLimit: 4 });
    expect(settings.clusters).toMatchObject({ worker: { threads: 2 }, maxWorkers: 7 });
  });
});
