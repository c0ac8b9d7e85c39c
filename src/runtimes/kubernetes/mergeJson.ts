import { isRecord } from '../../core/isRecord.ts';

/**
 * Lays one JSON value over another as dask-gateway does with `extraPodConfig` and `extraContainerConfig`: maps are merged,
 * lists are joined, and everything else is replaced.
 */
export function mergeJson<T>(below: T, above: unknown): T {
  return merged(below, above) as T;
}

function merged(below: unknown, above: unknown): unknown {
  if (Array.isArray(below) && Array.isArray(above)) return [...below, ...above];
  if (!isRecord(below) || !isRecord(above)) return above;
  const result: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) result[key] = key in below ? merged(below[key], value) : value;
  return result;
}
