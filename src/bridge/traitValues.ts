import type { Path } from '../config/problem.ts';
import type { MapEntry, MapNode, Place, ValueNode } from '../config/values/valueNode.ts';
import { gatewayPath, gatewayRank } from './gatewayTraits.ts';
import type { LoadedPython } from './messages.ts';

type Trait = LoadedPython['traits'][number];

/** A value that Python set, where it would stand in a settings file. */
export interface TraitValue {
  path: Path;
  value: unknown;
  trait: Trait;
}

/** Traits of JupyterHub's classes that have a key of their own in zero-to-jupyterhub; others stand under `hub.config`. */
const ownKeys: Record<string, Path> = {
  'JupyterHub.services': ['jupyterhub', 'hub', 'services'],
  'JupyterHub.load_roles': ['jupyterhub', 'hub', 'loadRoles'],
  'JupyterHub.load_groups': ['jupyterhub', 'hub', 'loadGroups'],
  'JupyterHub.template_paths': ['jupyterhub', 'hub', 'templatePaths'],
  'JupyterHub.template_vars': ['jupyterhub', 'hub', 'templateVars'],
  'KubeSpawner.profile_list': ['jupyterhub', 'singleuser', 'profileList'],
};

/** Where what Python set would stand in a settings file; traits that no value says the same as are in `unknown`. */
export function traitValues(traits: readonly Trait[]): { found: TraitValue[]; unknown: Trait[] } {
  const found: TraitValue[] = [];
  const unknown: Trait[] = [];
  // Special classes last, so that they win.
  const ordered = traits.toSorted((a, b) => gatewayRank(a.section) - gatewayRank(b.section));
  for (const trait of ordered) {
    const path = trait.chart === 'gateway' ? gatewayPath(trait.section, trait.trait) : hubPath(trait);
    if (path) found.push({ path, value: valueOf(trait), trait });
    else unknown.push(trait);
  }
  return { found, unknown };
}

function hubPath({ section, trait }: Trait): Path {
  return ownKeys[`${section}.${trait}`] ?? ['jupyterhub', 'hub', 'config', section, trait];
}

/** The value as the charts spell it. */
function valueOf({ chart, section, trait, value }: Trait): unknown {
  if (chart === 'gateway' && trait === 'image' && typeof value === 'string') return toImage(value);
  if (section !== 'JupyterHub' || trait !== 'services' || !Array.isArray(value)) return value;
  // The gateway is part of Atoll: an address for it, which the charts' own Python sets, would lead nowhere.
  return value.map((service: Record<string, unknown>) => {
    if (service.name !== 'dask-gateway') return service;
    const { url: _, ...rest } = service;
    return rest;
  });
}

/** An image's name and tag; the colon of a port belongs to the name. */
function toImage(image: string): { name: string; tag?: string } {
  const [, name = image, tag] = /^(.+):([^:/@]+)$/.exec(image) ?? [];
  return tag === undefined ? { name } : { name, tag };
}

/** The values with another one at a path: what stood there before, maps too, is gone. */
export function withValue(values: MapNode, [name, ...rest]: Path, value: unknown, place: Place): MapNode {
  const key = String(name);
  const below = values.entries.get(key);
  const inner: MapNode =
    below?.value.kind === 'map' ? below.value : { kind: 'map', place, entries: new Map<string, MapEntry>() };
  const entry: MapEntry =
    rest.length === 0
      ? { keyPlace: place, value: nodeOf(value, place) }
      : { keyPlace: below?.keyPlace ?? place, value: withValue(inner, rest, value, place) };
  return { ...values, entries: new Map([...values.entries, [key, entry]]) };
}

function nodeOf(value: unknown, place: Place): ValueNode {
  if (Array.isArray(value)) return { kind: 'list', place, items: value.map((item) => nodeOf(item, place)) };
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]): [string, MapEntry] => [
      key,
      { keyPlace: place, value: nodeOf(item, place) },
    ]);
    return { kind: 'map', place, entries: new Map(entries) };
  }
  const scalar = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
  return { kind: 'scalar', place, value: scalar, source: String(scalar) };
}
