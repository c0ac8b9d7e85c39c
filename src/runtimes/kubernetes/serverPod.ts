import type { Affinity, Container, Pod, PodSpec, Toleration, Volume, VolumeMount } from 'kubernetes-types/core/v1.js';
import { stringify } from 'yaml';
import type { AffinitySettings, ExtraFile, KubernetesObject, ServerPodSettings } from '../../config/podSettings.ts';
import { AtollError } from '../../core/errors.ts';
import type { WorkloadSpec } from '../contract.ts';
import { spelledForKubernetes } from './kubernetesSpelling.ts';
import { ownerAnnotation, portsAnnotation, secretAnnotation, workloadLabels } from './labels.ts';
import { podEnvironment, resourceVariables } from './podEnvironment.ts';
import { defaultImage, filesDirectory, literalArguments, type PodInputs, type PodManifest } from './podInputs.ts';
import { podResources } from './podResources.ts';
import { labelValue } from './slugs.ts';
import { fill, fillAll, nameTemplates, templateFields } from './templates.ts';

/** z2jh's own image with iptables, for the container that keeps servers from the cloud's metadata. */
const networkToolsImage = { name: 'quay.io/jupyterhub/k8s-network-tools', tag: '4.3.3' };

/** The fields of the templates in what the settings say about this server. */
export function serverFields({ spec, servers, namespace }: PodInputs): Record<string, string> {
  const { subject, owner } = spec;
  const server = subject?.kind === 'server' ? subject : { name: '', userId: 0 };
  const identity = { username: owner, userId: server.userId, servername: server.name, namespace };
  return templateFields(identity, (spec.pod ?? servers).slugScheme);
}

/** The pod's name: the same at each start of a server. */
export function serverPodName(inputs: PodInputs): string {
  const settings = inputs.spec.pod ?? inputs.servers;
  return fill(settings.podNameTemplate ?? nameTemplates[settings.slugScheme].pod, serverFields(inputs));
}

/**
 * The pod of a notebook server: what KubeSpawner makes of the same settings.
 * @param claim the volume claim with the home folder, when the settings give each person one.
 */
export function serverPod(inputs: PodInputs, claim: string | undefined): PodManifest {
  const { spec, namespace, installationId, servers, placement, secretName } = inputs;
  const unfilled = spec.pod ?? servers;
  const fields = { ...serverFields(inputs), pod_name: serverPodName(inputs), pvc_name: claim ?? '' };
  const settings = spelledForKubernetes(fillAll(unfilled, fields));
  const image = settings.image ?? defaultImage;
  const pullSecrets = [...new Set([...settings.imagePullSecrets, ...(settings.networkTools.image.pullSecrets ?? [])])];
  const priority = settings.priorityClassName ?? inputs.priorities?.server;
  const environment = podEnvironment(
    {
      HOME: spec.reservation.homeDirectory,
      ...resourceVariables(spec.resources),
      JUPYTER_IMAGE_SPEC: image,
      JUPYTER_IMAGE: image,
      ...spec.environment,
    },
    settings.environmentFrom,
    secretName,
  );
  const files = extraFiles(settings.extraFiles, secretName);
  const secret = { ...textData(environment.secrets), ...textData(spec.files), ...files.data };
  // Volumes of the operator's own stand in the place of ours, and what is mounted must be there.
  const own = ownFiles(settings.extraPodConfig.volumes === undefined ? spec.files : {}, secretName);
  const main: Container = {
    name: 'notebook',
    image,
    args: literalArguments(spec.command),
    env: environment.variables,
    ports: Object.entries(spec.reservation.ports).map(([name, containerPort]) => ({
      name: name === 'http' ? 'notebook-port' : name,
      containerPort,
    })),
    resources: podResources(spec.resources, { limits: settings.resourceLimits, requests: settings.resourceRequests }),
    volumeMounts: [...homeMounts(settings, claim), ...own.mounts, ...files.mounts],
    securityContext: containerSecurity(settings),
    ...(settings.imagePullPolicy && { imagePullPolicy: settings.imagePullPolicy }),
    ...workingDirectory(spec, settings),
    ...(Object.keys(settings.lifecycleHooks).length > 0 && { lifecycle: settings.lifecycleHooks }),
  };
  const podSpec: PodSpec = {
    restartPolicy: 'Never',
    enableServiceLinks: false,
    automountServiceAccountToken: settings.automountServiceAccountToken ?? settings.serviceAccountName !== undefined,
    ...(settings.serviceAccountName !== undefined && { serviceAccountName: settings.serviceAccountName }),
    ...(pullSecrets.length > 0 && { imagePullSecrets: pullSecrets.map((name) => ({ name })) }),
    ...(Object.keys(settings.nodeSelector).length > 0 && { nodeSelector: settings.nodeSelector }),
    ...(priority !== undefined && { priorityClassName: priority }),
    ...(settings.schedulerName !== undefined && { schedulerName: settings.schedulerName }),
    securityContext: podSecurity(settings),
    tolerations: [
      ...((placement.tolerations as Toleration[] | undefined) ?? dedicatedTo('hub.jupyter.org', 'user')),
      ...(settings.tolerations as unknown as Toleration[]),
    ],
    affinity: affinityOf(settings, placement.matchNodePurpose),
    initContainers: [...metadataBlock(settings), ...(settings.initContainers as unknown as Container[])],
    containers: [
      { ...main, ...settings.extraContainerConfig },
      ...(settings.extraContainers as unknown as Container[]),
    ],
    volumes: [...homeVolumes(settings, claim), ...own.volumes, ...files.volumes],
  };
  const server = spec.subject?.kind === 'server' ? spec.subject.name : '';
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: fields.pod_name,
      namespace,
      labels: {
        'hub.jupyter.org/network-access-hub': 'true',
        'hub.jupyter.org/network-access-proxy-http': 'true',
        ...settings.labels,
        app: 'jupyterhub',
        component: 'singleuser-server',
        'app.kubernetes.io/name': 'jupyterhub',
        'app.kubernetes.io/component': 'singleuser-server',
        'app.kubernetes.io/managed-by': 'atoll',
        'hub.jupyter.org/username': labelValue(spec.owner),
        'hub.jupyter.org/servername': labelValue(server),
        ...workloadLabels(installationId, spec.id, spec.kind),
      },
      annotations: {
        // A node is not taken away under somebody who works; an autoscaler may ask for it again once the server is gone.
        'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
        ...settings.annotations,
        [ownerAnnotation]: spec.owner,
        ...(server !== '' && { 'hub.jupyter.org/servername': server }),
        [portsAnnotation]: JSON.stringify(spec.reservation.ports),
        [secretAnnotation]: secretName,
      },
    },
    spec: { ...podSpec, ...settings.extraPodConfig },
  };
  return { pod, secret };
}

function workingDirectory(
  { directory }: WorkloadSpec,
  { workingDirectory, storage }: ServerPodSettings,
): { workingDir?: string } {
  const path = directory ?? workingDirectory ?? (storage.type === 'none' ? undefined : storage.homeMountPath);
  return path === undefined ? {} : { workingDir: path };
}

function homeVolumes({ storage }: ServerPodSettings, claim: string | undefined): Volume[] {
  const own = Object.values(storage.volumes) as unknown as Volume[];
  if (claim === undefined || storage.replacesHome.volumes) return own;
  return [{ name: homeVolumeName(storage), persistentVolumeClaim: { claimName: claim } }, ...own];
}

function homeMounts({ storage }: ServerPodSettings, claim: string | undefined): VolumeMount[] {
  const own = Object.values(storage.volumeMounts) as unknown as VolumeMount[];
  if (claim === undefined || storage.replacesHome.volumeMounts) return own;
  const subPath = storage.type === 'static' ? storage.staticSubPath : storage.dynamicSubPath;
  const home = { name: homeVolumeName(storage), mountPath: storage.homeMountPath };
  return [{ ...home, ...(subPath !== undefined && { subPath }) }, ...own];
}

function homeVolumeName(storage: ServerPodSettings['storage']): string {
  return storage.type === 'static' ? 'home' : storage.volumeNameTemplate;
}

/** The workload's own files, such as keys. Only root and the group that may read the pod's files can. */
export function ownFiles(
  files: Readonly<Record<string, string>>,
  secretName: string,
): { volumes: Volume[]; mounts: VolumeMount[] } {
  const names = Object.keys(files);
  if (names.length === 0) return { volumes: [], mounts: [] };
  const items = names.map((key) => ({ key, path: key }));
  return {
    volumes: [{ name: 'atoll-files', secret: { secretName, items, defaultMode: 0o444 } }],
    mounts: [{ name: 'atoll-files', mountPath: filesDirectory, readOnly: true }],
  };
}

/** Texts as a Secret holds them. */
export function textData(texts: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text, 'utf8').toString('base64')]),
  );
}

/** `singleuser.extraFiles`: each is mounted at its place by a path inside the Secret. */
function extraFiles(
  files: Readonly<Record<string, ExtraFile>>,
  secretName: string,
): { volumes: Volume[]; mounts: VolumeMount[]; data: Record<string, string> } {
  const entries = Object.entries(files);
  if (entries.length === 0) return { volumes: [], mounts: [], data: {} };
  const data: Record<string, string> = {};
  const items = entries.map(([name, file], index) => {
    const key = `file.${index}`;
    data[key] = contentOf(name, file);
    return { key, path: key, ...(file.mode !== undefined && { mode: file.mode }) };
  });
  const mounts = entries.map(([, { mountPath }], index) => ({ name: 'files', mountPath, subPath: `file.${index}` }));
  return { volumes: [{ name: 'files', secret: { secretName, items } }], mounts, data };
}

function contentOf(name: string, file: ExtraFile): string {
  if (file.base64 !== undefined) return file.base64.replace(/\s/g, '');
  return Buffer.from(file.text ?? formatted(name, file), 'utf8').toString('base64');
}

function formatted(name: string, { mountPath, data }: ExtraFile): string {
  if (/\.ya?ml$/.test(mountPath)) return stringify(data);
  if (!mountPath.endsWith('.toml')) return JSON.stringify(data, null, 2);
  throw new AtollError(
    'ATOLL_KUBERNETES_REFUSED',
    `The file ${name} of singleuser.extraFiles has its content as data, and is to be TOML.`,
    {
      nextStep: 'Write its content as stringData.',
    },
  );
}

function podSecurity(settings: ServerPodSettings): NonNullable<PodSpec['securityContext']> {
  return {
    ...(settings.fsGid !== null && { fsGroup: settings.fsGid, fsGroupChangePolicy: 'OnRootMismatch' }),
    ...(settings.supplementalGids.length > 0 && { supplementalGroups: settings.supplementalGids }),
    ...settings.podSecurityContext,
  };
}

function containerSecurity(settings: ServerPodSettings): NonNullable<Container['securityContext']> {
  return {
    ...(settings.uid !== null && { runAsUser: settings.uid }),
    ...(settings.gid !== undefined && { runAsGroup: settings.gid }),
    ...(settings.privileged && { privileged: true }),
    ...(settings.allowPrivilegeEscalation !== null && { allowPrivilegeEscalation: settings.allowPrivilegeEscalation }),
    ...settings.containerSecurityContext,
  };
}

/** A container that runs first and closes the way to the cloud's metadata server, where credentials of the node are had. */
function metadataBlock({ cloudMetadata, networkTools }: ServerPodSettings): Container[] {
  if (!cloudMetadata.blockWithIptables) return [];
  const { name, tag } = { ...networkToolsImage, ...networkTools.image };
  return [
    {
      name: 'block-cloud-metadata',
      image: `${name}:${tag}`,
      ...(networkTools.image.pullPolicy && { imagePullPolicy: networkTools.image.pullPolicy }),
      command: [
        ['iptables', '--append', 'OUTPUT', '--protocol', 'tcp', '--destination', cloudMetadata.ip],
        ['--destination-port', '80', '--jump', 'DROP'],
      ].flat(),
      resources: networkTools.resources,
      securityContext: { runAsUser: 0, privileged: true, capabilities: { add: ['NET_ADMIN'] } },
    },
  ];
}

/** Nodes that are kept for something are tainted, in one of two spellings: some clouds take no `/` in a taint's key. */
export function dedicatedTo(domain: string, purpose: string): Toleration[] {
  return [`${domain}/dedicated`, `${domain}_dedicated`].map((key) => ({
    key,
    operator: 'Equal',
    value: purpose,
    effect: 'NoSchedule',
  }));
}

function affinityOf(settings: ServerPodSettings, purpose: 'ignore' | 'prefer' | 'require'): Affinity {
  const onUserNodes = {
    matchExpressions: [{ key: 'hub.jupyter.org/node-purpose', operator: 'In', values: ['user'] }],
  };
  const required = [...settings.nodeAffinity.required, ...(purpose === 'require' ? [onUserNodes] : [])];
  const preferred = [
    ...settings.nodeAffinity.preferred,
    ...(purpose === 'prefer' ? [{ weight: 100, preference: onUserNodes }] : []),
  ];
  // Servers keep together, so that other nodes empty and can be given back.
  const together = {
    weight: 10,
    podAffinityTerm: {
      labelSelector: { matchLabels: { component: 'singleuser-server' } },
      topologyKey: 'kubernetes.io/hostname',
    },
  };
  const podAffinity = { ...settings.podAffinity, preferred: [...settings.podAffinity.preferred, together] };
  return {
    ...(required.length + preferred.length > 0 && {
      nodeAffinity: {
        ...(required.length > 0 && {
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: required },
        }),
        preferredDuringSchedulingIgnoredDuringExecution: preferred as never[],
      },
    }),
    podAffinity: podTerms(podAffinity),
    podAntiAffinity: podTerms(settings.podAntiAffinity),
  };
}

function podTerms({ required, preferred }: AffinitySettings): KubernetesObject {
  return {
    requiredDuringSchedulingIgnoredDuringExecution: required,
    preferredDuringSchedulingIgnoredDuringExecution: preferred,
  };
}
