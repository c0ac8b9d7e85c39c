import type { ChangedField } from './changedFields.ts';

/** What may hold secrets (variables, arguments, hooks), or says nothing to people (hashes in annotations). */
const hidden = /(?:^|\.)(?:data|stringData|annotations|env|args|command|lifecycle|\w*[pP]robe)(?:[.[]|$)/;
const longest = 100;

/** A changed field in a line: its path, and where they are no secret and short, its values. */
export function shownChange(kind: string, { path, before, after }: ChangedField): string {
  if (kind === 'Secret' || hidden.test(path)) return path;
  const [left, right] = [shown(before), shown(after)];
  return left === undefined || right === undefined ? path : `${path}: ${left} -> ${right}`;
}

function shown(value: unknown): string | undefined {
  if (value === undefined) return 'nothing';
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return undefined;
  const text = String(value);
  return text.length > longest ? undefined : text;
}
