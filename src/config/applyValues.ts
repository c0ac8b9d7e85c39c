import { isDeepStrictEqual } from 'node:util';
import { effectOfValue } from './effectOfValue.ts';
import { type Effect, effectWarning } from './keys/effects.ts';
import type { ApplyContext, Key } from './keys/key.ts';
import { childOf, type KeyNode, keyTable, keyTree } from './keys/keyTable.ts';
import { type Path, type Problem, pathText } from './problem.ts';
import type { RuntimeKind, Settings } from './settings.ts';
import { nearest } from './suggest.ts';
import { notASection, unseenKeys, valueProblems } from './valueProblems.ts';
import { entryAt, isNull, plainValue } from './values/plainValue.ts';
import { problemAt } from './values/problemAt.ts';
import type { MapEntry, MapNode, Place } from './values/valueNode.ts';

/** A key's valid value. */
interface Found {
  row: Key;
  path: Path;
  entry: MapEntry;
  /** Undefined: null was written, which {@link Key.unset} understands. */
  value: unknown;
}

/**
 * Checks the layered values against the table of keys, and puts them into `settings`. Says what is wrong with values, and
 * which have no effect on `runtime`. Unknown keys are passed over: they are found file by file.
 */
export function applyValues(root: MapNode, settings: Settings, runtime: RuntimeKind): Problem[] {
  const problems: Problem[] = [];
  const found = findValues(root, runtime, problems);
  const order = new Map(keyTable.map((row, index) => [row, index]));
  found.sort((a, b) => (order.get(a.row) ?? 0) - (order.get(b.row) ?? 0));
  for (const { row, path, entry, value } of found) {
    if (value === undefined) row.unset?.(settings);
    // Each row's own type made the value.
    else row.apply?.(settings, value as never, contextFor(path, runtime, entry, problems));
  }
  return problems;
}

function findValues(root: MapNode, runtime: RuntimeKind, problems: Problem[]): Found[] {
  const found: Found[] = [];
  /** @returns whether anything below asks for what is missing, so that a section's effect must be told. */
  const visit = (map: MapNode, node: KeyNode, path: Path, told: boolean): boolean => {
    let asks = false;
    for (const [name, entry] of map.entries) {
      const child = childOf(node, name);
      const row = child?.row;
      if (!child || !row) continue;
      const here = [...path, name];
      if (isNull(entry.value)) {
        if (row.kind === 'key' && row.unset) found.push({ row, path: here, entry, value: undefined });
        continue;
      }
      if (row.kind === 'key') asks = visitKey(row, entry, here, told) || asks;
      else if (entry.value.kind !== 'map') problems.push(notASection(entry, here));
      else {
        const effect = row.effects[runtime];
        const tells = effect !== undefined && effect.kind !== 'works';
        const below = visit(entry.value, child, here, told || tells);
        if (below && tells && !told) problems.push(...effectProblems(effect, entry.keyPlace, here));
        asks = below || asks;
      }
    }
    return asks;
  };
  const visitKey = (row: Key, entry: MapEntry, path: Path, told: boolean): boolean => {
    problems.push(...unseenKeys(row, path, entry));
    const plain = plainValue(entry.value, row.keepsNulls);
    const result = row.type.safeParse(plain);
    if (!result.success) {
      problems.push(...valueProblems(row, path, entry, result.error.issues));
      return false;
    }
    found.push({ row, path, entry, value: result.data });
    const effect = effectOfValue(row, plain, root, runtime);
    if (effect.kind === 'works' || satisfies(row, plain)) return false;
    if (!told) problems.push(...effectProblems(effect, entry.keyPlace, path, traitSuggestion(row, path)));
    return true;
  };
  visit(root, keyTree, [], false);
  return found;
}

/** Whether nothing is missing although the value has no effect: it is empty, or says what is so anyway. */
function satisfies({ satisfiedBy }: Key, plain: unknown): boolean {
  if (typeof plain === 'object' && plain !== null && Object.keys(plain).length === 0) return true;
  return satisfiedBy !== undefined && isDeepStrictEqual(plain, satisfiedBy);
}

function effectProblems(effect: Effect, place: Place, path: Path, suggestion?: string): Problem[] {
  const warning = effectWarning(effect);
  return warning ? [problemAt(place, { ...warning, severity: 'warning', path, suggestion })] : [];
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

/** What a row that is applied at `entry` can say; it comes to be in `problems`. */
export function contextFor(path: Path, runtime: RuntimeKind, entry: MapEntry, problems: Problem[]): ApplyContext {
  const add =
    (severity: Problem['severity']): ApplyContext['warn'] =>
    (code, message, { at = [], suggestion } = {}) => {
      const place = (entryAt(entry.value, at) ?? entry).value.place;
      problems.push(problemAt(place, { code, severity, message, path: [...path, ...at], suggestion }));
    };
  return {
    path,
    runtime,
    written: (at) => {
      const value = entryAt(entry.value, at)?.value;
      return value?.kind === 'scalar' ? value.source : '';
    },
    warn: add('warning'),
    refuse: add('error'),
  };
}
