import type { z } from 'zod';
import type { ErrorCode } from '../core/errorTable.ts';
import { isSecretName } from './isSecretName.ts';
import { describeType, keysAt, typeAt } from './keys/describeType.ts';
import type { Key } from './keys/key.ts';
import { hasSecretNames } from './keys/types.ts';
import { mask, quoted } from './maskSecrets.ts';
import { mostProblems, type Path, type Problem, pathText } from './problem.ts';
import { nearest } from './suggest.ts';
import { entryAt, isNull, plainValue } from './values/plainValue.ts';
import { problemAt } from './values/problemAt.ts';
import type { MapEntry, Place, ValueNode } from './values/valueNode.ts';

/** A value where a section with keys should be. */
export function notASection(entry: MapEntry, path: Path): Problem {
  return problemAt(entry.value.place, {
    code: 'ATOLL_SETTINGS_VALUE',
    severity: 'error',
    message: `${pathText(path)} should hold keys and values, not ${nameOf(plainValue(entry.value))}.`,
    path,
  });
}

/**
 * Keys inside a value that its type does not have, and that zod does not see: `__proto__`, which it leaves out of maps with
 * free names, and those that are null, as null means "not set"; but `{apiToken:x}` without the blank is such a key.
 */
export function unseenKeys(row: Key, path: Path, entry: MapEntry): Problem[] {
  const problems: Problem[] = [];
  const visit = (node: ValueNode, inside: Path): void => {
    if (problems.length >= mostProblems || node.kind === 'scalar') return;
    if (node.kind === 'list') return node.items.forEach((item, index) => visit(item, [...inside, index]));
    for (const [name, inner] of node.entries) {
      if (name === '__proto__') problems.push(unknownKey(row, path, inside, name, inner));
      else if (!isNull(inner.value)) visit(inner.value, [...inside, name]);
      // Asked for nulls only, which are rare: it takes long.
      else if (keysAt(row.type, inside)?.includes(name) === false)
        problems.push(unknownKey(row, path, inside, name, inner));
    }
  };
  visit(entry.value, []);
  return problems;
}

function unknownKey(row: Key, path: Path, inside: Path, name: string, { keyPlace }: MapEntry): Problem {
  const where = [...path, ...inside];
  const near = nearest(name.split(':')[0] ?? '', keysAt(row.type, inside) ?? []);
  return problemAt(keyPlace, {
    code: 'ATOLL_SETTINGS_UNKNOWN_KEY',
    severity: 'error',
    message: `There is no key ${quoted(name)} in ${pathText(where)}.`,
    path: [...where, name],
    suggestion: near && pathText([...where, near]),
  });
}

/** What zod says about a key's value, in our words and at the place inside the value. */
export function valueProblems(row: Key, path: Path, entry: MapEntry, issues: readonly z.core.$ZodIssue[]): Problem[] {
  const plain = plainValue(entry.value);
  return issues
    .flatMap(meantIssues)
    .slice(0, mostProblems)
    .flatMap((issue) => issueProblems(row, path, entry, plain, issue));
}

function issueProblems(row: Key, path: Path, entry: MapEntry, plain: unknown, issue: z.core.$ZodIssue): Problem[] {
  const inside = issue.path.filter((part) => typeof part !== 'symbol');
  const at = entryAt(entry.value, inside) ?? entry;
  const full = [...path, ...(hasSecretNames(row.type) ? inside.map(() => mask) : inside)];
  const problem = (code: ErrorCode, place: Place, message: string, where: Path, suggestion?: string): Problem =>
    problemAt(place, { code, severity: 'error', message, path: where, suggestion, secret: row.secret });

  if (issue.code === 'unrecognized_keys')
    return issue.keys
      .filter((name) => name !== '__proto__')
      .slice(0, mostProblems)
      .map((name) => unknownKey(row, path, inside, name, entryAt(at.value, [name]) ?? at));

  const place = issue.code === 'invalid_key' ? at.keyPlace : at.value.place;
  const { message } = issue.code === 'invalid_key' ? (issue.issues[0] ?? issue) : issue;
  // Our own messages go on after the name of the key; zod's are sentences with a capital.
  if (/^[a-z]/.test(message))
    return [problem('ATOLL_SETTINGS_VALUE', place, `${pathText(full)} ${message.replace(/\.$/, '')}.`, full)];
  const value = inside.reduce<unknown>((outer, part) => (outer as Record<string | number, unknown>)?.[part], plain);
  const expected = describeType(typeAt(row.type, inside) ?? row.type);
  const secret =
    row.secret ||
    (at.value.kind === 'scalar' && at.value.secret === true) ||
    full.some((part) => isSecretName(String(part)));
  const inQuotes = expected === 'text' && (typeof value === 'number' || typeof value === 'boolean');
  return [
    problem(
      'ATOLL_SETTINGS_VALUE',
      place,
      value === undefined
        ? `${pathText(full)} is missing.`
        : `${pathText(full)} should be ${expected}, not ${nameOf(value, !secret)}${inQuotes ? ': put it in quotes' : ''}.`,
      full,
      inQuotes && !secret
        ? JSON.stringify(at.value.kind === 'scalar' ? at.value.source : String(value))
        : secret
          ? undefined
          : meantValue(issue, value),
    ),
  ];
}

/** What was probably meant: of the values that a key may have the nearest, or a list of the one text that is written. */
function meantValue(issue: z.core.$ZodIssue, value: unknown): string | undefined {
  if (issue.code === 'invalid_type' && issue.expected === 'array' && typeof value === 'string')
    return JSON.stringify([value]);
  return issue.code === 'invalid_value' && typeof value === 'string'
    ? nearest(value, issue.values.map(String))
    : undefined;
}

/**
 * Where a value may be of several kinds, zod reports all of them: takes those of the kind that it is at least of the same
 * type as, so that the message names the wrong part and not the whole.
 */
function meantIssues(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const meant = issue.errors.find(
    (branch) => !branch.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  );
  if (!meant) return [issue];
  return meant.flatMap(meantIssues).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

function nameOf(value: unknown, shown = false): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  const kind =
    { string: 'text', number: 'a number', boolean: 'true or false' }[typeof value as 'string'] ?? 'something else';
  if (!shown) return kind;
  return typeof value === 'string' ? quoted(value) : JSON.stringify(value);
}
