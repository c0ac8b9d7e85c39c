/** What one rule of a role allows. */
export interface Rights {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

/**
 * All that the hub's account may do, in its own namespace only: what the Kubernetes runtime asks of the API server, and
 * nothing else. Secrets it must list, to remove those of workloads that are gone, and volume claims, to
 * remove those of people who are.
 */
export const hubRights: Rights[] = [
  { apiGroups: [''], resources: ['pods'], verbs: ['create', 'delete', 'get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: [''], resources: ['events'], verbs: ['list', 'watch'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['create', 'delete', 'list', 'update'] },
  { apiGroups: [''], resources: ['persistentvolumeclaims'], verbs: ['create', 'delete', 'get', 'list'] },
];
