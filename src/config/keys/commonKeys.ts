import { z } from 'zod';
import type {
  KubernetesServiceSettings,
  NetworkPolicySettings,
  PartSettings,
  ServiceAccountSettings,
} from '../deploymentSettings.ts';
import type { ExtraFile, ImageSettings, KubernetesObject } from '../podSettings.ts';
import type { Settings } from '../settings.ts';
import { type Effect, type Effects, everywhere, kubernetesOnly, none, unsupported } from './effects.ts';
import { inert, podKey, type Row, section } from './key.ts';
import {
  anything,
  closedMap,
  flag,
  freeMap,
  integer,
  list,
  mapList,
  pullSecrets,
  text,
  textList,
  textMap,
} from './types.ts';

/** Where values go: into a part of the settings, for Kubernetes; or nowhere, because of an effect, or of the section's. */
export type Target<T> = ((settings: Settings) => T) | Effect | Effects;

/** A key whose value goes, as it is, into the field of its name. */
export function field<T>(
  path: string,
  name: keyof T & string,
  type: z.ZodType,
  doc: string,
  target: Target<T> = {},
): Row {
  if (typeof target !== 'function') return inert(join(path, name), type, doc, target);
  return podKey(join(path, name), type, doc, (settings, value) => {
    target(settings)[name] = value as T[typeof name];
  });
}

/** The section of a block of keys for a target. */
function head(path: string, doc: string, target: Target<unknown>): Row {
  return section(path, doc, typeof target === 'function' ? kubernetesOnly : target);
}

/** What stands in a section below: its target, or nothing, when the section says what becomes of it. */
function below<T>(target: Target<T>): Target<T> {
  return typeof target === 'function' ? target : {};
}

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
  nodeSelector: [textMap, 'Labels that a node must have.'],
  podSecurityContext: [freeMap, "Kubernetes' security settings of the pod."],
  readinessProbe: [freeMap, 'How Kubernetes finds out that a pod may get traffic.'],
  replicas: [integer, 'How many pods.'],
  resources: [freeMap, 'Requests and limits of the container.'],
  revisionHistoryLimit: [integer, 'Old revisions that Kubernetes keeps.'],
  tolerations: [mapList, 'Taints of nodes that the pod tolerates.'],
} as const satisfies Record<string, readonly [z.ZodType, string]>;

/** Rows for some of the shared keys below `path` (`''`: relative to where the rows are put), without effect. */
export function commonKeys(
  path: string,
  names: readonly (keyof typeof common)[],
  effects: Effect | Effects = {},
): Row[] {
  return names.map((name) => inert(join(path, name), common[name][0], common[name][1], effects));
}

/** Rows for some of the shared keys of a part of the deployment. */
export function partKeys(
  path: string,
  names: readonly (keyof typeof common & keyof PartSettings)[],
  part: (settings: Settings) => Partial<PartSettings>,
): Row[] {
  return names.map((name) => field(path, name, common[name][0], common[name][1], part));
}

/** `pullPolicy` of images; empty: Kubernetes' own rule. */
export const pullPolicy = z.enum(['', 'IfNotPresent', 'Always', 'Never']);

/** A container image: name, tag, pull policy and pull secrets. */
export function image(path: string, doc: string, target: Target<ImageSettings> = {}): Row[] {
  const inside = below(target);
  return [
    head(path, doc, target),
    field(path, 'name', text, 'Name of the image, without its tag.', inside),
    field(path, 'tag', text, 'Tag of the image.', inside),
    field(path, 'pullPolicy', pullPolicy, 'When Kubernetes pulls the image.', inside),
    field(path, 'pullSecrets', pullSecrets, 'Kubernetes secrets with which the image is pulled.', inside),
  ];
}

/** A pod disruption budget. */
export function disruptionBudget(path: string, effects: Effect | Effects = {}): Row[] {
  return [
    section(path, 'How many pods Kubernetes may take away at a time.', effects),
    inert(`${path}.enabled`, flag, 'Whether there is such a limit.'),
    inert(`${path}.maxUnavailable`, integer, 'How many may be missing.'),
    inert(`${path}.minAvailable`, integer, 'How many must be there.'),
  ];
}

/** A service account. */
export function serviceAccount(path: string, target: Target<ServiceAccountSettings> = {}): Row[] {
  const inside = below(target);
  return [
    head(path, "The pod's identity in Kubernetes.", target),
    field(path, 'create', flag, 'Whether the account is made.', inside),
    field(path, 'name', text, 'Name of the account.', inside),
    field(path, 'annotations', textMap, 'Annotations of the account, such as a cloud role.', inside),
  ];
}

const asRules = unsupported('Write the traffic that may come in as rules, under ingress.');

/** A network policy. */
export function networkPolicy(path: string, target: Target<NetworkPolicySettings> = {}): Row[] {
  const inside = below(target);
  const rules: Target<NetworkPolicySettings['egressAllowRules']> =
    typeof inside === 'function' ? (settings) => inside(settings).egressAllowRules : {};
  const rulesPath = `${path}.egressAllowRules`;
  return [
    head(path, 'Who may talk to the pod, and with whom it may talk.', target),
    field(path, 'enabled', flag, 'Whether traffic is restricted.', inside),
    field(path, 'ingress', mapList, 'More traffic that may come in.', inside),
    field(path, 'egress', mapList, 'More traffic that may go out.', inside),
    section(rulesPath, 'Ready-made rules for traffic that may go out.'),
    field(rulesPath, 'cloudMetadataServer', flag, "The cloud's metadata server.", rules),
    field(rulesPath, 'dnsPortsCloudMetadataServer', flag, "DNS of the cloud's metadata server.", rules),
    field(rulesPath, 'dnsPortsKubeSystemNamespace', flag, "DNS of the cluster's system namespace.", rules),
    field(rulesPath, 'dnsPortsPrivateIPs', flag, 'DNS at private addresses.', rules),
    field(rulesPath, 'nonPrivateIPs', flag, 'Public addresses.', rules),
    field(rulesPath, 'privateIPs', flag, 'Private addresses.', rules),
    inert(
      join(path, 'interNamespaceAccessLabels'),
      z.enum(['accept', 'ignore']),
      'Whether labels count across namespaces.',
      { kubernetes: asRules },
    ),
    inert(join(path, 'allowedIngressPorts'), list, 'Ports that anybody may reach.', { kubernetes: asRules }),
  ];
}

const service = {
  type: [text, 'Kind of service.'],
  annotations: [textMap, 'Annotations of the service.'],
  labels: [textMap, 'Labels of the service.'],
  extraPorts: [mapList, 'More ports.'],
  externalIPs: [textList, 'Outer addresses.'],
  loadBalancerIP: [text, 'Address of the load balancer.'],
  loadBalancerSourceRanges: [textList, 'Who may reach the load balancer.'],
  ipFamilyPolicy: [text, 'IPv4, IPv6 or both.'],
  ipFamilies: [textList, 'Address families in order.'],
} as const satisfies Record<string, readonly [z.ZodType, string]>;

/** Keys of a Kubernetes service that have an effect. */
export function serviceKeys(
  path: string,
  names: readonly (keyof typeof service & keyof KubernetesServiceSettings)[],
  target: (settings: Settings) => KubernetesServiceSettings,
): Row[] {
  return names.map((name) => field(path, name, service[name][0], service[name][1], target));
}

/** Keys of a Kubernetes service that have none. */
export function inertServiceKeys(path: string, names: readonly (keyof typeof service)[], effects: Effects): Row[] {
  return names.map((name) => inert(join(path, name), service[name][0], service[name][1], effects));
}

/** Environment variables of a part of the system that does not exist here. */
export function extraEnvironment(path: string, effects: Effect | Effects = {}): Row {
  return inert(path, z.union([freeMap, mapList]), 'Environment variables of the container.', effects);
}

/** How the objects of a chart are called. */
export const nameOverrides: readonly Row[] = ['fullnameOverride', 'nameOverride'].map((name) =>
  inert(
    name,
    text,
    'Names of Kubernetes objects.',
    {
      ...everywhere(none('there are no Kubernetes objects')),
      kubernetes: none('`atoll deploy --name` says how they are called'),
    },
    { satisfiedBy: '' },
  ),
);

/** Whether Python reads environment variables, where a value is such variables. */
export function readsEnvironment(_: unknown, python: string): boolean {
  return /\b(?:environ|getenv)\b/.test(python);
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

/** `extraFiles` as settings have them. Files without a place are left out: another layer has not given it. */
export function toExtraFiles(files: z.output<typeof extraFiles>): Record<string, ExtraFile> {
  const found: Record<string, ExtraFile> = {};
  for (const [name, { mountPath, data, stringData, binaryData, mode }] of Object.entries(files)) {
    if (mountPath === undefined) continue;
    found[name] = {
      mountPath,
      ...(data !== undefined && { data }),
      ...(stringData !== undefined && { text: stringData }),
      ...(binaryData !== undefined && { base64: binaryData }),
      // In quotes, a mode is octal: "0644". YAML has read it without quotes already.
      ...(mode !== undefined && { mode: typeof mode === 'string' ? Number.parseInt(mode, 8) : mode }),
    };
  }
  return found;
}

/** Volumes or mounts that z2jh takes as a map (so that layers merge) or as a list, by the key under which each can be replaced. */
export function byKey(
  value: Record<string, unknown> | readonly KubernetesObject[],
  keyOf: (item: KubernetesObject, index: number) => string,
): Record<string, KubernetesObject> {
  if (!Array.isArray(value)) return value as Record<string, KubernetesObject>;
  return Object.fromEntries(value.map((item, index) => [keyOf(item, index), item]));
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
