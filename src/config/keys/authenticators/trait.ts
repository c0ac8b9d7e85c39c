import { z } from 'zod';

/** A trait of an authenticator's class: what it takes, and what it says. */
export interface Trait<Z extends z.ZodType = z.ZodType, Default = unknown> {
  kind: 'trait';
  type: Z;
  /** One line for the reference. */
  doc: string;
  /** What holds when it is not written; undefined: nothing. */
  default: Default;
  secret: boolean;
}

/** Another spelling of a trait, from before. */
export interface OldSpelling {
  kind: 'old';
  /** Its name today. */
  of: string;
}

/** A trait that is known and does nothing here. */
export interface InertTrait {
  kind: 'inert';
  type: z.ZodType;
  doc: string;
  /** Completes "no effect here, because …". */
  because: string;
  secret: boolean;
}

/** Completes "no effect here, because …" for what cannot be written as a value. */
export const functionOnly = 'it is a function: set it in Python, under hub.extraConfig';

/** The traits of a class, by the names that people know them by. */
export type TraitTable = Record<string, Trait | OldSpelling | InertTrait>;

/** A list of text, or a single text, which people write for a list of one. */
export const oneOrMore = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === 'string' ? [value] : value))
  .meta({ title: 'text or a list of text' });

/** A trait without a default. */
export function trait<Z extends z.ZodType>(
  type: Z,
  doc: string,
  { secret = false }: { secret?: boolean } = {},
): Trait<Z, undefined> {
  return { kind: 'trait', type, doc, default: undefined, secret };
}

/** A trait that has a value even when it is not written. */
export function traitWithDefault<Z extends z.ZodType>(
  type: Z,
  doc: string,
  fallback: z.output<Z>,
): Trait<Z, z.output<Z>> {
  return { kind: 'trait', type, doc, default: fallback, secret: false };
}

/** Another spelling of the trait `of` of the same table. */
export function oldSpelling(of: string): OldSpelling {
  return { kind: 'old', of };
}

/** A trait without effect; `because` completes "no effect here, because …". */
export function inertTrait(type: z.ZodType, doc: string, because: string, secret = false): InertTrait {
  return { kind: 'inert', type, doc, because, secret };
}

type TraitNames<T> = { [K in keyof T]: T[K] extends Trait ? K : never }[keyof T];
type DefaultedNames<T> = {
  [K in keyof T]: T[K] extends Trait<z.ZodType, infer Default> ? (undefined extends Default ? never : K) : never;
}[keyof T];
type ValueOf<T> = T extends Trait<infer Z> ? z.output<Z> : never;

/** What was written of a class's traits. */
export type WrittenTraits<T extends TraitTable> = { -readonly [K in TraitNames<T>]?: ValueOf<T[K]> };

/** The traits of a class with its defaults. */
export type TraitValues<T extends TraitTable> = { [K in DefaultedNames<T>]: ValueOf<T[K]> } & {
  [K in Exclude<TraitNames<T>, DefaultedNames<T>>]?: ValueOf<T[K]>;
};

/** Fills in the defaults. */
export function withDefaults<T extends TraitTable>(table: T, written: WrittenTraits<T> | undefined): TraitValues<T> {
  const defaults = Object.entries(table)
    .filter(([, entry]) => entry.kind === 'trait' && entry.default !== undefined)
    .map(([name, entry]) => [name, (entry as Trait).default] as const);
  return { ...(Object.fromEntries(defaults) as TraitValues<T>), ...written };
}
