import { layerValues } from './layerValues.ts';
import type { MapEntry, MapNode } from './valueNode.ts';

/** Charts that hold the daskhub layout one level deeper. */
export const wrappers: readonly string[] = ['basehub', 'daskhub'];

/** Top-level keys of the zero-to-jupyterhub and of the dask-gateway chart that no other chart has. */
export const chartOnly = {
  jupyterhub: [
    'hub',
    'proxy',
    'singleuser',
    'auth',
    'scheduling',
    'prePuller',
    'ingress',
    'httpRoute',
    'cull',
    'debug',
    'custom',
    'imagePullSecret',
    'imagePullSecrets',
  ],
  'dask-gateway': ['gateway', 'controller', 'traefik'],
} as const satisfies Record<string, readonly string[]>;

/** Top-level keys that both have. */
export const shared: readonly string[] = ['enabled', 'fullnameOverride', 'nameOverride', 'rbac', 'global'];

/**
 * Brings one file into the daskhub layout (`jupyterhub:`, `dask-gateway:`, `atoll:`): takes wrapper charts off, and puts the
 * keys of a file that was written for the zero-to-jupyterhub or the dask-gateway chart alone where they belong. A file
 * that has `jupyterhub:` or `dask-gateway:` is left alone otherwise: there, `hub:` at the top is a slip of indentation.
 */
export function unwrapValues(root: MapNode): MapNode {
  for (const wrapper of wrappers) {
    const inner = root.entries.get(wrapper)?.value;
    if (inner?.kind === 'map') return unwrapValues(layerValues(without(root, [wrapper]), inner));
  }
  const has = (keys: readonly string[]): boolean => keys.some((key) => root.entries.has(key));
  if (has(['jupyterhub', 'dask-gateway'])) return root;
  const isJupyterhub = has(chartOnly.jupyterhub);
  const isGateway = has(chartOnly['dask-gateway']);
  let result = root;
  const alone = isJupyterhub !== isGateway;
  const keysOf = (chart: keyof typeof chartOnly): readonly string[] => [...chartOnly[chart], ...(alone ? shared : [])];
  if (isJupyterhub) result = nest(result, 'jupyterhub', keysOf('jupyterhub'));
  if (isGateway) result = nest(result, 'dask-gateway', keysOf('dask-gateway'));
  return result;
}

function nest(root: MapNode, chart: string, keys: readonly string[]): MapNode {
  const moved = [...root.entries].filter(([key]) => keys.includes(key));
  const place = moved[0]?.[1].keyPlace ?? root.place;
  const inner: MapEntry = { keyPlace: place, value: { kind: 'map', place, entries: new Map(moved) } };
  const rest = without(root, keys);
  return { ...rest, entries: new Map([...rest.entries, [chart, inner]]) };
}

function without(root: MapNode, keys: readonly string[]): MapNode {
  return { ...root, entries: new Map([...root.entries].filter(([key]) => !keys.includes(key))) };
}
