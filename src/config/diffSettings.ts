import { isDeepStrictEqual } from 'node:util';
import { contextFor } from './applyValues.ts';
import { effectOfValue } from './effectOfValue.ts';
import type { Key } from './keys/key.ts';
import { childOf, effectOf, type KeyNode, keyTree } from './keys/keyTable.ts';
import { hasSecretNames } from './keys/types.ts';
import type { LoadedSettings } from './loadSettings.ts';
import { needsRestart } from './needsRestart.ts';
import { type Path, pathText } from './problem.ts';
import { defaultSettings, type RuntimeKind, type Settings } from './settings.ts';
import { shownValue } from './shownValue.ts';
import { type Moment, takesEffect } from './takesEffect.ts';
import { entryAt, isNull, plainValue } from './values/plainValue.ts';
import { type MapEntry, placeText } from './values/valueNode.ts';

/** One setting, or a part of one, that is different. */
export interface Change {
  path: string;
  /** What holds before and after, secrets masked. Undefined: nothing. */
  before?: unknown;
  after?: unknown;
  /** `file:line:column` of what holds after; undefined when it is not written any more. */
  setAt?: string;
  /** What the key says. */
  doc: string;
  /** When it counts. */
  counts: Moment;
}

/** What is different between two sets of settings, in the order of the table of keys. Writing a default is no change. */
export function diffSettings(before: LoadedSettings, after: LoadedSettings): Change[] {
  const changes: Change[] = [];
  const visit = (node: KeyNode, path: Path): void => {
    if (node.row?.kind === 'key') {
      changes.push(...compare(node.row, path, before, after));
      return;
    }
    for (const name of namesAt(node, path, [before, after])) {
      const child = childOf(node, name);
      if (child) visit(child, [...path, name]);
    }
  };
  visit(keyTree, []);
  return changes;
}

/** The fixed names in a section, and the free ones that are written. */
function namesAt(node: KeyNode, path: Path, sides: readonly LoadedSettings[]): Set<string> {
  const written = sides.flatMap(({ values }) => {
    const at = values && entryAt(values, path)?.value;
    return at?.kind === 'map' ? [...at.entries.keys()] : [];
  });
  return new Set([...node.children.keys(), ...(node.wildcard ? written : [])]);
}

function compare(row: Key, path: Path, before: LoadedSettings, after: LoadedSettings): Change[] {
  const { kind } = after.settings.runtime;
  const [old, now] = [writtenAt(before, path), writtenAt(after, path)];
  const effects = [effectOf(row, kind)];
  if (old && before.values) effects.push(effectOfValue(row, plainValue(old.value), before.values, kind));
  if (now && after.values) effects.push(effectOfValue(row, plainValue(now.value), after.values, kind));
  const found = differences(row, path, old, now, true);
  if (found.length === 0) return [];
  const works = effects.some((effect) => effect.kind === 'works');
  const counts = !works
    ? 'never'
    : onlyAtStart(row, path, [old, now], after.settings)
      ? 'restart of the hub'
      : takesEffect(pathText(path), kind);
  return found.map((change) => ({ ...change, doc: row.doc, counts }));
}

/** Whether a key's two values make a difference that only a starting hub takes over. */
function onlyAtStart(
  row: Key,
  path: Path,
  entries: readonly [before: MapEntry | undefined, after: MapEntry | undefined],
  { authentication, runtime }: Settings,
): boolean {
  // Some keys count only with the authenticator in use, and others choose it.
  return ['link' as const, authentication.authenticator].some((authenticator) => {
    const [before, after] = entries.map((entry) => {
      const settings = defaultSettings();
      settings.authentication.authenticator = authenticator;
      if (entry) apply(row, path, entry, settings, runtime.kind);
      return settings;
    }) as [Settings, Settings];
    return needsRestart(before, after).length > 0;
  });
}

function apply(row: Key, path: Path, entry: MapEntry, settings: Settings, runtime: RuntimeKind): void {
  const { success, data } = row.type.safeParse(plainValue(entry.value, row.keepsNulls));
  // Each row's own type made the value.
  if (success) row.apply?.(settings, data as never, contextFor(path, runtime, entry, []));
}

type Difference = Pick<Change, 'path' | 'before' | 'after' | 'setAt'>;

/** Maps are compared key by key, so that one changed variable is not told as a change of all. */
function differences(
  row: Key,
  path: Path,
  before: MapEntry | undefined,
  after: MapEntry | undefined,
  isWhole: boolean,
): Difference[] {
  const fallback = isWhole ? row.default : undefined;
  const plain = (entry: MapEntry | undefined): unknown => (entry ? plainValue(entry.value) : fallback);
  if (isDeepStrictEqual(asData(plain(before)), asData(plain(after)))) return [];
  if (before?.value.kind === 'map' && after?.value.kind === 'map' && !hasSecretNames(row.type)) {
    const names = new Set([...before.value.entries.keys(), ...after.value.entries.keys()]);
    return [...names].flatMap((name) =>
      differences(row, [...path, name], inside(before, name), inside(after, name), false),
    );
  }
  const show = (entry: MapEntry | undefined): unknown => (entry ? shownValue(row, path, entry.value) : fallback);
  const [from, to] = [show(before), show(after)];
  return [
    {
      path: pathText(path),
      ...(from !== undefined && { before: from }),
      ...(to !== undefined && { after: to }),
      ...(after && { setAt: placeText(after.keyPlace) }),
    },
  ];
}

function inside(entry: MapEntry, name: string): MapEntry | undefined {
  const found = entry.value.kind === 'map' ? entry.value.entries.get(name) : undefined;
  return found && !isNull(found.value) ? found : undefined;
}

function writtenAt({ values }: LoadedSettings, path: Path): MapEntry | undefined {
  const entry = values && entryAt(values, path);
  return entry && !isNull(entry.value) ? entry : undefined;
}

/** Without prototypes, which are no difference. */
function asData(value: unknown): unknown {
  return value === undefined ? undefined : structuredClone(value);
}
