import type { z } from 'zod';
import type { ErrorCode } from '../../core/errorTable.ts';
import type { Path } from '../problem.ts';
import type { RuntimeKind, Settings } from '../settings.ts';
import { type Effect, type Effects, everywhere, kubernetesOnly, works } from './effects.ts';

/** One row of the table of keys: a key that holds a value, checked and applied as a whole. */
export interface Key {
  kind: 'key';
  /** Dots between the names; `<trait>` and the like stand for any name, `<Class>` for one with a capital. */
  path: string;
  type: z.ZodType;
  /** What holds when it is not written, as one writes it in the file. Undefined: nothing. */
  default?: unknown;
  /** One line for the reference. */
  doc: string;
  /** What becomes of it on each runtime. One that is left out follows the section above. */
  effects: Effects;
  /** What becomes of it where no section above says anything. */
  fallback?: Effects;
  /** The value is never shown. */
  secret: boolean;
  /** The value with which nothing is missing although the key has no effect: no warning then. */
  satisfiedBy?: unknown;
  /** Whether Python in the settings, all of it in one text, uses the value: then the key works. */
  usedByPython?: (value: unknown, python: string) => boolean;
  /** Puts a valid value into the settings, on any runtime. Called in the order of the table. */
  apply?: (settings: Settings, value: never, context: ApplyContext) => void;
  /** Whether a class above this one has the same trait, so that the reference need not repeat it. */
  inherited?: boolean;
  /** Whether nulls below a list stay, as in Helm. Default: keys that are null are left out everywhere. */
  keepsNulls?: boolean;
  /** What null says, which deletes the chart's default: only where that is not what holds when nothing is written. */
  unset?: (settings: Settings) => void;
}

/**
 * A map with fixed keys. Where it has an effect other than "works" of its own, that stands for everything below it, and is
 * warned about once.
 */
export interface Section {
  kind: 'section';
  path: string;
  doc: string;
  effects: Effects;
}

export type Row = Key | Section;

/** What {@link Key.apply} can say about the value. `at` leads from the value to the place inside it. */
export interface ApplyContext {
  /** The full path of the value: where the key's path has `<trait>`, the name that was written. */
  path: Path;
  /** The runtime that the settings are for. */
  runtime: RuntimeKind;
  /** How a text, number or boolean inside the value was written: `1.10` where the value is 1.1. */
  written(at: Path): string;
  warn(code: ErrorCode, message: string, details?: { at?: Path; suggestion?: string }): void;
  refuse(code: ErrorCode, message: string, details?: { at?: Path; suggestion?: string }): void;
}

interface KeyOptions {
  default?: unknown;
  secret?: boolean;
  inherited?: boolean;
}

type Apply<T extends z.ZodType> = (settings: Settings, value: z.output<T>, context: ApplyContext) => void;

/** A key that works: on every runtime, but for those that `effects` names otherwise. */
export function key<T extends z.ZodType>(
  path: string,
  type: T,
  doc: string,
  apply: Apply<T>,
  {
    effects,
    secret = false,
    ...options
  }: KeyOptions & Pick<Key, 'unset' | 'keepsNulls' | 'satisfiedBy' | 'usedByPython'> & { effects?: Effects } = {},
): Key {
  return { kind: 'key', path, type, doc, effects: { ...everywhere(works), ...effects }, secret, ...options, apply };
}

/** A key that works on Kubernetes, and has no effect elsewhere: it shapes pods or other objects. */
export function podKey<T extends z.ZodType>(
  path: string,
  type: T,
  doc: string,
  apply: Apply<T>,
  { effects, ...options }: Parameters<typeof key>[4] = {},
): Key {
  const row = key(path, type, doc, apply, options);
  return { ...row, effects: { kubernetes: works, ...effects }, fallback: kubernetesOnly };
}

/** A key without effect on any runtime: because of `effects`, or of its section's. */
export function inert(
  path: string,
  type: z.ZodType,
  doc: string,
  effects: Effect | Effects = {},
  { secret = false, ...options }: KeyOptions & Pick<Key, 'satisfiedBy' | 'usedByPython'> = {},
): Key {
  return { kind: 'key', path, type, doc, effects: byRuntime(effects), secret, ...options };
}

/** A map with fixed keys; see {@link Section}. */
export function section(path: string, doc: string, effects: Effect | Effects = {}): Section {
  return { kind: 'section', path, doc, effects: byRuntime(effects) };
}

function byRuntime(effects: Effect | Effects): Effects {
  return 'kind' in effects ? everywhere(effects) : effects;
}

/** Rows whose paths are relative to `prefix`. */
export function under(prefix: string, rows: readonly Row[]): Row[] {
  return rows.map((row) => ({ ...row, path: `${prefix}.${row.path}` }));
}
