import { z } from 'zod';
import type { Effect } from './keys/effects.ts';
import type { Key } from './keys/key.ts';
import { effectOf, type KeyNode, keyTable, keyTree } from './keys/keyTable.ts';
import { type RuntimeKind, runtimeKinds } from './settings.ts';
import { chartOnly, shared, wrappers } from './values/unwrapValues.ts';

/** A JSON Schema, or a part of one. */
export type JsonSchema = Record<string, unknown>;

/**
 * The JSON Schema (2020-12) of one settings file, for editors: every key with its documentation, its default and what it
 * does on each runtime. It takes what `check` takes, but for rules that JSON Schema has no words for: amounts are checked
 * by their form only, and what must fit together is not.
 */
export function valuesSchema(): JsonSchema {
  const { properties: charts, ...rest } = mapSchema(keyTree);
  const parts: Record<string, JsonSchema> = {};
  for (const chart of Object.keys(chartOnly)) charts[chart] = byReference(chart, charts[chart], parts);
  const alone = aloneProperties(charts, parts);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Settings of Atoll',
    description:
      'Values of the daskhub, zero-to-jupyterhub and dask-gateway charts, and keys of Atoll. Null unsets a key of a file before.',
    anyOf: [{ $ref: '#/$defs/charts' }, { $ref: '#/$defs/chart' }],
    $defs: {
      charts: {
        ...rest,
        properties: {
          ...charts,
          ...Object.fromEntries(
            wrappers.map((name) => [name, { description: 'A chart around the others.', $ref: '#/$defs/wrapped' }]),
          ),
        },
      },
      wrapped: { anyOf: [{ type: 'null' }, { $ref: '#' }] },
      chart: {
        description: 'The values of the zero-to-jupyterhub or the dask-gateway chart alone.',
        type: 'object',
        properties: alone,
        additionalProperties: false,
        dependentSchemas: Object.fromEntries(
          shared
            .filter((name) => !Object.hasOwn(charts, name))
            .map((name) => [
              name,
              {
                anyOf: Object.values(chartOnly)
                  .flat()
                  .map((key) => ({ required: [key] })),
              },
            ]),
        ),
      },
      reference: {
        description:
          'The value stands in an environment variable, or in a file whose path begins at the folder of this one.',
        type: 'object',
        properties: { fromEnv: { type: 'string' }, fromFile: { type: 'string' } },
        additionalProperties: false,
        minProperties: 1,
        maxProperties: 1,
      },
      ...parts,
      ...Object.fromEntries(sharedTypes.values()),
    },
  };
}

/** The keys of a chart by reference to parts of the schema, where they can be found for a file of that chart alone too. */
function byReference(chart: string, schema: JsonSchema | undefined, parts: Record<string, JsonSchema>): JsonSchema {
  const node = keyTree.children.get(chart);
  if (!node) throw new Error(`There is no chart ${chart} in the table of keys.`);
  const { properties, ...rest } = mapSchema(node);
  for (const [name, part] of Object.entries(properties)) parts[`${chart}.${name}`] = part;
  const references = Object.keys(properties).map((name) => [name, referenceTo(`${chart}.${name}`)]);
  const { description } = schema ?? {};
  return { description, ...orNull({ ...rest, properties: Object.fromEntries(references) }) };
}

function referenceTo(part: string): JsonSchema {
  return { $ref: `#/$defs/${part}` };
}

/** What stands at the top of a file for one chart alone: that chart's keys, and those of other charts beside it. */
function aloneProperties(
  charts: Record<string, JsonSchema>,
  parts: Record<string, JsonSchema>,
): Record<string, JsonSchema> {
  const properties = Object.fromEntries(Object.entries(charts).filter(([name]) => !Object.hasOwn(chartOnly, name)));
  for (const [chart, names] of Object.entries(chartOnly)) {
    for (const name of names) if (parts[`${chart}.${name}`]) properties[name] = referenceTo(`${chart}.${name}`);
    for (const name of shared) {
      const before = properties[name];
      if (!parts[`${chart}.${name}`]) continue;
      const here = referenceTo(`${chart}.${name}`);
      properties[name] = before ? { anyOf: [before, here] } : here;
    }
  }
  return properties;
}

/** The schema of a map with fixed keys. */
function mapSchema(node: KeyNode): JsonSchema & { properties: Record<string, JsonSchema> } {
  const { wildcard } = node;
  const free = wildcard && nodeSchema(wildcard.node);
  return {
    type: 'object',
    properties: Object.fromEntries([...node.children].map(([name, child]) => [name, nodeSchema(child)])),
    ...(wildcard?.segment === '<Class>' && { patternProperties: { '^[A-Z]': free } }),
    additionalProperties: wildcard && wildcard.segment !== '<Class>' ? free : false,
  };
}

function nodeSchema(node: KeyNode): JsonSchema {
  const { row } = node;
  const isSection = row?.kind !== 'key';
  const description = row && (isSection ? row.doc : `${row.doc}${effectsText(row)}`);
  const inner = isSection ? mapSchema(node) : keySchema(row);
  return {
    ...(description && { description }),
    ...(!isSection && row.default !== undefined && { default: row.default }),
    ...(!isSection && row.secret && { writeOnly: true }),
    ...orNull(inner),
  };
}

function keySchema({ type }: Key): JsonSchema {
  const known = sharedTypes.get(type);
  return known ? referenceTo(known[0]) : typeSchema(type);
}

function typeSchema(type: z.ZodType): JsonSchema {
  const { $schema: _, title, ...schema } = z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' });
  return { ...(title !== undefined && { title }), ...inFile(schema) };
}

/** Types that several keys have, each a definition of its own: its name and its schema. */
const sharedTypes: ReadonlyMap<z.ZodType, [name: string, schema: JsonSchema]> = findSharedTypes();

function findSharedTypes(): Map<z.ZodType, [name: string, schema: JsonSchema]> {
  const uses = Map.groupBy(keyTable, (row) => (row.kind === 'key' ? row.type : undefined));
  const found = new Map<z.ZodType, [name: string, schema: JsonSchema]>();
  for (const [type, rows] of uses)
    if (type && rows.length > 1) found.set(type, [`type${found.size + 1}`, typeSchema(type)]);
  return found;
}

/**
 * What a part of a value may be in a file: null for what may be left out, and a reference wherever text may stand.
 * (zod's schemas say nothing about either: nulls are taken away and references resolved before it sees a value.)
 */
function inFile(schema: JsonSchema): JsonSchema {
  const changed: JsonSchema = { ...schema };
  const required = Array.isArray(schema.required) ? schema.required : [];
  if (isRecord(schema.properties))
    changed.properties = Object.fromEntries(
      Object.entries(schema.properties as Record<string, JsonSchema>).map(([name, part]) => [
        name,
        required.includes(name) ? inFile(part) : orNull(inFile(part)),
      ]),
    );
  if (isRecord(schema.additionalProperties)) changed.additionalProperties = orNull(inFile(schema.additionalProperties));
  if (isRecord(schema.items)) changed.items = inFile(schema.items);
  if (Array.isArray(schema.anyOf)) changed.anyOf = schema.anyOf.map((part: JsonSchema) => inFile(part));
  if (Array.isArray(schema.allOf)) changed.allOf = schema.allOf.map((part: JsonSchema) => inFile(part));
  return schema.type === 'string' ? { anyOf: [changed, { $ref: '#/$defs/reference' }] } : changed;
}

function orNull(schema: JsonSchema): JsonSchema {
  // What takes anything takes null.
  const constrains = Object.keys(schema).some((keyword) => keyword !== 'title');
  if (!constrains) return schema;
  const { title, ...rest } = schema;
  return { ...(title !== undefined && { title }), anyOf: [rest, { type: 'null' }] };
}

function isRecord(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Words for what a key does where it does not simply work. */
function effectsText(key: Key): string {
  const notes = runtimeKinds.flatMap((runtime) => noteOf(runtime, effectOf(key, runtime)));
  return notes.length === 0 ? '' : ` (${notes.join(' ')})`;
}

function noteOf(runtime: RuntimeKind, effect: Effect): string[] {
  if (effect.kind === 'works') return [];
  return [
    effect.kind === 'none'
      ? `${runtime}: no effect, because ${effect.because}.`
      : `${runtime}: not supported. ${effect.instead}`,
  ];
}
