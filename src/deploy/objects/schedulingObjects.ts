import type { KubernetesObject } from '../../config/podSettings.ts';
import { type PriorityRank, priorityClassName } from '../../runtimes/kubernetes/priorityClasses.ts';
import { dedicatedTo } from '../../runtimes/kubernetes/serverPod.ts';
import { type KubeObject, objectHead, type Release, releaseLabels, selectorOf } from '../release.ts';
import { nodesFor } from './partPod.ts';

const pauseImage = { name: 'registry.k8s.io/pause', tag: '3.10' };

/**
 * Who goes first when room is short, and seats that are kept free: a placeholder gives way to a person at once, and, waiting
 * for a node itself then, makes an autoscaler add one.
 */
export function schedulingObjects(release: Release): KubeObject[] {
  const { podPriority, userPlaceholder } = release.settings.deployment.scheduling;
  if (!podPriority.enabled) return [];
  const seats = userPlaceholder.enabled ? (userPlaceholder.replicas ?? 0) : 0;
  const { defaultPriority: users, userPlaceholderPriority: seat, globalDefault } = podPriority;
  // Workers give way to people, and seats that are kept free give way to workers.
  const workers = users - Math.ceil((users - seat) / 2);
  return [
    priorityClass(release, 'core', users + 10, false, 'Hub and edges: before everything else.'),
    priorityClass(release, 'schedulers', users + 5, false, 'Schedulers: with one goes the work of a whole cluster.'),
    priorityClass(release, 'users', users, globalDefault, 'Servers of people.'),
    priorityClass(release, 'workers', workers, false, 'Workers of Dask clusters: what is lost is computed again.'),
    priorityClass(release, 'image-pullers', podPriority.imagePullerPriority, false, 'Pulling images ahead of time.'),
    priorityClass(release, 'placeholders', seat, false, 'Seats that are kept free.'),
    ...(seats > 0 ? placeholders(release, seats) : []),
  ];
}

function priorityClass(
  release: Release,
  rank: PriorityRank,
  value: number,
  globalDefault: boolean,
  description: string,
): KubeObject {
  return {
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name: priorityClassName(release.name, rank), labels: releaseLabels(release.name, 'scheduling') },
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
            priorityClassName: priorityClassName(name, 'placeholders'),
            terminationGracePeriodSeconds: 0,
            automountServiceAccountToken: false,
            nodeSelector: pod.nodeSelector,
            tolerations: [
              ...(scheduling.userPods.tolerations ?? dedicatedTo('hub.jupyter.org', 'user')),
              ...pod.tolerations,
            ],
            affinity: nodesFor('user', scheduling.userPods),
            containers: [pauseContainer(release, scheduling.userPlaceholder.resources ?? own)],
          },
        },
      },
    },
    {
      // Whoever empties a node need not ask.
      ...objectHead(release, 'policy/v1', 'PodDisruptionBudget', 'user-placeholder', 'user-placeholder'),
      spec: { minAvailable: 0, selector: { matchLabels: selectorOf(name, 'user-placeholder') } },
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
