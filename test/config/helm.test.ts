import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { kubernetesTools } from '../../scripts/kubernetesTools.ts';
import { layerValues } from '../../src/config/values/layerValues.ts';
import { parseValues } from '../../src/config/values/parseValues.ts';
import { plainValue } from '../../src/config/values/plainValue.ts';
import type { MapNode } from '../../src/config/values/valueNode.ts';

type Plain = Record<string, unknown>;

const helm = kubernetesTools(resolve(import.meta.dirname, '../../.cache'))?.helm;
let chart: string;

beforeAll(() => {
  chart = mkdtempSync(join(tmpdir(), 'atoll-chart-'));
  mkdirSync(join(chart, 'templates'));
  writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: values\nversion: 1.0.0\n');
  writeFileSync(join(chart, 'templates/values.yaml'), 'values: {{ .Values | toJson | quote }}\n');
});
afterAll(() => rmSync(chart, { recursive: true }));

/** What Helm makes of values files, laid over a chart's own values. */
function helmValues(layers: readonly string[], own = ''): Plain {
  writeFileSync(join(chart, 'values.yaml'), own);
  const files = layers.flatMap((text, index) => {
    const path = join(chart, `layer-${index}.yaml`);
    writeFileSync(path, text);
    return ['-f', path];
  });
  const out = execFileSync(helm ?? '', ['template', 'x', chart, ...files], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [, quoted = ''] = /^values: (.*)$/m.exec(out) ?? [];
  return JSON.parse(JSON.parse(quoted) as string) as Plain;
}

function ourValues(layers: readonly string[]): unknown {
  const roots = layers.map((text, index): MapNode => {
    const { root, problems } = parseValues({ name: `${index}.yaml`, text });
    expect({ text, problems }).toEqual({ text, problems: [] });
    return root as MapNode;
  });
  return JSON.parse(JSON.stringify(plainValue(roots.reduce(layerValues))));
}

/** Keys with null are "not set" for us; Helm leaves some of them. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([name, inner]) => [name, withoutNulls(inner)]),
  );
}

const name = fc.constantFrom('hub', 'image', 'tag', 'a.b', 'x/y', '8', 'null', 'yes', 'n');
const { map: values } = fc.letrec<{ value: unknown; map: Plain }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
    fc.string(),
    fc.constantFrom('yes', '0644', '1e3', '12:30', '2021-01-01', '<<', '~', 'null', ' 6G', '{username}'),
    fc.array(tie('value'), { maxLength: 3 }),
    tie('map'),
  ),
  map: fc.dictionary(name, tie('value'), { maxKeys: 4 }),
}));

/** Scalars as people write them. A value for which the two differ is told beside it. */
const scalars = [
  'yes',
  'Yes',
  'YES',
  'y',
  'Y',
  'no',
  'n',
  'on',
  'Off',
  'true',
  'False',
  'TRUE',
  '~',
  'null',
  'Null',
  '',
  'NULL',
  '0',
  '-0',
  '0644',
  '0o17',
  '-0o17',
  '0o8',
  '0x1F',
  '0b101',
  '1_000',
  '+12',
  '1e3',
  '1.5e3',
  '.5',
  '5.',
  '1.10',
  '12:30',
  '190:20:30',
  '2021-01-01',
  '2021-01-01T00:00:00Z',
  '1.2.3',
  '1-2',
  '1Gi',
  '500m',
  '6G',
  '0.5',
  '08',
  '0_8',
  '1__0',
  '0x',
  '1e',
  "'yes'",
  '"0644"',
  '"a\\tb"',
  "'it''s'",
  '!!str 5',
  '!!int "5"',
  'a #b',
  'a#b',
  '{a: 1}',
  '[a, b]',
  '<<',
  '=',
];

describe.skipIf(helm === undefined)('beside Helm itself (which is only there for Linux on x86-64)', () => {
  test('generated layers come to the same', () => {
    const samples = fc.sample(fc.array(values, { minLength: 3, maxLength: 3 }), { numRuns: 300, seed: 20261124 });
    // All in one run: each sample is below a key of its own.
    const layers = [0, 1, 2].map((layer) =>
      stringify(Object.fromEntries(samples.map((sample, index) => [`s${index}`, sample[layer]])), { version: '1.1' }),
    );
    const expected = withoutNulls(helmValues(layers)) as Plain;
    const found = withoutNulls(ourValues(layers)) as Plain;
    for (const [index, sample] of samples.entries())
      expect({ sample, values: found[`s${index}`] ?? {} }).toEqual({ sample, values: expected[`s${index}`] ?? {} });
    // A chart's own values are as good as a file below.
    const [own = '', above = ''] = layers;
    expect(withoutNulls(ourValues([own, above]))).toEqual(withoutNulls(helmValues([above], own)));
  });

  test('values are read as Helm reads them', () => {
    const text = scalars.map((scalar, index) => `k${index}: ${scalar}\n`).join('');
    const expected = withoutNulls(helmValues([text])) as Plain;
    const found = ourValues([text]) as Plain;
    const different = scalars
      .map((scalar, index) => ({ scalar, ours: found[`k${index}`], helms: expected[`k${index}`] }))
      .filter(({ ours, helms }) => !isDeepStrictEqual(ours, helms));
    expect(different).toEqual([]);
  });

  // A key `yes:` without quotes is "true" for Helm. Here it stays what was written.
  test.each([
    'a: &x {b: 1, c: [1, 2]}\nd: *x\ne: {<<: *x, b: 2}\nf: {<<: [*x, {g: 1}]}\n',
    'a: |\n  one\n  two\nb: >-\n  one\n  two\nc: |+\n  one\n\nd: "one\n  two"\n',
    '8080: a\ntrue: b\n1.5: c\n"yes": d\n',
    '? a\n: b\n"x y": {"z": []}\n',
    '# comment\n---\na: 1\n',
    '"<<": {a: 1}\n',
  ])('files are read as Helm reads them: %j', (text) => {
    expect(withoutNulls(ourValues([text]))).toEqual(withoutNulls(helmValues([text])));
  });

  test('real files, layered as their operators do, come to the same', () => {
    const folder = join(import.meta.dirname, 'values/2i2c');
    const layers = ['charts/basehub', 'nasa-ghg-hub/common', 'nasa-ghg-hub/prod'].map((path) =>
      execFileSync('cat', [join(folder, `${path}.values.yaml`)], { encoding: 'utf8' }),
    );
    expect(withoutNulls(ourValues(layers))).toEqual(withoutNulls(helmValues(layers)));
  });
});
