import { configurationFile } from '../config/configurationFile.ts';
import type { Path } from '../config/problem.ts';
import { entryAt } from '../config/values/plainValue.ts';
import type { MapNode, Place, ScalarNode, ValueNode } from '../config/values/valueNode.ts';
import type { SnippetMessage } from './messages.ts';

/** One text of Python in the settings. */
export interface Snippet extends SnippetMessage {
  /** The way to it, such as `jupyterhub.hub.extraConfig.01-theme`. */
  path: Path;
  /** Where its value stands. */
  place: Place;
}

/** The Python of the layered values, in the order in which it runs: of each chart by names. */
export function collectSnippets(values: MapNode | undefined): Snippet[] {
  if (!values) return [];
  const from = (chart: Snippet['chart'], texts: (root: ValueNode, path: Path) => Text[], path: Path): Snippet[] => {
    const root = entryAt(values, path)?.value;
    return (root ? texts(root, path) : [])
      .filter(({ node }) => typeof node.value === 'string' && node.value.trim() !== '')
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((text) => ({ chart, ...toSnippet(text) }));
  };
  return [
    ...from('hub', filesOf, ['jupyterhub', 'hub', 'extraFiles']),
    ...from('hub', textsOf, ['jupyterhub', 'hub', 'extraConfig']),
    ...(isSwitchedOff(values) ? [] : from('gateway', textsOf, ['dask-gateway', 'gateway', 'extraConfig'])),
  ];
}

/** Without the gateway, its Python is of no use. */
function isSwitchedOff(values: MapNode): boolean {
  const enabled = entryAt(values, ['dask-gateway', 'enabled'])?.value;
  return enabled?.kind === 'scalar' && enabled.value === false;
}

interface Text {
  name: string;
  path: Path;
  node: ScalarNode;
}

function textsOf(root: ValueNode, path: Path): Text[] {
  if (root.kind === 'scalar') return [{ name: 'extraConfig', path, node: root }];
  if (root.kind === 'list') return [];
  return [...root.entries].flatMap(([name, { value }]) =>
    value.kind === 'scalar' ? [{ name, path: [...path, name], node: value }] : [],
  );
}

/** Texts of files for {@link configurationFile}, by their file names. */
function filesOf(root: ValueNode, path: Path): Text[] {
  if (root.kind !== 'map') return [];
  return [...root.entries].flatMap(([key, { value }]) => {
    const mountPath = entryAt(value, ['mountPath'])?.value;
    const text = entryAt(value, ['stringData'])?.value;
    const name = mountPath?.kind === 'scalar' ? configurationFile.exec(String(mountPath.value))?.[1] : undefined;
    if (name === undefined || text?.kind !== 'scalar') return [];
    return [{ name, path: [...path, key, 'stringData'], node: text }];
  });
}

function toSnippet({ name, path, node }: Text): Omit<Snippet, 'chart'> {
  const { file, offset } = node.place;
  const { line, column } = file.positionAt(offset);
  const header = (file.lines()[line - 1] ?? '').slice(column - 1);
  // A block text begins below its mark, and keeps its lines; a text in quotes may be folded anyhow.
  const exact = /^(?:[&!]\S+\s+)*\|/.test(header);
  return {
    name,
    path,
    place: node.place,
    file: file.name,
    line: exact ? line + 1 : line,
    exact,
    source: String(node.value),
  };
}
