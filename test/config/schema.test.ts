import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { Key } from '../../src/config/keys/key.ts';
import { keyTable } from '../../src/config/keys/keyTable.ts';
import { parseValues } from '../../src/config/values/parseValues.ts';
import type { ValueNode } from '../../src/config/values/valueNode.ts';
import { type JsonSchema, valuesSchema } from '../../src/config/valuesSchema.ts';
import { load } from './settingsFrom.ts';

const keys = keyTable.filter((row): row is Key => row.kind === 'key');
const schema = valuesSchema();
let validate: ValidateFunction;

beforeAll(() => {
  validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
});

/** Errors about the form of a file: what a schema can find too. */
async function formErrors(text: string): Promise<string[]> {
  const { problems } = await load(text);
  return problems
    .filter(({ code }) => code === 'ATOLL_SETTINGS_VALUE' || code === 'ATOLL_SETTINGS_UNKNOWN_KEY')
    .map(({ message }) => message);
}

/** A file as JSON has it, nulls too. */
function asJson(text: string): unknown {
  const { root } = parseValues({ name: 'a.yaml', text });
  const plain = (node: ValueNode): unknown => {
    if (node.kind === 'scalar') return node.value;
    if (node.kind === 'list') return node.items.map(plain);
    return Object.fromEntries([...node.entries].map(([name, { value }]) => [name, plain(value)]));
  };
  return root && plain(root);
}

/** A file with one key. */
function fileWith(path: string, value: unknown): string {
  const names = path
    .split('.')
    .map((name) => (name === '<Class>' ? 'AnyClass' : name.startsWith('<') ? 'anything' : name));
  return stringify(
    names.reduceRight((inner, name) => ({ [name]: inner }), value),
    { version: '1.1' },
  );
}

const junk = fc.oneof(
  { depthSize: 'small' },
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    1,
    -1,
    1.5,
    900,
    '',
    'a',
    '2G',
    '500m',
    '/lab',
    'https://a.b/c',
    'A_B',
  ),
  fc.constantFrom<unknown>([], {}, ['a'], [1], [{}], { a: 1 }, { a: 'b' }, { name: 'a' }, { fromEnv: 1 }),
  fc.dictionary(
    fc.constantFrom('name', 'tag', 'mountPath', 'enabled', 'a', 'valueFrom'),
    fc.jsonValue({ maxDepth: 2 }),
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

/** Values of the form that a schema asks for, as far as it is simple. */
function valuesOf(part: JsonSchema): fc.Arbitrary<unknown> {
  if (Array.isArray(part.anyOf)) return fc.oneof(...part.anyOf.map(valuesOf));
  if (Array.isArray(part.enum)) return fc.constantFrom(...part.enum);
  switch (part.type) {
    case 'boolean':
      return fc.boolean();
    case 'integer':
    case 'number':
      return fc.integer({ min: 0, max: 5000 });
    case 'string':
      return fc.oneof(fc.string({ maxLength: 5 }), fc.constantFrom('2G', '/lab', 'http://a.b', 'Name_1', 'a-name'));
    case 'array':
      return fc.array(valuesOf((part.items ?? {}) as JsonSchema), { maxLength: 2 });
    case 'object': {
      const parts = Object.entries((part.properties ?? {}) as Record<string, JsonSchema>);
      const required = (part.required ?? []) as string[];
      const free = part.additionalProperties;
      const fixed = fc.record(Object.fromEntries(parts.map(([name, inner]) => [name, valuesOf(inner)])), {
        requiredKeys: required,
      });
      if (typeof free !== 'object' || free === null) return fixed;
      const more = fc.dictionary(fc.constantFrom('a', 'b_c'), valuesOf(free as JsonSchema), { maxKeys: 2 });
      return fc.tuple(fixed, more).map(([one, other]) => ({ ...other, ...one }));
    }
    default:
      return junk;
  }
}

describe('the JSON Schema of settings', () => {
  test('is one, and documents every key', () => {
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' });
    // Throws when the schema itself is none.
    new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
    const text = JSON.stringify(schema);
    expect(keys.filter(({ doc }) => !text.includes(JSON.stringify(doc).slice(1, -1))).map(({ path }) => path)).toEqual(
      [],
    );
  });

  test('has the type, the default and the words of a key', () => {
    const at = (...names: string[]): JsonSchema | undefined => {
      const [first = '', ...rest] = names;
      const definitions = schema.$defs as Record<string, JsonSchema>;
      return rest.reduce<JsonSchema | undefined>((part, name) => {
        const [map] = (part?.anyOf ?? []) as JsonSchema[];
        return (map?.properties as Record<string, JsonSchema> | undefined)?.[name];
      }, definitions[first]);
    };
    expect(at('jupyterhub.singleuser', 'startTimeout')).toMatchObject({
      description: 'Seconds that a start may take.',
      default: 300,
    });
    expect(at('jupyterhub.singleuser', 'uid')?.description).toContain('process: no effect, because');
    expect(at('jupyterhub.hub', 'cookieSecret')).toMatchObject({ writeOnly: true });
  });

  test('takes every file that operators really wrote', () => {
    const folder = join(import.meta.dirname, 'values');
    for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.yaml'),
    )) {
      const valid = validate(asJson(readFileSync(join(folder, name), 'utf8')));
      expect({ name, errors: valid ? [] : validate.errors?.slice(0, 3) }).toEqual({ name, errors: [] });
    }
  });

  test.each([
    'jupyterhub: {hubb: {}}',
    'jupyterhub: {singleuser: {memory: {limt: 1G}}}',
    'jupyterhub: {singleuser: {startTimeout: soon}}',
    'jupyterhub: {singleuser: {memory: {limit: 2GB}}}',
    'hub: {config: {lowercase: {}}}',
    'basehub: {jupyterhub: {singleuser: 1}}',
    'jupyterhub: {}\nhub: {}',
    'enabled: true',
    'atoll: {runtime: {kind: mainframe}}',
    // zod leaves this name out of maps with free names.
    'jupyterhub: {singleuser: {extraLabels: {__proto__: 1}}}',
    'jupyterhub: {hub: {loadGroups: {__proto__: [ada]}, services: {__proto__: 1}}}',
  ])('refuses what check refuses: %s', async (text) => {
    expect(await formErrors(text)).not.toEqual([]);
    expect(validate(asJson(text))).toBe(false);
  });

  test.each([
    'jupyterhub: {singleuser: {memory: {limit: null}, extraEnv: {A: null}}, hub: null}',
    'hub: {cookieSecret: {fromEnv: SECRET_OF_ATOLL_TESTS}, services: {a: {apiToken: {fromFile: a/b}}}}',
    'enabled: true\nhub: {}',
    'daskhub: {basehub: {singleuser: {cpu: {limit: 500m}}}}',
    '{}',
  ])('takes what check takes: %s', async (text) => {
    expect(await formErrors(text)).toEqual([]);
    expect(validate(asJson(text))).toBe(true);
  });

  test('takes every value that check takes, for every key', async () => {
    const written = fc
      .constantFrom(...keys)
      .chain((key) => fc.tuple(fc.constant(key.path), fc.oneof(junk, valuesOf(plainSchema(key)))));
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(written, async ([path, value]) => {
        const text = fileWith(path, value);
        // Text that is no YAML at all (a control character) has no JSON either.
        const checked = !(await load(text)).problems.some(({ severity }) => severity === 'error');
        if (checked) taken += 1;
        return !checked || validate(asJson(text));
      }),
      { numRuns: 800 },
    );
    // Not all of them were nonsense.
    expect(taken).toBeGreaterThan(100);
  }, 300_000);
});

function plainSchema({ type }: Key): JsonSchema {
  return z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

describe('the JSON Schema of each kind of value agrees with zod', () => {
  const types = [...Map.groupBy(keys, ({ type }) => type)].map(([type, [first]]): [string, z.ZodType] => [
    first?.path ?? '',
    type,
  ]);

  test.each(types)('%s', (_, type) => {
    const json = z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
    const takes = new Ajv2020({ strict: false, validateFormats: false }).compile(json);
    const differ = (value: unknown): boolean => {
      // zod leaves keys of this name out of records unseen; `check` refuses them.
      if (JSON.stringify(value)?.includes('"__proto__":')) return false;
      const result = type.safeParse(value);
      if (result.success) return !takes(value);
      // JSON Schema has no words for rules of our own, nor (without more libraries) for the form of a URL.
      return result.error.issues.every(isAboutForm) && takes(value);
    };
    const difference = fc.check(
      fc.property(fc.oneof(junk, valuesOf(json)), (value) => !differ(value)),
      { numRuns: 60 },
    ).counterexample;
    expect(difference).toBeNull();
  });
});

/** Whether an issue is about the form of a value, and not a rule that only code can check. */
function isAboutForm(issue: z.core.$ZodIssue): boolean {
  if (issue.code === 'invalid_union') return issue.errors.every((branch) => branch.some(isAboutForm));
  return !['custom', 'invalid_format', 'invalid_key'].includes(issue.code);
}
