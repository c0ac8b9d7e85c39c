import { type Effect, works } from './keys/effects.ts';
import type { Key } from './keys/key.ts';
import { effectOf } from './keys/keyTable.ts';
import type { Path } from './problem.ts';
import type { RuntimeKind } from './settings.ts';
import { entryAt } from './values/plainValue.ts';
import type { MapNode, ValueNode } from './values/valueNode.ts';

/** What becomes of a key's value on a runtime: that of the key, unless Python in the settings uses just this value. */
export function effectOfValue(row: Key, plain: unknown, root: MapNode, runtime: RuntimeKind): Effect {
  return row.usedByPython?.(plain, pythonIn(root)) ? works : effectOf(row, runtime);
}

/** All Python in the settings, and other texts beside it, in one text. */
function pythonIn(root: MapNode): string {
  const texts: string[] = [];
  const collect = (node: ValueNode | undefined): void => {
    if (node?.kind === 'map') for (const { value } of node.entries.values()) collect(value);
    if (node?.kind === 'scalar') texts.push(String(node.value));
  };
  for (const path of pythonPaths) collect(entryAt(root, path)?.value);
  return texts.join('\n');
}

const pythonPaths: readonly Path[] = [
  ['jupyterhub', 'hub', 'extraConfig'],
  ['jupyterhub', 'hub', 'extraFiles'],
  ['dask-gateway', 'gateway', 'extraConfig'],
];
