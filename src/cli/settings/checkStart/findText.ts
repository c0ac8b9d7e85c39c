import type { Path } from '../../../config/problem.ts';
import type { ValueNode } from '../../../config/values/valueNode.ts';

/** The path to the first value or key with this text in `node`, which is at `path`. */
export function findText(node: ValueNode, text: string, path: Path): Path | undefined {
  if (node.kind === 'scalar') return node.source === text || node.value === text ? path : undefined;
  const inner: [name: string | number, value: ValueNode][] =
    node.kind === 'list'
      ? node.items.map((item, index) => [index, item])
      : [...node.entries].map(([name, { value }]) => [name, value]);
  for (const [name, value] of inner) {
    if (name === text) return [...path, name];
    const found = findText(value, text, [...path, name]);
    if (found) return found;
  }
  return undefined;
}
