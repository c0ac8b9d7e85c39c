import { z } from 'zod';
import type { AffinitySettings, KubernetesObject, ServerPodSettings } from '../podSettings.ts';
import type { Settings } from '../settings.ts';
import { pullPolicy } from './commonKeys.ts';
import { everywhere, none, unsupported } from './effects.ts';
import { inert, podKey, type Row } from './key.ts';
import { addPullSecrets, inKeyOrder, setPullPolicy, setVolumeMounts, setVolumes } from './podValues.ts';
import {
  anything,
  flag,
  freeMap,
  integer,
  kubernetesQuantity,
  mapOrList,
  pullSecrets,
  resourceAmounts,
  text,
  textList,
  textMap,
} from './types.ts';

/** A trait whose value goes, as it is, into the part of the pod's settings that `place` finds. */
function trait<T extends z.ZodType>(
  name: string,
  type: T,
  doc: string,
  set: (pod: ServerPodSettings, value: z.output<T>) => void,
): Row {
  return podKey(name, type, doc, ({ servers }: Settings, value) => set(servers.pod, value));
}

/** A trait that takes a list of objects, or a map of them, which KubeSpawner uses in the order of its keys. */
function listTrait(name: string, doc: string, set: (pod: ServerPodSettings, value: KubernetesObject[]) => void): Row {
  return trait(name, mapOrList, doc, (pod, value) => set(pod, inKeyOrder(value)));
}

const affinityTraits: Row[] = (
  [
    ['node_affinity', 'nodeAffinity', 'extraNodeAffinity'],
    ['pod_affinity', 'podAffinity', 'extraPodAffinity'],
    ['pod_anti_affinity', 'podAntiAffinity', 'extraPodAntiAffinity'],
  ] as const
).flatMap(([name, setting, key]) =>
  (['required', 'preferred'] satisfies (keyof AffinitySettings)[]).map((strength) =>
    listTrait(`${name}_${strength}`, `See singleuser.${key}.${strength}.`, (pod, value) => {
      pod[setting][strength] = value;
    }),
  ),
);

const ownClient = everywhere(none('Atoll talks to Kubernetes in its own way'));
const ownAddresses = everywhere(none("Atoll reaches a pod by the pod's own address"));

/** Traits that only KubeSpawner has, by what its documentation says of them. */
export const podTraits: Row[] = [
  trait('image', text, 'See singleuser.image: name and tag.', (pod, value) => {
    pod.image = value;
  }),
  podKey('image_pull_policy', pullPolicy, 'See singleuser.image.pullPolicy.', setPullPolicy),
  podKey('image_pull_secrets', pullSecrets, 'See singleuser.image.pullSecrets.', addPullSecrets),
  trait('namespace', text, 'Kubernetes namespace of the pods.', (pod, value) => {
    pod.namespace = value;
  }),
  trait('pod_name_template', text, 'See singleuser.podNameTemplate.', (pod, value) => {
    pod.podNameTemplate = value;
  }),
  trait('slug_scheme', z.enum(['safe', 'escape']), 'How names of people become names of objects.', (pod, value) => {
    pod.slugScheme = value;
  }),
  trait('extra_labels', textMap, 'See singleuser.extraLabels.', (pod, value) => {
    pod.labels = value;
  }),
  trait('extra_annotations', textMap, 'See singleuser.extraAnnotations.', (pod, value) => {
    pod.annotations = value;
  }),
  trait('node_selector', textMap, 'See singleuser.nodeSelector.', (pod, value) => {
    pod.nodeSelector = value;
  }),
  ...affinityTraits,
  listTrait('tolerations', 'See singleuser.extraTolerations.', (pod, value) => {
    pod.tolerations = value;
  }),
  trait('scheduler_name', text, 'Which scheduler of Kubernetes places the pods.', (pod, value) => {
    pod.schedulerName = value;
  }),
  trait('priority_class_name', text, 'Priority class of the pods.', (pod, value) => {
    pod.priorityClassName = value;
  }),
  trait('extra_resource_limits', resourceAmounts, 'See singleuser.extraResource.limits.', (pod, value) => {
    pod.resourceLimits = value;
  }),
  trait('extra_resource_guarantees', resourceAmounts, 'See singleuser.extraResource.guarantees.', (pod, value) => {
    pod.resourceRequests = value;
  }),

  trait('storage_pvc_ensure', flag, 'Whether a volume claim is made for each person.', (pod, value) => {
    pod.storage.type = value ? 'dynamic' : 'none';
  }),
  podKey(
    'delete_pvc',
    flag,
    'Whether the volume claim goes with the person, or with their named server.',
    ({ servers }, value) => {
      servers.pod.storage.deleteClaims = value;
    },
    { default: true },
  ),
  trait('pvc_name_template', text, 'See singleuser.storage.dynamic.pvcNameTemplate.', (pod, value) => {
    pod.storage.pvcNameTemplate = value;
  }),
  trait('storage_capacity', kubernetesQuantity, 'See singleuser.storage.capacity.', (pod, value) => {
    pod.storage.capacity = String(value);
  }),
  trait('storage_class', text, 'See singleuser.storage.dynamic.storageClass.', (pod, value) => {
    pod.storage.storageClass = value;
  }),
  trait('storage_access_modes', textList, 'See singleuser.storage.dynamic.storageAccessModes.', (pod, value) => {
    pod.storage.accessModes = value;
  }),
  trait('storage_extra_labels', textMap, 'See singleuser.storage.extraLabels.', (pod, value) => {
    pod.storage.extraLabels = value;
  }),
  trait('storage_extra_annotations', textMap, 'Annotations of volume claims.', (pod, value) => {
    pod.storage.extraAnnotations = value;
  }),
  trait('storage_selector', freeMap, 'Labels of the volumes that claims take.', (pod, value) => {
    pod.storage.selector = value;
  }),
  podKey('volumes', mapOrList, 'All volumes, the home volume too.', (settings, value) => {
    setVolumes(settings, value);
    settings.servers.pod.storage.replacesHome.volumes = true;
  }),
  podKey('volume_mounts', mapOrList, 'All mounts, that of the home volume too.', (settings, value) => {
    setVolumeMounts(settings, value);
    settings.servers.pod.storage.replacesHome.volumeMounts = true;
  }),

  listTrait('init_containers', 'See singleuser.initContainers.', (pod, value) => {
    pod.initContainers = value;
  }),
  listTrait('extra_containers', 'See singleuser.extraContainers.', (pod, value) => {
    pod.extraContainers = value;
  }),
  trait('extra_pod_config', freeMap, 'See singleuser.extraPodConfig.', (pod, value) => {
    pod.extraPodConfig = value;
  }),
  trait('extra_container_config', freeMap, "Anything else for the server's container.", (pod, value) => {
    pod.extraContainerConfig = value;
  }),
  trait('lifecycle_hooks', freeMap, 'See singleuser.lifecycleHooks.', (pod, value) => {
    pod.lifecycleHooks = value;
  }),
  trait('service_account', text, 'See singleuser.serviceAccountName.', (pod, value) => {
    pod.serviceAccountName = value;
  }),
  trait('automount_service_account_token', flag, "Whether pods get the account's token.", (pod, value) => {
    pod.automountServiceAccountToken = value;
  }),
  trait('uid', integer, 'See singleuser.uid.', (pod, value) => {
    pod.uid = value;
  }),
  trait('gid', integer, 'Group id of a server.', (pod, value) => {
    pod.gid = value;
  }),
  trait('fs_gid', integer, 'See singleuser.fsGid.', (pod, value) => {
    pod.fsGid = value;
  }),
  trait('supplemental_gids', z.array(integer), 'More group ids of a server.', (pod, value) => {
    pod.supplementalGids = value;
  }),
  trait('privileged', flag, 'Whether the container may do anything on its node.', (pod, value) => {
    pod.privileged = value;
  }),
  trait('allow_privilege_escalation', flag, 'See singleuser.allowPrivilegeEscalation.', (pod, value) => {
    pod.allowPrivilegeEscalation = value;
  }),
  trait('pod_security_context', freeMap, "Kubernetes' security settings of the pod.", (pod, value) => {
    pod.podSecurityContext = value;
  }),
  trait('container_security_context', freeMap, "Kubernetes' security settings of the container.", (pod, value) => {
    pod.containerSecurityContext = value;
  }),
  trait('working_dir', text, 'Folder in which a server starts.', (pod, value) => {
    pod.workingDirectory = value;
  }),
  inert('delete_stopped_pods', flag, 'Whether pods of ended servers are deleted.', none('they always are')),
  inert('delete_grace_period', integer, 'Seconds that a pod has to end.', unsupported("Atoll's own choice holds.")),

  inert('events_enabled', flag, 'See singleuser.events.', none('progress is always shown')),
  ...['k8s_api_request_timeout', 'k8s_api_request_retry_timeout'].map((name) =>
    inert(name, integer, 'Seconds for a call of the Kubernetes API.', ownClient),
  ),
  ...['k8s_api_host', 'k8s_api_ssl_ca_cert'].map((name) =>
    inert(name, text, 'How the Kubernetes API is reached.', ownClient),
  ),
  inert('dns_name_template', text, 'Name of a pod in DNS.', ownAddresses),
  inert('services_enabled', flag, 'Whether each pod gets a Kubernetes service.', ownAddresses),
  inert(
    'enable_user_namespaces',
    flag,
    'Whether each person gets a namespace.',
    unsupported('All pods are in the namespace of the hub, kept apart by network policies.'),
  ),
  inert('common_labels', textMap, "Labels of all of a hub's objects.", none('Atoll needs its own labels there')),
  ...['slow_spawn_message', 'slow_spawn_message_threshold', 'slow_spawn_message_frequency'].map((name) =>
    inert(name, anything, 'What is said while a start takes long.', none('Atoll says what a start waits for')),
  ),
];
