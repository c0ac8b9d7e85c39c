import type { Key } from './key.ts';
import { keyTable } from './keyTable.ts';

/** How the doc line of a key says that it is another spelling of one of the charts' own keys. */
const reference = /^See ((?:singleuser|hub)(?:\.\w+)+)/;

/** Keys by what they set, in the order in which they are applied. Made when somebody asks. */
let bySetting: Map<string, Key[]> | undefined;

/** The keys that are applied after this one, and set the same: `hub.config.KubeSpawner.mem_limit` and `singleuser.memory.limit`. */
export function laterKeys(row: Key): Key[] {
  bySetting ??= Map.groupBy(
    keyTable.filter((other) => other.kind === 'key'),
    settingOf,
  );
  const same = bySetting.get(settingOf(row)) ?? [];
  return same.slice(same.indexOf(row) + 1);
}

/** The path of the charts' own key for what a key sets. */
export function settingOf({ path, doc }: Pick<Key, 'path' | 'doc'>): string {
  const named = reference.exec(doc)?.[1];
  return named === undefined ? path : `jupyterhub.${named}`;
}
