import { loadSettings } from '../config/loadSettings.ts';
import { pathText } from '../config/problem.ts';
import type { Settings } from '../config/settings.ts';
import { type MapEntry, type MapNode, placeText } from '../config/values/valueNode.ts';
import type { ApiClient } from '../kubernetes/apiClient.ts';
import { applyObject, RefusedError } from './applyRelease.ts';
import type { KubeObject, Release } from './release.ts';
import { renderRelease } from './renderRelease.ts';
import { nameOf } from './resources.ts';

/**
 * Which lines of the settings make the API server refuse an object: those without which it would take it (it is asked, in dry
 * runs). Nobody else knows: not every refusal names a field, and not every field has the name of its key.
 * @returns `config.yaml:12:5: jupyterhub.hub.resources`, or nothing when no single line is to blame.
 */
export async function settingsBehind(client: ApiClient, release: Release, object: KubeObject): Promise<string[]> {
  const { values, amend } = await loadSettings(release.inputs, { runtime: 'kubernetes' });
  if (!values || !amend) return [];
  const isTaken = async (settings: Settings): Promise<boolean> => {
    const other = renderRelease({ ...release, settings }).find((one) => nameOf(one) === nameOf(object));
    if (!other) return true;
    try {
      await applyObject(client, other, { forceConflicts: true, dryRun: true });
      return true;
    } catch (error) {
      if (error instanceof RefusedError) return false;
      throw error;
    }
  };
  const visit = async (map: MapNode, path: string[]): Promise<string[]> => {
    for (const [name, entry] of map.entries) {
      const here = [...path, name];
      if (!(await isTaken(amend((root) => withoutEntry(root, here)).settings))) continue;
      const below = entry.value.kind === 'map' ? await visit(entry.value, here) : [];
      return below.length > 0 ? below : [`${placeText(entry.keyPlace)}: ${pathText(here)}`];
    }
    return [];
  };
  return visit(values, []);
}

function withoutEntry(root: MapNode, [name = '', ...rest]: readonly string[]): MapNode {
  const entries = new Map<string, MapEntry>(root.entries);
  const entry = entries.get(name);
  if (rest.length === 0) entries.delete(name);
  else if (entry?.value.kind === 'map') entries.set(name, { ...entry, value: withoutEntry(entry.value, rest) });
  return { ...root, entries };
}
