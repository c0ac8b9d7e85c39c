import { childOf, type KeyNode, keyTable, keyTree } from './keys/keyTable.ts';
import { quoted } from './maskSecrets.ts';
import { mostProblems, type Path, type Problem, pathText } from './problem.ts';
import { nearest } from './suggest.ts';
import { problemAt } from './values/problemAt.ts';
import type { MapNode } from './values/valueNode.ts';

/**
 * Keys of one file that the table does not have, each with the key that was probably meant. Looks into sections only: what
 * is inside a key's value is checked with the value.
 */
export function findUnknownKeys(root: MapNode): Problem[] {
  const problems: Problem[] = [];
  const visit = (map: MapNode, node: KeyNode, path: Path): void => {
    for (const [name, { keyPlace, value }] of map.entries) {
      if (problems.length >= mostProblems) return;
      const child = childOf(node, name);
      if (!child) {
        problems.push(
          problemAt(keyPlace, {
            code: 'ATOLL_SETTINGS_UNKNOWN_KEY',
            severity: 'error',
            message: `There is no key ${quoted(name)} ${path.length === 0 ? 'at the top' : `in ${pathText(path)}`}.`,
            path: [...path, name],
            suggestion: suggestion(name, node, path),
          }),
        );
      } else if (child.row?.kind === 'section' && value.kind === 'map') {
        visit(value, child, [...path, name]);
      }
    }
  };
  visit(root, keyTree, []);
  return problems;
}

/** Paths of all keys by their last name; made when the first name is not found. */
let pathsByName: Map<string, string[]> | undefined;

/** The key of the same map that is spelt most alike; else the place where a key of this name, or nearly, belongs. */
function suggestion(name: string, node: KeyNode, path: Path): string | undefined {
  const sibling = nearest(name, node.children.keys());
  if (sibling !== undefined) return pathText([...path, sibling]);
  pathsByName ??= Map.groupBy(
    keyTable.map((row) => row.path),
    (path) => path.slice(path.lastIndexOf('.') + 1),
  );
  const elsewhere = pathsByName.get(nearest(name, pathsByName.keys()) ?? '') ?? [];
  // With many places for a name, naming one would mislead.
  return elsewhere.length === 1 ? elsewhere[0] : undefined;
}
