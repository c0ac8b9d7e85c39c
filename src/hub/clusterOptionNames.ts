import type { Clusters } from '../clusters/clusters.ts';
import type { Identity } from '../identity/identity.ts';

/** Names of the options that a user has for Dask clusters; none when they cannot be worked out, which a cluster will tell. */
export async function clusterOptionNames(
  identity: Identity,
  clusters: Clusters,
  name: string,
): Promise<ReadonlySet<string>> {
  const principal = await identity.principalOf(name);
  if (!principal) return new Set();
  const user = { name, groups: principal.groups, admin: principal.admin };
  try {
    return new Set((await clusters.options(user)).fields.map(({ field }) => field));
  } catch {
    return new Set();
  }
}
