import { formatBytes } from '../core/quantities.ts';
import type { OptionField } from './optionFields.ts';

/**
 * What the owner of a cluster can do when its workers have too little memory: which option to choose differently, or whom to
 * ask. To go after a sentence that says so.
 * @param memory bytes that a worker may use.
 */
export function memoryAdvice(fields: readonly OptionField[], values: Record<string, unknown>, memory: number): string {
  const field =
    fields.find((one) => one.target === 'worker_memory') ??
    fields.find(({ field: name }) => /^(worker_?)?mem/i.test(name));
  const larger = field && largerValue(field, values[field.field]);
  if (field && larger !== undefined) return `ask for \`${field.field}\` ${larger}`;
  const select = fields.find((one) => one.type === 'select' && one.options.length > 1);
  if (!field && select) return `choose a larger \`${select.field}\``;
  return `${formatBytes(2 * memory)} would be twice as much, which an administrator can allow; or split the work into smaller tasks`;
}

/** Twice the value, within the field's bounds; undefined when there is nothing larger. */
function largerValue(field: OptionField, value: unknown): string | undefined {
  if ((field.type === 'int' || field.type === 'float') && typeof value === 'number') {
    const larger = Math.min(2 * value, field.max ?? Number.POSITIVE_INFINITY);
    return larger > value ? String(larger) : undefined;
  }
  if (field.type === 'string') {
    const [, number, unit] = /^(\d+(?:\.\d+)?)\s*(\D*)$/.exec(String(value)) ?? [];
    return number === undefined ? undefined : `${2 * Number(number)}${unit ?? ''}`;
  }
  if (field.type !== 'select') return undefined;
  const index = field.options.findIndex(({ key }) => key === value);
  return field.options[index + 1]?.key;
}
