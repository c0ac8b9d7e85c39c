import { edgeObjects } from './objects/edgeObjects.ts';
import { hubObjects } from './objects/hubObjects.ts';
import { imagePullSecret } from './objects/imagePullSecret.ts';
import { networkPolicies } from './objects/networkPolicies.ts';
import { pullerObjects } from './objects/pullerObjects.ts';
import { routeObjects } from './objects/routeObjects.ts';
import { schedulingObjects } from './objects/schedulingObjects.ts';
import type { KubeObject, Release } from './release.ts';

/** Everything that a release puts on the cluster, in the order in which it is to be made. */
export function renderRelease(release: Release): KubeObject[] {
  const objects = [
    ...schedulingObjects(release),
    ...imagePullSecret(release),
    ...hubObjects(release),
    ...edgeObjects(release),
    ...networkPolicies(release),
    ...pullerObjects(release),
    ...routeObjects(release),
  ];
  return objects.toSorted((a, b) => rank(a) - rank(b));
}

/** What others need comes first; pods come last. */
const order = [
  'PriorityClass',
  'ServiceAccount',
  'Secret',
  'PersistentVolumeClaim',
  'Role',
  'RoleBinding',
  'NetworkPolicy',
  'Service',
];

function rank({ kind }: KubeObject): number {
  const index = order.indexOf(kind);
  return index === -1 ? order.length : index;
}
