import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import type { ErrorCode } from '../core/errorTable.ts';
import { childOf } from './findUnknownKeys.ts';
import { describeType, keysAt, typeAt } from './keys/describeType.ts';
import type { ApplyContext, Effect, Key } from './keys/key.ts';
import { effects, type KeyNode, keyTable, keyTree } from './keys/keyTable.ts';
import { mostProblems, type Path, type Problem, pathText } from './problem.ts';
import { isSecretName } from './secretNames.ts';
import type { Settings } from './settings.ts';
import { nearest } from './suggest.ts';
import { entryAt, isNull, plainValue } from './values/plainValue.ts';
import { problemAt } from './values/problemAt.ts';
import type { MapEntry, MapNode, Place } from './values/valueNode.ts';

/** A key's valid value. */
interface Found {
  row: Key;
  path: Path;
  entry: MapEntry;
  value: unknown;
}

/**
 * Checks the layered values against the table of keys, and puts those that work into `settings`. Says what is wrong with
 * values, and which have no effect. Unknown keys are passed over: they are found file by file.
 */
export function applyValues(root: MapNode, settings: Settings): Problem[] {
  const problems: Problem[] = [];
  const found = findValues(root, problems);
  const order = new Map(keyTable.map((row, index) => [row, index]));
  found.sort((a, b) => (order.get(a.row) ?? 0) - (order.get(b.row) ?? 0));
  for (const { row, path, entry, value } of found) {
    // Each row's own type made the value.
    row.apply?.(settings, value as never, contextFor(path, entry, problems));
  }
  return problems;
}

function findValues(root: MapNode, problems: Problem[]): Found[] {
  const found: Found[] = [];
  /** @returns whether anything below asks for what is missing, so that a section's effect must be told. */
  const visit = (map: MapNode, node: KeyNode, path: Path, told: boolean): boolean => {
    let asks = false;
    for (const [name, entry] of map.entries) {
      const row = childOf(node, name)?.row;
      const child = childOf(node, name);
      if (!row || !child || isNull(entry.value)) continue;
      const here = [...path, name];
      if (row.kind === 'key') asks = visitKey(row, entry, here, told) || asks;
      else if (entry.value.kind !== 'map') problems.push(notASection(entry, here));
      else {
        const below = visit(entry.value, child, here, told || row.process !== undefined);
        if (below && row.process && !told) problems.push(...effectWarning(row.process, entry.keyPlace, here));
        asks = below || asks;
      }
    }
    return asks;
  };
  const visitKey = (row: Key, entry: MapEntry, path: Path, told: boolean): boolean => {
    const plain = plainValue(entry.value);
    const result = row.type.safeParse(plain);
    if (!result.success) {
      for (const issue of result.error.issues.flatMap(meantIssues).slice(0, mostProblems))
        problems.push(...valueProblems(row, path, entry, plain, issue));
      return false;
    }
    found.push({ row, path, entry, value: result.data });
    const effect = effects.get(row);
    if (!effect || effect.kind === 'works' || satisfies(plain, row.satisfiedBy)) return false;
    if (!told) problems.push(...effectWarning(effect, entry.keyPlace, path, traitSuggestion(row, path)));
    return true;
  };
  visit(root, keyTree, [], false);
  return found;
}

function satisfies(plain: unknown, satisfiedBy: unknown): boolean {
  if (satisfiedBy === undefined) return false;
  const isEmpty = (value: unknown): boolean =>
    Array.isArray(value)
      ? value.length === 0
      : typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return isDeepStrictEqual(plain, satisfiedBy) || (isEmpty(satisfiedBy) && isEmpty(plain));
}

function effectWarning(effect: Effect, place: Place, path: Path, suggestion?: string): Problem[] {
  if (effect.kind === 'works') return [];
  const message =
    effect.kind === 'none'
      ? `This has no effect here, because ${effect.because}.`
      : `This is not supported yet. ${effect.instead ?? ''}`.trim();
  const code = effect.kind === 'none' ? 'ATOLL_SETTINGS_NO_EFFECT' : 'ATOLL_SETTINGS_NOT_SUPPORTED';
  return [problemAt(place, { code, severity: 'warning', message, path, suggestion })];
}

/** For a name that only a wildcard takes: the known name beside it that was probably meant. */
function traitSuggestion(row: Key, path: Path): string | undefined {
  if (!row.path.endsWith('>')) return undefined;
  const parent = path
    .slice(0, -1)
    .reduce<KeyNode | undefined>((node, name) => node && childOf(node, String(name)), keyTree);
  // Free names may well be real ones that the table does not have: only a slip of the pen counts.
  const near = nearest(String(path.at(-1)), parent?.children.keys() ?? [], 2);
  return near === undefined ? undefined : pathText([...path.slice(0, -1), near]);
}

function notASection(entry: MapEntry, path: Path): Problem {
  return problemAt(entry.value.place, {
    code: 'ATOLL_SETTINGS_VALUE',
    severity: 'error',
    message: `${pathText(path)} should hold keys and values, not ${nameOf(plainValue(entry.value))}.`,
    path,
  });
}

/** What zod says about a value, in our words and at its place. */
function valueProblems(row: Key, path: Path, entry: MapEntry, plain: unknown, issue: z.core.$ZodIssue): Problem[] {
  const inside = issue.path.filter((part) => typeof part !== 'symbol');
  const at = entryAt(entry.value, inside) ?? entry;
  const full = [...path, ...inside];
  const problem = (code: ErrorCode, place: Place, message: string, where: Path, suggestion?: string): Problem =>
    problemAt(place, { code, severity: 'error', message, path: where, suggestion });

  if (issue.code === 'unrecognized_keys')
    return issue.keys.slice(0, mostProblems).map((name) => {
      const near = nearest(name, keysAt(row.type, inside));
      const place = entryAt(at.value, [name])?.keyPlace ?? at.keyPlace;
      const message = `There is no key "${name}" in ${pathText(full)}.`;
      return problem('ATOLL_SETTINGS_UNKNOWN_KEY', place, message, [...full, name], near && pathText([...full, near]));
    });

  const place = issue.code === 'invalid_key' ? at.keyPlace : at.value.place;
  const { message } = issue.code === 'invalid_key' ? (issue.issues[0] ?? issue) : issue;
  // Our own messages go on after the name of the key; zod's are sentences with a capital.
  if (/^[a-z]/.test(message))
    return [problem('ATOLL_SETTINGS_VALUE', place, `${pathText(full)} ${message.replace(/\.$/, '')}.`, full)];
  const value = inside.reduce<unknown>((outer, part) => (outer as Record<string | number, unknown>)?.[part], plain);
  const expected = describeType(typeAt(row.type, inside) ?? row.type);
  const secret = row.secret || full.some((part) => isSecretName(String(part)));
  const inQuotes = expected === 'text' && (typeof value === 'number' || typeof value === 'boolean');
  return [
    problem(
      'ATOLL_SETTINGS_VALUE',
      place,
      value === undefined
        ? `${pathText(full)} is missing.`
        : `${pathText(full)} should be ${expected}, not ${nameOf(value, !secret)}${inQuotes ? ': put it in quotes' : ''}.`,
      full,
      inQuotes && !secret ? JSON.stringify(at.value.kind === 'scalar' ? at.value.source : String(value)) : undefined,
    ),
  ];
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
  const written = JSON.stringify(value);
  return written.length > 60 ? `${written.slice(0, 60)}…` : written;
}

function contextFor(path: Path, entry: MapEntry, problems: Problem[]): ApplyContext {
  const add =
    (severity: Problem['severity']): ApplyContext['warn'] =>
    (code, message, { at = [], suggestion } = {}) => {
      const place = (entryAt(entry.value, at) ?? entry).value.place;
      problems.push(problemAt(place, { code, severity, message, path: [...path, ...at], suggestion }));
    };
  return {
    path,
    written: (at) => {
      const value = entryAt(entry.value, at)?.value;
      return value?.kind === 'scalar' ? value.source : '';
    },
    warn: add('warning'),
    refuse: add('error'),
  };
}
