import type { z } from 'zod';
import type { ErrorCode } from '../../core/errorTable.ts';
import type { Path } from '../problem.ts';
import type { Settings } from '../settings.ts';

/** What becomes of a key on the `process` runtime. Other runtimes get a field of their own in {@link Key} when they come. */
export type Effect =
  /** It works. */
  | { kind: 'works' }
  /** It has no effect here; `because` completes "no effect here: …". */
  | { kind: 'none'; because: string }
  /** It is not supported yet; `instead` says what to do, or what happens without it. */
  | { kind: 'not-yet'; instead?: string };

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
  /** Undefined: what the section above says. */
  process?: Effect;
  /** The value is never shown. */
  secret: boolean;
  /** The value with which nothing is missing although the key has no effect: no warning then. */
  satisfiedBy?: unknown;
  /** Puts a valid value into the settings. Called in the order of the table. */
  apply?: (settings: Settings, value: never, context: ApplyContext) => void;
}

/** A map with fixed keys. With an effect of its own, it stands for everything below it, and is warned about once. */
export interface Section {
  kind: 'section';
  path: string;
  doc: string;
  process?: Effect;
}

export type Row = Key | Section;

/** What {@link Key.apply} can say about the value. `at` leads from the value to the place inside it. */
export interface ApplyContext {
  /** The full path of the value: where the key's path has `<trait>`, the name that was written. */
  path: Path;
  /** How a text, number or boolean inside the value was written: `1.10` where the value is 1.1. */
  written(at: Path): string;
  warn(code: ErrorCode, message: string, details?: { at?: Path; suggestion?: string }): void;
  refuse(code: ErrorCode, message: string, details?: { at?: Path; suggestion?: string }): void;
}

interface KeyOptions {
  default?: unknown;
  secret?: true;
}

/** A key that works. */
export function key<T extends z.ZodType>(
  path: string,
  type: T,
  doc: string,
  apply: (settings: Settings, value: z.output<T>, context: ApplyContext) => void,
  options: KeyOptions = {},
): Key {
  return {
    kind: 'key',
    path,
    type,
    doc,
    process: { kind: 'works' },
    ...options,
    secret: options.secret ?? false,
    apply,
  };
}

/** A key without effect on the process runtime: because of `process`, or of its section's. */
export function inert(
  path: string,
  type: z.ZodType,
  doc: string,
  process?: Effect,
  options: KeyOptions & { satisfiedBy?: unknown } = {},
): Key {
  return { kind: 'key', path, type, doc, ...(process && { process }), ...options, secret: options.secret ?? false };
}

/** A map with fixed keys; see {@link Section}. */
export function section(path: string, doc: string, process?: Effect): Section {
  return { kind: 'section', path, doc, ...(process && { process }) };
}

/** Rows whose paths are relative to `prefix`. */
export function under(prefix: string, rows: readonly Row[]): Row[] {
  return rows.map((row) => ({ ...row, path: `${prefix}.${row.path}` }));
}

/** The key has no effect; the text completes "no effect here: …". */
export function none(because: string): Effect {
  return { kind: 'none', because };
}

/** The key is not supported yet; the text is a sentence that says what to do, or what happens without it. */
export function notYet(instead?: string): Effect {
  return { kind: 'not-yet', ...(instead && { instead }) };
}

/** Only Kubernetes has what the key shapes. */
export const kubernetesOnly = none('it shapes Kubernetes objects, and here everything is a process of this machine');
/** No images on one machine. */
export const imagesOnly = none('no container images are used on one machine: all run the Python environment of Atoll');
