import type { KubeObject } from './release.ts';

/** Where objects of a kind are in the API. */
interface Resource {
  /** Such as `/apis/apps/v1`. */
  api: string;
  plural: string;
  namespaced: boolean;
}

const resource = (api: string, plural: string, namespaced = true): Resource => ({ api, plural, namespaced });

/** Every kind that a release may have. */
export const resources: Readonly<Record<string, Resource>> = {
  PriorityClass: resource('/apis/scheduling.k8s.io/v1', 'priorityclasses', false),
  ServiceAccount: resource('/api/v1', 'serviceaccounts'),
  Secret: resource('/api/v1', 'secrets'),
  PersistentVolumeClaim: resource('/api/v1', 'persistentvolumeclaims'),
  Role: resource('/apis/rbac.authorization.k8s.io/v1', 'roles'),
  RoleBinding: resource('/apis/rbac.authorization.k8s.io/v1', 'rolebindings'),
  NetworkPolicy: resource('/apis/networking.k8s.io/v1', 'networkpolicies'),
  Service: resource('/api/v1', 'services'),
  Deployment: resource('/apis/apps/v1', 'deployments'),
  StatefulSet: resource('/apis/apps/v1', 'statefulsets'),
  DaemonSet: resource('/apis/apps/v1', 'daemonsets'),
  PodDisruptionBudget: resource('/apis/policy/v1', 'poddisruptionbudgets'),
  Ingress: resource('/apis/networking.k8s.io/v1', 'ingresses'),
  HTTPRoute: resource('/apis/gateway.networking.k8s.io/v1', 'httproutes'),
};

/** The path of a kind's objects in a namespace. */
export function collectionPath(kind: string, namespace: string): string {
  const found = resources[kind];
  if (!found) throw new Error(`not a kind of a release: ${kind}`);
  return found.namespaced ? `${found.api}/namespaces/${namespace}/${found.plural}` : `${found.api}/${found.plural}`;
}

/** The path of an object. */
export function objectPath({ kind, metadata }: KubeObject): string {
  return `${collectionPath(kind, metadata.namespace ?? '')}/${metadata.name}`;
}

/** An object in a message: `Deployment hub`. */
export function nameOf({ kind, metadata }: Pick<KubeObject, 'kind' | 'metadata'>): string {
  return `${kind} ${metadata.name}`;
}
