import type { KubernetesObject } from '../../config/podSettings.ts';
import { type KubeObject, objectHead, type Release, releaseLabels, selectorOf } from '../release.ts';

const pauseImage = { name: 'registry.k8s.io/pause', tag: '3.10' };

/**
 * Who goes first when room is short, and seats that are kept free: a placeholder gives way to a person at once, and, waiting
 * for a node itself then, makes an autoscaler add one.
 */
export function schedulingObjects(release: Release): KubeObject[] {
  const { podPriority, userPlaceholder } = release.settings.deployment.scheduling;
  if (!podPriority.enabled) return [];
  const seats = userPlaceholder.enabled ? (userPlaceholder.replicas ?? 0) : 0;
  return [
    priorityClass(release, 'core', podPriority.defaultPriority + 10, false, 'Hub and edges: before everything else.'),
    priorityClass(
      release,
      'users',
      podPriority.defaultPriority,
      podPriority.globalDefault,
      'Servers of people, and their clusters.',
    ),
    priorityClass(release, 'placeholders', podPriority.userPlaceholderPriority, false, 'Seats that are kept free.'),
    ...(seats > 0 ? placeholders(release, seats) : []),
  ];
}

function priorityClass(
  release: Release,
  what: string,
  value: number,
  globalDefault: boolean,
  description: string,
): KubeObject {
  return {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: `${release.name}-${what}`, labels: releaseLabels(release.name, 'scheduling') },
    value,
    globalDefault,
    description,
  };
}

function placeholders(release: Release, replicas: number): KubeObject[] {
  const { settings, name } = release;
  const { scheduling } = settings.deployment;
  const { memoryGuarantee, coreGuarantee, pod } = settings.servers;
  const own: KubernetesObject = {
    requests: {
      ...(memoryGuarantee !== undefined && { memory: String(memoryGuarantee) }),
      ...(coreGuarantee !== undefined && { cpu: String(coreGuarantee) }),
    },
  };
  return [
    {
      ...objectHead(release, 'apps/v1', 'StatefulSet', 'user-placeholder', 'user-placeholder'),
      spec: {
        replicas,
        podManagementPolicy: 'Parallel',
        serviceName: 'user-placeholder',
        selector: { matchLabels: selectorOf(name, 'user-placeholder') },
        template: {
          metadata: { labels: releaseLabels(name, 'user-placeholder') },
          spec: {
            priorityClassName: `${name}-placeholders`,
            terminationGracePeriodSeconds: 0,
            automountServiceAccountToken: false,
            nodeSelector: pod.nodeSelector,
            tolerations: [...pod.tolerations, ...(scheduling.userPlaceholder.tolerations ?? [])],
            containers: [pauseContainer(release, scheduling.userPlaceholder.resources ?? own)],
          },
        },
      },
    },
  ];
}

/** A container that does nothing. */
export function pauseContainer(release: Release, resources: KubernetesObject): KubernetesObject {
  const { pause } = release.settings.deployment.prePuller;
  const { name, tag } = { ...pauseImage, ...pause.image };
  return {
    name: 'pause',
    image: `${name}:${tag}`,
    resources,
    securityContext: {
      allowPrivilegeEscalation: false,
      runAsNonRoot: true,
      runAsUser: 65534,
      ...pause.containerSecurityContext,
    },
  };
}
