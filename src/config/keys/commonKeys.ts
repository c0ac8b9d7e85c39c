import { z } from 'zod';
import { type Effect, inert, type Row, section } from './key.ts';
import { anything, closedMap, flag, freeMap, integer, list, mapList, text, textMap } from './types.ts';

/** Keys that many parts of the charts share, with the kind of value that each takes. */
const common = {
  affinity: [freeMap, "Kubernetes' rules for placing the pod."],
  annotations: [textMap, 'Annotations of the Kubernetes object.'],
  args: [list, "Arguments instead of the image's own."],
  command: [list, "Command instead of the image's own."],
  containerSecurityContext: [freeMap, "Kubernetes' security settings of the container."],
  extraContainers: [mapList, 'More containers in the pod.'],
  extraPodSpec: [freeMap, 'Anything else for the pod, as Kubernetes spells it.'],
  extraVolumeMounts: [mapList, 'Where extra volumes appear.'],
  extraVolumes: [mapList, 'Extra volumes of the pod.'],
  imagePullSecrets: [list, 'Kubernetes secrets with which images are pulled.'],
  initContainers: [mapList, 'Containers that run before the others.'],
  labels: [textMap, 'Labels of the Kubernetes object.'],
  livenessProbe: [freeMap, 'How Kubernetes finds out that a pod must be restarted.'],
  nodeSelector: [freeMap, 'Labels that a node must have.'],
  readinessProbe: [freeMap, 'How Kubernetes finds out that a pod may get traffic.'],
  replicas: [integer, 'How many pods.'],
  resources: [freeMap, 'Requests and limits of the container.'],
  revisionHistoryLimit: [integer, 'Old revisions that Kubernetes keeps.'],
  tolerations: [list, 'Taints of nodes that the pod tolerates.'],
} as const satisfies Record<string, readonly [z.ZodType, string]>;

/** Rows for some of the shared keys below `path` (`''`: relative to where the rows are put). */
export function commonKeys(path: string, names: readonly (keyof typeof common)[], effect?: Effect): Row[] {
  return names.map((name) => inert(join(path, name), common[name][0], common[name][1], effect));
}

/** `pullPolicy` of images. */
export const pullPolicy = z.enum(['', 'IfNotPresent', 'Always', 'Never']);

/** A container image: name, tag, pull policy and pull secrets. */
export function image(path: string, doc: string, effect?: Effect): Row[] {
  return [
    section(path, doc, effect),
    inert(`${path}.name`, text, 'Name of the image, without its tag.'),
    inert(`${path}.tag`, text, 'Tag of the image.'),
    inert(`${path}.pullPolicy`, pullPolicy, 'When Kubernetes pulls the image.'),
    inert(`${path}.pullSecrets`, list, 'Kubernetes secrets with which the image is pulled.'),
  ];
}

/** A pod disruption budget. */
export function disruptionBudget(path: string, effect?: Effect): Row[] {
  return [
    section(path, 'How many pods Kubernetes may take away at a time.', effect),
    inert(`${path}.enabled`, flag, 'Whether there is such a limit.'),
    inert(`${path}.maxUnavailable`, integer, 'How many may be missing.'),
    inert(`${path}.minAvailable`, integer, 'How many must be there.'),
  ];
}

/** A service account. */
export function serviceAccount(path: string, effect?: Effect): Row[] {
  return [
    section(path, "The pod's identity in Kubernetes.", effect),
    inert(`${path}.create`, flag, 'Whether the account is made.'),
    inert(`${path}.name`, text, 'Name of the account.'),
    inert(`${path}.annotations`, textMap, 'Annotations of the account, such as a cloud role.'),
  ];
}

/** A network policy. */
export function networkPolicy(path: string, effect?: Effect): Row[] {
  return [
    section(path, 'Who may talk to the pod, and with whom it may talk.', effect),
    inert(`${path}.enabled`, flag, 'Whether traffic is restricted.'),
    inert(`${path}.ingress`, list, 'More traffic that may come in.'),
    inert(`${path}.egress`, list, 'More traffic that may go out.'),
    section(`${path}.egressAllowRules`, 'Ready-made rules for traffic that may go out.'),
    inert(`${path}.egressAllowRules.cloudMetadataServer`, flag, "The cloud's metadata server."),
    inert(`${path}.egressAllowRules.dnsPortsCloudMetadataServer`, flag, "DNS of the cloud's metadata server."),
    inert(`${path}.egressAllowRules.dnsPortsKubeSystemNamespace`, flag, "DNS of the cluster's system namespace."),
    inert(`${path}.egressAllowRules.dnsPortsPrivateIPs`, flag, 'DNS at private addresses.'),
    inert(`${path}.egressAllowRules.nonPrivateIPs`, flag, 'Public addresses.'),
    inert(`${path}.egressAllowRules.privateIPs`, flag, 'Private addresses.'),
    inert(
      `${path}.interNamespaceAccessLabels`,
      z.enum(['accept', 'ignore']),
      'Whether labels count across namespaces.',
    ),
    inert(`${path}.allowedIngressPorts`, list, 'Ports that anybody may reach.'),
  ];
}

/** Environment variables of a part of the system that does not exist here. */
export function extraEnvironment(path: string, effect?: Effect): Row {
  return inert(path, z.union([freeMap, mapList]), 'Environment variables of the container.', effect);
}

/** Files that the chart puts into a container, by name. z2jh insists on mountPath; a single layer may leave it to another. */
export const extraFiles = z.record(
  text,
  closedMap({
    mountPath: text.optional(),
    data: anything.optional(),
    stringData: text.optional(),
    binaryData: text.optional(),
    mode: z.union([integer, text]).optional(),
  }),
);

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
