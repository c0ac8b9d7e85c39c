import type { MapEntry, MapNode, ValueNode } from './valueNode.ts';

/**
 * Lays one file over another as Helm does: maps merge key by key; everything else, lists and null too, replaces. A null
 * that is left at the end means that the key is not set ({@link plainValue} drops it).
 */
export function layerValues(below: MapNode, above: MapNode): MapNode {
  const entries = new Map<string, MapEntry>(below.entries);
  for (const [key, entry] of above.entries) {
    const before = entries.get(key);
    entries.set(key, before ? { ...entry, value: layerValue(before.value, entry.value) } : entry);
  }
  return { kind: 'map', place: above.place, entries };
}

function layerValue(below: ValueNode, above: ValueNode): ValueNode {
  return below.kind === 'map' && above.kind === 'map' ? layerValues(below, above) : above;
}
