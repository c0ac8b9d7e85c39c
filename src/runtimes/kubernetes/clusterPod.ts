import type { Container, Pod, PodSpec } from 'kubernetes-types/core/v1.js';
import { ownerAnnotation, portsAnnotation, secretAnnotation, workloadLabels } from './labels.ts';
import { mergeJson } from './mergeJson.ts';
import { podEnvironment, resourceVariables } from './podEnvironment.ts';
import { defaultImage, literalArguments, type PodInputs, type PodManifest } from './podInputs.ts';
import { podResources } from './podResources.ts';
import { avoidPreemptible, preemptibleTolerations, preferPreemptible } from './preemptibleNodes.ts';
import { dedicatedTo, ownFiles, textData } from './serverPod.ts';
import { labelValue } from './slugs.ts';

/** The image of a cluster's pods: its own, that of the settings, or that of the servers, so that the two never differ by chance. */
function clusterImage({ spec, clusters, servers }: PodInputs): string {
  if (spec.image !== undefined) return spec.image;
  const { name, tag } = clusters.image;
  if (name === undefined) return servers.image ?? defaultImage;
  return tag === undefined ? name : `${name}:${tag}`;
}

/** The pod of a scheduler or worker: what dask-gateway's chart makes of the same settings. */
export function clusterPod(inputs: PodInputs): PodManifest {
  const { spec, namespace, installationId, clusters, servers, secretName } = inputs;
  const role = spec.kind === 'scheduler' ? 'scheduler' : 'worker';
  const chosen = { ...clusters[role], ...spec.clusterPod };
  const pullPolicy = spec.clusterPod?.imagePullPolicy ?? clusters.image.pullPolicy;
  const priority = inputs.priorities?.[role];
  const component = `dask-${role}`;
  const environment = podEnvironment({ ...resourceVariables(spec.resources), ...spec.environment }, {}, secretName);
  const own = ownFiles(spec.files, secretName);
  const container: Container = {
    name: component,
    image: clusterImage(inputs),
    args: literalArguments(spec.command),
    env: [{ name: 'HOME', value: spec.reservation.homeDirectory }, ...environment.variables],
    ports: Object.entries(spec.reservation.ports).map(([name, containerPort]) => ({ name, containerPort })),
    resources: podResources(spec.resources),
    volumeMounts: own.mounts,
    ...(pullPolicy && { imagePullPolicy: pullPolicy }),
    ...(spec.directory !== undefined && { workingDir: spec.directory }),
  };
  // The image is that of the servers, or one beside it, more often than not: so are the secrets.
  const ofServers = servers.imagePullSecrets;
  const pullSecrets = spec.clusterPod?.imagePullSecrets ?? [
    ...new Set([...(clusters.image.pullSecrets ?? []), ...clusters.imagePullSecrets, ...ofServers]),
  ];
  const podSpec: PodSpec = {
    restartPolicy: 'Never',
    enableServiceLinks: false,
    automountServiceAccountToken: false,
    ...(pullSecrets.length > 0 && { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
    ...(priority !== undefined && { priorityClassName: priority }),
    ...placement(role, clusters.preemptibleWorkers),
    containers: [mergeJson(container, chosen.extraContainerConfig)],
    volumes: own.volumes,
  };
  const cluster = spec.subject?.kind === 'cluster' ? spec.subject.name : '';
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${component}-${spec.id}`.slice(0, 253),
      namespace,
      labels: {
        'hub.jupyter.org/username': labelValue(spec.owner),
        ...chosen.labels,
        app: 'jupyterhub',
        component,
        'app.kubernetes.io/name': 'dask-gateway',
        'app.kubernetes.io/component': component,
        'app.kubernetes.io/managed-by': 'atoll',
        'gateway.dask.org/cluster': labelValue(cluster),
        'hub.jupyter.org/network-access-proxy-http': 'true',
        ...workloadLabels(installationId, spec.id, spec.kind),
      },
      annotations: {
        ...(role === 'scheduler' && {
          'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
          'prometheus.io/scrape': 'true',
          'prometheus.io/port': String(spec.reservation.ports.dashboard ?? ''),
        }),
        ...chosen.annotations,
        [ownerAnnotation]: spec.owner,
        [portsAnnotation]: JSON.stringify(spec.reservation.ports),
        [secretAnnotation]: secretName,
      },
    },
    spec: mergeJson(podSpec, chosen.extraPodConfig),
  };
  return { pod, secret: { ...textData(environment.secrets), ...textData(spec.files) } };
}

/** Workers go to nodes of their own, which may be cheap ones that can vanish. A scheduler must not be on one. */
function placement(
  role: 'scheduler' | 'worker',
  preemptibleWorkers: boolean,
): Required<Pick<PodSpec, 'tolerations' | 'affinity'>> {
  const preemptible = role === 'worker' && preemptibleWorkers;
  const ownNodes = {
    weight: 100,
    preference: { matchExpressions: [{ key: 'k8s.dask.org/node-purpose', operator: 'In', values: [role] }] },
  };
  return {
    tolerations: [
      ...dedicatedTo('k8s.dask.org', role),
      ...dedicatedTo('hub.jupyter.org', 'user'),
      ...(preemptible ? preemptibleTolerations : []),
    ],
    affinity: {
      nodeAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          ownNodes,
          ...(preemptible ? preferPreemptible : []),
          ...(role === 'scheduler' ? [avoidPreemptible] : []),
        ],
      },
    },
  };
}
