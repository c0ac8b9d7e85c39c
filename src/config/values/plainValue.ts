import type { Path } from '../problem.ts';
import type { MapEntry, ValueNode } from './valueNode.ts';

/**
 * The value without its places. Keys whose value is null are left out of maps, as Helm does ("null deletes a default");
 * a null in a list stays. With `keepsNulls` those in maps below a list stay too.
 */
export function plainValue(node: ValueNode, keepsNulls = false, belowList = false): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map((item) => plainValue(item, keepsNulls, true));
  // No prototype: a key named __proto__ is a key like any other.
  const plain: Record<string, unknown> = Object.create(null);
  for (const [key, { value }] of node.entries)
    if (!isNull(value) || (keepsNulls && belowList)) plain[key] = plainValue(value, keepsNulls, belowList);
  return plain;
}

/** Whether the value is null. */
export function isNull(node: ValueNode): boolean {
  return node.kind === 'scalar' && node.value === null;
}

/** The entry (with the place of its key) or list item at a path; undefined when there is none. */
export function entryAt(root: ValueNode, path: Path): MapEntry | undefined {
  let entry: MapEntry = { keyPlace: root.place, value: root };
  for (const part of path) {
    const { value } = entry;
    const item = value.kind === 'list' && typeof part === 'number' ? value.items[part] : undefined;
    const next = value.kind === 'map' ? value.entries.get(String(part)) : item && { keyPlace: item.place, value: item };
    if (!next) return undefined;
    entry = next;
  }
  return entry;
}
