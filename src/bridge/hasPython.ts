import type { MapNode } from '../config/values/valueNode.ts';
import { collectSnippets } from './collectSnippets.ts';

/** Whether layered values hold Python; nothing else of the bridge is loaded to find out. */
export function hasPython(values: MapNode | undefined): boolean {
  return collectSnippets(values).length > 0;
}
