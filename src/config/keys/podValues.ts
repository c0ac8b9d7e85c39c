import type { ImagePullPolicy, KubernetesObject } from '../podSettings.ts';
import type { Settings } from '../settings.ts';
import { byKey } from './commonKeys.ts';
import type { ApplyContext } from './key.ts';

/** Adds the tag to the image of servers, whose name must be known by then. */
export function addTag({ servers: { pod } }: Settings, tag: string, context: ApplyContext): void {
  if (pod.image !== undefined) pod.image = `${pod.image}:${tag}`;
  else if (context.runtime === 'kubernetes')
    context.warn('ATOLL_SETTINGS_NO_EFFECT', 'This has no effect without singleuser.image.name.');
}

/** Sets when images of servers are pulled; empty: Kubernetes' own rule. */
export function setPullPolicy({ servers: { pod } }: Settings, value: '' | ImagePullPolicy): void {
  if (value === '') delete pod.imagePullPolicy;
  else pod.imagePullPolicy = value;
}

/** Adds secrets with which images of servers are pulled. */
export function addPullSecrets({ servers: { pod } }: Settings, names: string[]): void {
  pod.imagePullSecrets = [...new Set([...pod.imagePullSecrets, ...names])];
}

type MapOrList = Record<string, unknown> | readonly KubernetesObject[];

/** Sets the volumes beside the home volume. */
export function setVolumes({ servers: { pod } }: Settings, value: MapOrList): void {
  pod.storage.volumes = byKey(value, ({ name }) => String(name));
}

/** Sets the mounts beside that of the home volume. */
export function setVolumeMounts({ servers: { pod } }: Settings, value: MapOrList): void {
  pod.storage.volumeMounts = byKey(value, ({ name }, index) => `${index}-${String(name)}`);
}

/** The members of a list that KubeSpawner also takes as a map, which it uses in the order of the keys. */
export function inKeyOrder(value: MapOrList): KubernetesObject[] {
  if (Array.isArray(value)) return value;
  const entries = Object.entries(value as Record<string, KubernetesObject>);
  return entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}
