import { entryAt } from '../config/values/plainValue.ts';
import type { MapNode } from '../config/values/valueNode.ts';

/** Whether layered values hold Python at all; nothing of the bridge is loaded to find out. */
export function hasPython(values: MapNode | undefined): boolean {
  return (
    values !== undefined &&
    [
      ['jupyterhub', 'hub', 'extraConfig'],
      ['dask-gateway', 'gateway', 'extraConfig'],
    ].some((path) => entryAt(values, path) !== undefined)
  );
}
