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

const roots = [
  { chart: 'hub', path: ['jupyterhub', 'hub', 'extraConfig'] },
  { chart: 'gateway', path: ['dask-gateway', 'gateway', 'extraConfig'] },
] as const;

/** The Python of the layered values: of each chart in the order of the names, which is the order in which it runs. */
export function collectSnippets(values: MapNode | undefined): Snippet[] {
  if (!values) return [];
  return roots.flatMap(({ chart, path }) => {
    const root = entryAt(values, path)?.value;
    if (!root || (chart === 'gateway' && isSwitchedOff(values))) return [];
    return textsOf(root, path)
      .filter(({ node }) => typeof node.value === 'string' && node.value.trim() !== '')
      .map((text) => ({ chart, ...toSnippet(text) }));
  });
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
  return [...root.entries]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, { value }]) => (value.kind === 'scalar' ? [{ name, path: [...path, name], node: value }] : []));
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
