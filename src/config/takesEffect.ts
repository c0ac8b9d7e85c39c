import type { RuntimeKind } from './settings.ts';

/** When a changed setting counts. */
export type Moment =
  /** As soon as the hub has read it. */
  | 'at once'
  /** For servers that are started from then on; running ones keep what they have. */
  | 'next server start'
  /** For clusters that are made from then on; running ones keep what they have. */
  | 'next cluster'
  /** When hub or edge start anew, which servers and clusters do not notice. */
  | 'restart of the hub'
  | 'restart of the edge'
  /** It has no effect on this runtime. */
  | 'never';

/**
 * Moments by the beginning of a key's path; the longest one counts. What only a starting hub reads is not told here, but found
 * by what the key changes (`needsRestart`).
 */
const moments: readonly [beginning: string, moment: Moment][] = [
  ['atoll', 'at once'],
  ['atoll.clusters', 'next cluster'],
  ['atoll.clusters.limits', 'at once'],
  ['dask-gateway', 'next cluster'],
  ['jupyterhub.singleuser', 'next server start'],
  ['jupyterhub.singleuser.profileList', 'at once'],
  ['jupyterhub.hub.config.Spawner', 'next server start'],
  ['jupyterhub.hub.config.KubeSpawner', 'next server start'],
  ['jupyterhub.proxy', 'restart of the edge'],
  ['jupyterhub.proxy.https.manual', 'at once'],
  ['jupyterhub', 'at once'],
];

/** The keys of the hub's own pod, whose change replaces it. */
const hubPod =
  /^jupyterhub\.hub\.(?:extraFiles|extraEnv|extraVolumes|extraVolumeMounts|extraContainers|initContainers|extraPodSpec|podSecurityContext|containerSecurityContext|fsGid|resources|nodeSelector|tolerations|labels|annotations|lifecycle|livenessProbe|readinessProbe|serviceAccount|db)(?:\.|$)/;

/** When a change of the key at `path` counts on a runtime on which it works, and a running hub can take it over. */
export function takesEffect(path: string, runtime: RuntimeKind): Moment {
  if (runtime === 'kubernetes' && hubPod.test(path)) return 'restart of the hub';
  let best: [beginning: string, moment: Moment] = ['', 'at once'];
  for (const entry of moments) {
    const [beginning] = entry;
    const fits = path === beginning || path.startsWith(`${beginning}.`);
    if (fits && beginning.length > best[0].length) best = entry;
  }
  return best[1];
}
