import type { PartSettings, PlacementSettings } from '../../config/deploymentSettings.ts';
import type { KubernetesObject } from '../../config/podSettings.ts';
import { sha256Hex } from '../../core/ids.ts';
import { priorityClassName } from '../../runtimes/kubernetes/priorityClasses.ts';
import { dedicatedTo } from '../../runtimes/kubernetes/serverPod.ts';
import type { Release } from '../release.ts';
import { pullSecretNames } from './imagePullSecret.ts';

/** What {@link partPod} is made from. */
export interface PartPodInputs {
  release: Release;
  part: PartSettings;
  /** Its own container, without what the settings say about every part. */
  container: KubernetesObject;
  volumes?: KubernetesObject[];
  /** Atoll's own choices; the settings win. */
  resources: KubernetesObject;
  serviceAccountName?: string;
}

/**
 * The pod of a part of the release: its container, unprivileged and with a read-only root, and what the settings say. Parts
 * without which nobody can work are not taken away by an autoscaler, prefer nodes of their own, and go before users.
 */
export function partPod({
  release,
  part,
  container,
  volumes = [],
  resources,
  serviceAccountName,
}: PartPodInputs): KubernetesObject {
  const { deployment } = release.settings;
  const { image } = deployment;
  const { corePods, podPriority } = deployment.scheduling;
  const imagePullSecrets = pullSecretNames(deployment, image.pullSecrets ?? []);
  return {
    automountServiceAccountToken: serviceAccountName !== undefined,
    ...(serviceAccountName !== undefined && { serviceAccountName }),
    ...(imagePullSecrets.length > 0 && { imagePullSecrets }),
    ...(podPriority.enabled && { priorityClassName: priorityClassName(release.name, 'core') }),
    ...(part.nodeSelector && { nodeSelector: part.nodeSelector }),
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      fsGroupChangePolicy: 'OnRootMismatch',
      seccompProfile: { type: 'RuntimeDefault' },
      ...part.podSecurityContext,
    },
    tolerations: [...(corePods.tolerations ?? dedicatedTo('hub.jupyter.org', 'core')), ...(part.tolerations ?? [])],
    affinity: part.affinity ?? nodesFor('core', corePods),
    ...(part.initContainers && { initContainers: part.initContainers }),
    containers: [
      {
        image: release.image,
        ...(image.pullPolicy && { imagePullPolicy: image.pullPolicy }),
        ...container,
        resources: part.resources ?? resources,
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
          ...part.containerSecurityContext,
        },
        volumeMounts: [
          ...((container.volumeMounts as KubernetesObject[] | undefined) ?? []),
          { name: 'tmp', mountPath: '/tmp' },
          ...(part.extraVolumeMounts ?? []),
        ],
      },
      ...(part.extraContainers ?? []),
    ],
    volumes: [...volumes, { name: 'tmp', emptyDir: {} }, ...(part.extraVolumes ?? [])],
    ...part.extraPodSpec,
  };
}

/**
 * Annotations of a part's pods: an autoscaler must not take them away to save a node, and another secret between hub and
 * edges replaces both.
 */
export function partAnnotations(
  { controlToken }: Release,
  part: PartSettings,
  more: Record<string, string> = {},
): Record<string, string> {
  return {
    'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
    'atoll/keys': sha256Hex(controlToken).slice(0, 16),
    ...more,
    ...part.annotations,
  };
}

/** Prefers, or requires, nodes with the label of z2jh for this purpose. */
export function nodesFor(purpose: 'core' | 'user', { matchNodePurpose }: PlacementSettings): KubernetesObject {
  const nodes = { matchExpressions: [{ key: 'hub.jupyter.org/node-purpose', operator: 'In', values: [purpose] }] };
  if (matchNodePurpose === 'ignore') return {};
  if (matchNodePurpose === 'require')
    return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [nodes] } } };
  return {
    nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, preference: nodes }] },
  };
}
