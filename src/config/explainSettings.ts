import { isDeepStrictEqual } from 'node:util';
import { formatBytes, parseJupyterHubMemory, parseKubernetesMemory } from '../core/quantities.ts';
import { effectOfValue } from './effectOfValue.ts';
import { describeType } from './keys/describeType.ts';
import type { Effect } from './keys/effects.ts';
import type { Key, Row } from './keys/key.ts';
import { childOf, effectOf, type KeyNode, keyTree } from './keys/keyTable.ts';
import { laterKeys } from './keys/sameSetting.ts';
import { kubernetesQuantity, memory, someMemory } from './keys/types.ts';
import type { LoadedSettings } from './loadSettings.ts';
import { isAboutEffect, type Path, pathText } from './problem.ts';
import { shownValue } from './shownValue.ts';
import { nearest } from './suggest.ts';
import { entryAt, isNull, plainValue } from './values/plainValue.ts';
import { chartOnly } from './values/unwrapValues.ts';
import { type MapEntry, type MapNode, placeText } from './values/valueNode.ts';

/** What is to be known about one key. */
export interface Explanation {
  path: string;
  /** Whether it is written. */
  written: boolean;
  /** What is written, its secrets masked. */
  value?: unknown;
  /** `file:line:column` of the key that counts. */
  setAt?: string;
  /** Where earlier files say something else, which does not count. The nearest one first. */
  instead: string[];
  /** Another key for the same, which is written and applied after this one. */
  later?: { path: string; value: unknown; setAt: string };
  /** What holds when it is not written. Undefined: nothing. */
  default?: unknown;
  /** Whether what is written is the default. */
  isDefault: boolean;
  takes: string;
  doc: string;
  /** What becomes of it on the runtime that the settings are for. */
  effect: Effect;
  /** How an amount is understood, and what else is to be said of this value. */
  notes: string[];
}

/** What is at a path: one key (or a part of its value), or all keys below. */
export type Explained =
  /** `single`: the path is that of one key, or leads into its value. */
  { explanations: Explanation[]; single: boolean } | { unknown: true; suggestion?: string };

/** Explains the key at a path, or every key below it. Paths of the charts alone (`singleuser.uid`) will do. */
export function explainSettings(loaded: LoadedSettings, given: Path): Explained {
  const path = inCharts(given);
  const found = rowAt(path);
  if (!found) {
    const suggestion = nearestPath(path);
    return { unknown: true, ...(suggestion && { suggestion }) };
  }
  const { node, row, depth } = found;
  if (row?.kind === 'key') return { explanations: [explain(loaded, row, path, depth)], single: true };
  const explanations: Explanation[] = [];
  const visit = (at: KeyNode, here: Path): void => {
    if (at.row?.kind === 'key') explanations.push(explain(loaded, at.row, here, here.length));
    for (const [name, child] of at.children) visit(child, [...here, name]);
    // Free names: those that are written.
    const entry = here.length > 0 ? loaded.values && entryAt(loaded.values, here) : undefined;
    if (at.wildcard && entry?.value.kind === 'map')
      for (const name of entry.value.entries.keys())
        if (!at.children.has(name) && childOf(at, name)) visit(at.wildcard.node, [...here, name]);
  };
  visit(node, path);
  return { explanations, single: false };
}

/** A path of the zero-to-jupyterhub or dask-gateway chart alone, as it is in a file for all. */
function inCharts(path: Path): Path {
  const chart = Object.entries<readonly string[]>(chartOnly).find(([, names]) => names.includes(String(path[0])));
  return chart ? [chart[0], ...path] : path;
}

/** The row that a path leads to; `depth` is the length of the path to the row itself, beyond which is its value. */
function rowAt(path: Path): { node: KeyNode; row: Row | undefined; depth: number } | undefined {
  let node = keyTree;
  for (const [depth, part] of path.entries()) {
    const child = childOf(node, String(part));
    if (!child) return undefined;
    node = child;
    if (node.row?.kind === 'key') return { node, row: node.row, depth: depth + 1 };
  }
  return { node, row: node.row, depth: path.length };
}

/** The known path that was probably meant. */
function nearestPath(path: Path): string | undefined {
  let node = keyTree;
  for (const [depth, part] of path.entries()) {
    const child = childOf(node, String(part));
    if (child) {
      node = child;
      continue;
    }
    const near = nearest(String(part), node.children.keys());
    if (near === undefined) return undefined;
    const meant = [...path.slice(0, depth), near];
    const whole = [...meant, ...path.slice(depth + 1)];
    return pathText(rowAt(whole) ? whole : meant);
  }
  return undefined;
}

function explain(
  { values, layers = [], settings, problems }: LoadedSettings,
  row: Key,
  path: Path,
  depth: number,
): Explanation {
  const entry = values && writtenAt(values, path);
  const isWhole = path.length === depth;
  const whole = values && writtenAt(values, path.slice(0, depth));
  const text = pathText(path);
  // What becomes of the key itself is told anyway.
  const said = problems.filter(
    (problem) => (problem.path === text && !isAboutEffect(problem.code)) || problem.path.startsWith(`${text}.`),
  );
  return {
    path: text,
    written: entry !== undefined,
    ...(entry && { value: shownValue(row, path, entry.value), setAt: placeText(entry.keyPlace) }),
    instead: entry
      ? placesInstead(
          layers.map((layer) => writtenAt(layer, path)),
          entry,
        )
      : [],
    ...(values && laterOf(values, row)),
    ...(isWhole && row.default !== undefined && { default: row.default }),
    isDefault:
      entry !== undefined && isWhole && isDeepStrictEqual(structuredClone(plainValue(entry.value)), row.default),
    takes: describeType(row.type),
    doc: row.doc,
    effect:
      values && whole
        ? effectOfValue(row, plainValue(whole.value), values, settings.runtime.kind)
        : effectOf(row, settings.runtime.kind),
    notes: [
      ...(entry && isWhole ? amountNotes(row, entry) : []),
      ...said.map((problem) => (problem.path === text ? problem.message : `${problem.path}: ${problem.message}`)),
    ],
  };
}

function laterOf(values: MapNode, row: Key): Pick<Explanation, 'later'> {
  for (const other of laterKeys(row).toReversed()) {
    const path = other.path.split('.');
    const entry = writtenAt(values, path);
    if (!entry) continue;
    return {
      later: { path: other.path, value: shownValue(other, path, entry.value), setAt: placeText(entry.keyPlace) },
    };
  }
  return {};
}

/** The entry at a path, unless null was written: that is "not set". */
function writtenAt(root: Parameters<typeof entryAt>[0], path: Path): MapEntry | undefined {
  const entry = entryAt(root, path);
  return entry && !isNull(entry.value) ? entry : undefined;
}

function placesInstead(entries: readonly (MapEntry | undefined)[], counts: MapEntry): string[] {
  return entries
    .filter((entry) => entry !== undefined)
    .map((entry) => placeText(entry.keyPlace))
    .filter((place) => place !== placeText(counts.keyPlace))
    .toReversed();
}

/** What an amount comes to, and where another program would read it otherwise. */
function amountNotes(row: Key, { value }: MapEntry): string[] {
  if (value.kind !== 'scalar' || value.secret || (typeof value.value !== 'string' && typeof value.value !== 'number'))
    return [];
  const written = value.value;
  try {
    if (row.type === memory || row.type === someMemory) {
      const bytes = parseJupyterHubMemory(written);
      if (!/[KMGT]\s*$/.test(String(written))) return [`${written} is ${formatBytes(bytes)}.`];
      const elsewhere = parseKubernetesMemory(String(written).trim().replace('K', 'k'));
      return [
        `${written} is ${formatBytes(bytes)} (${bytes} bytes) here, as in JupyterHub; Kubernetes itself would read ${elsewhere} bytes.`,
      ];
    }
    if (row.type === kubernetesQuantity) {
      const bytes = parseKubernetesMemory(written);
      return [`${written} is ${bytes} bytes, as Kubernetes reads it: ${formatBytes(bytes)}.`];
    }
  } catch {
    // What cannot be read is a problem, which is told.
  }
  return [];
}
