import { AtollError } from '../core/errors.ts';
import {
  isPythonObject,
  PythonFloat,
  type PythonObject,
  type PythonValue,
  pythonRepr,
  pythonStr,
  pythonTypeName,
  toPlain,
} from './pythonJson.ts';

/** What all kinds of fields have. */
interface FieldBase {
  /** The name under which people set it, a Python identifier such as `worker_cores`. */
  field: string;
  /** Shown to people. Default: the field's name. */
  label?: string;
  /** The configuration key that it sets. Default: the field's name. */
  target?: string;
}

/** One thing that people may choose about their cluster; the kinds and their rules are dask-gateway's. */
export type OptionField =
  | (FieldBase & { type: 'string'; default?: string })
  | (FieldBase & { type: 'bool'; default?: boolean })
  | (FieldBase & { type: 'int' | 'float'; default?: number; min?: number; max?: number })
  | (FieldBase & { type: 'mapping'; default?: Record<string, unknown> })
  | (FieldBase & {
      type: 'select';
      /** At least one; the values stay here, people see and send the keys. */
      options: readonly { key: string; value: unknown }[];
      /** Default: the first key. */
      default?: string;
    });

/** A field as `GET /api/v1/options` shows it. The client refuses any further key within `spec`. */
export interface FieldSpecification {
  field: string;
  label: string;
  default: unknown;
  spec: { type: string; min?: number | null; max?: number | null; options?: string[] };
}

/** A field as the client's `Options` expects it. */
export function specificationOf(field: OptionField): FieldSpecification {
  return {
    field: field.field,
    label: field.label ?? field.field,
    default: defaultOf(field),
    spec: typeSpecificationOf(field),
  };
}

/**
 * The chosen values by field name, checked and with defaults filled in; plain JSON.
 * @throws AtollError `ATOLL_CLUSTER_OPTIONS_INVALID` with dask-gateway's text; after it, the options there are.
 */
export function checkOptions(fields: readonly OptionField[], request: PythonValue): Record<string, unknown> {
  if (!isPythonObject(request)) throw invalid(`options must be a dict, got '${pythonTypeName(request)}'`);
  const unknown = Object.keys(request)
    .filter((name) => !fields.some((field) => field.field === name))
    .sort();
  if (unknown.length > 0) throw invalid(`Unknown fields ${pythonRepr(unknown)}. ${validOnes(fields)}`);
  return Object.fromEntries(fields.map((field) => [field.field, checkedValueOf(field, request)]));
}

function validOnes(fields: readonly OptionField[]): string {
  if (fields.length === 0) return 'Clusters have no options here.';
  return `The options are: ${fields.map(({ field }) => field).join(', ')}.`;
}

/** Configuration by key: fields under their targets, and what the keys of selects stand for. */
export function targetsOf(fields: readonly OptionField[], values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field.target ?? field.field, targetValueOf(field, values)]));
}

function checkedValueOf(field: OptionField, request: PythonObject): unknown {
  const value = Object.hasOwn(request, field.field) ? request[field.field] : undefined;
  return value === undefined ? defaultOf(field) : toPlain(checked(field, value));
}

function checked(field: OptionField, value: PythonValue): PythonValue {
  switch (field.type) {
    case 'string':
      if (typeof value !== 'string') throw wrongType(field, 'a string', value);
      return value;
    case 'bool':
      if (typeof value !== 'boolean') throw wrongType(field, 'a bool', value);
      return value;
    case 'mapping':
      if (!isPythonObject(value)) throw wrongType(field, 'a mapping', value);
      return value;
    case 'select':
      if (typeof value !== 'string') throw wrongType(field, 'a string', value);
      if (!field.options.some((option) => option.key === value))
        throw invalid(`${pythonRepr(value)} is not a valid option for ${field.field}`);
      return value;
    case 'int':
      if (typeof value !== 'bigint' && typeof value !== 'boolean') throw wrongType(field, 'an integer', value);
      return BigInt(withinBounds(field, value));
    default: {
      const number = typeof value === 'bigint' || typeof value === 'boolean' ? new PythonFloat(Number(value)) : value;
      if (!(number instanceof PythonFloat)) throw wrongType(field, 'a float', value);
      // JSON cannot keep them, and no cluster has that many of anything.
      if (!Number.isFinite(number.value)) throw invalid(`${field.field} must be finite, got ${pythonStr(number)}`);
      return withinBounds(field, number);
    }
  }
}

function withinBounds<T extends bigint | boolean | PythonFloat>(
  field: OptionField & { min?: number; max?: number },
  value: T,
): T {
  const number = value instanceof PythonFloat ? value.value : Number(value);
  if (field.min !== undefined && number < field.min)
    throw invalid(`${field.field} must be >= ${field.min.toFixed(6)}, got ${pythonStr(value)}`);
  if (field.max !== undefined && number > field.max)
    throw invalid(`${field.field} must be <= ${field.max.toFixed(6)}, got ${pythonStr(value)}`);
  return value;
}

function targetValueOf(field: OptionField, values: Record<string, unknown>): unknown {
  const value = values[field.field];
  return field.type === 'select' ? field.options.find((option) => option.key === value)?.value : value;
}

function defaultOf(field: OptionField): unknown {
  switch (field.type) {
    case 'string':
      return field.default ?? '';
    case 'bool':
      return field.default ?? false;
    case 'int':
    case 'float':
      return field.default ?? 0;
    case 'mapping':
      return field.default ?? {};
    default:
      return field.default ?? field.options[0]?.key;
  }
}

function typeSpecificationOf(field: OptionField): FieldSpecification['spec'] {
  switch (field.type) {
    case 'int':
    case 'float':
      return { type: field.type, min: field.min ?? null, max: field.max ?? null };
    case 'select':
      return { type: 'select', options: field.options.map((option) => option.key) };
    default:
      return { type: field.type };
  }
}

function wrongType(field: OptionField, expected: string, value: PythonValue): AtollError {
  return invalid(`${field.field} must be ${expected}, got ${pythonRepr(value)}`);
}

function invalid(message: string): AtollError {
  return new AtollError('ATOLL_CLUSTER_OPTIONS_INVALID', message);
}
