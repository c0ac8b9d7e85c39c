import { z } from 'zod';
import type { Path } from '../problem.ts';

/** What a key takes, in words: `true or false`, `a list of text`, `one of "dynamic", "static", "none"`. */
export function describeType(type: z.core.$ZodType): string {
  const title = z.globalRegistry.get(type)?.title;
  if (title) return title;
  if (type instanceof z.ZodString || type instanceof z.ZodStringFormat) return 'text';
  if (type instanceof z.ZodNumberFormat) return 'a whole number';
  if (type instanceof z.ZodNumber) return 'a number';
  if (type instanceof z.ZodBoolean) return 'true or false';
  if (type instanceof z.ZodEnum) return `one of ${type.options.map((option) => JSON.stringify(option)).join(', ')}`;
  if (type instanceof z.ZodArray) return listOf(describeType(type.element));
  if (type instanceof z.ZodRecord) return type.valueType instanceof z.ZodString ? 'a map of text' : 'a map';
  if (type instanceof z.ZodObject) return 'a map';
  if (type instanceof z.ZodUnion) return [...new Set(type.options.map(describeType))].join(' or ');
  if (type instanceof z.ZodPipe) return describeType(type.in);
  if (type instanceof z.ZodOptional) return describeType(type.unwrap());
  return 'anything';
}

function listOf(element: string): string {
  if (element === 'anything') return 'a list';
  return `a list of ${element === 'a map' ? 'maps' : element}`;
}

/** The names of the fixed keys of a map inside a type, at a path; undefined when names are free, or there is no map. */
export function keysAt(type: z.core.$ZodType, path: Path): string[] | undefined {
  const kinds = typesAt(type, path).flatMap(kindsOf);
  const maps = kinds.filter((kind) => kind instanceof z.ZodObject);
  if (maps.length === 0 || kinds.some((kind) => kind instanceof z.ZodRecord)) return undefined;
  return maps.flatMap((map) => Object.keys(map.shape));
}

/** The type of what is at a path inside a value of a type; undefined when there is nothing. */
export function typeAt(type: z.core.$ZodType, path: Path): z.core.$ZodType | undefined {
  return typesAt(type, path)[0];
}

function typesAt(type: z.core.$ZodType, [next, ...rest]: Path): z.core.$ZodType[] {
  if (next === undefined) return [type];
  return kindsOf(type).flatMap((kind) => {
    if (kind instanceof z.ZodObject && Object.hasOwn(kind.shape, next)) return typesAt(kind.shape[String(next)], rest);
    if (kind instanceof z.ZodRecord && typeof next === 'string') return typesAt(kind.valueType, rest);
    if (kind instanceof z.ZodArray && typeof next === 'number') return typesAt(kind.element, rest);
    return [];
  });
}

/** What a type comes down to: the members of a union, what an optional or a transformed value is before. */
function kindsOf(type: z.core.$ZodType): z.core.$ZodType[] {
  if (type instanceof z.ZodOptional) return kindsOf(type.unwrap());
  if (type instanceof z.ZodPipe) return kindsOf(type.in);
  return type instanceof z.ZodUnion ? type.options.flatMap(kindsOf) : [type];
}
