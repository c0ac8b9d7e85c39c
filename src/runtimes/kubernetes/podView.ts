import type { ContainerStatus, Pod } from 'kubernetes-types/core/v1.js';
import { parseKubernetesMemory } from '../../core/quantities.ts';
import type { Reflected } from '../../kubernetes/reflector.ts';
import type { WorkloadKind } from '../contract.ts';
import { kindLabel, ownerAnnotation, portsAnnotation, secretAnnotation, workloadLabel } from './labels.ts';

/** How a container ended. */
export interface ContainerEnd {
  exitCode: number;
  reason?: string;
  message?: string;
}

/** One container, of those that run before the workload or of the workload itself. */
export interface ContainerView {
  name: string;
  image: string;
  /** Kubernetes' reason and message while it waits: `ContainerCreating`, `ImagePullBackOff` … */
  waiting?: { reason?: string; message?: string };
  /** Milliseconds since the epoch. */
  runningSince?: number;
  ended?: ContainerEnd;
}

/** How far a pod is, whosoever it is. */
export interface PodState {
  name: string;
  uid: string;
  /** Kubernetes' phase. */
  phase: string;
  /** Why the pod as a whole ended, such as `Evicted`, with its message. */
  reason?: string;
  message?: string;
  ip?: string;
  node?: string;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** When it was asked to end; milliseconds since the epoch. */
  deletedAt?: number;
  /** Why it could not be put on a node. */
  unschedulable?: string;
  /** Why Kubernetes itself took it away: preemption, drain, a lost node. */
  disruption?: { reason: string; message: string };
  /** Containers that must end before the first one of the others starts. */
  before: ContainerView[];
  /** Its first container; undefined until the node has looked at the pod. */
  main?: ContainerView;
  /** The name of that container. */
  mainName: string;
  /** Bytes that it may use; undefined: not limited. */
  memoryLimit?: number;
}

/** What is kept of a workload's pod: a few hundred bytes of the several thousand. */
export interface PodView extends PodState, Reflected {
  id: string;
  kind: WorkloadKind;
  owner: string;
  ports: Record<string, number>;
  /** The Secret that was made for it; undefined: none. */
  secret?: string;
}

const kinds: readonly string[] = ['server', 'scheduler', 'worker', 'service'] satisfies WorkloadKind[];

/** What is kept of a pod, or undefined when it is no workload of Atoll's. The first container is the workload's. */
export function podView(pod: Pod): PodView | undefined {
  const { metadata = {} } = pod;
  const labels = metadata.labels ?? {};
  const annotations = metadata.annotations ?? {};
  const id = labels[workloadLabel];
  const kind = labels[kindLabel];
  if (id === undefined || kind === undefined || !kinds.includes(kind)) return undefined;
  const secret = annotations[secretAnnotation];
  return {
    ...podState(pod),
    key: metadata.name ?? '',
    version: metadata.resourceVersion ?? '',
    id,
    kind: kind as WorkloadKind,
    owner: annotations[ownerAnnotation] ?? '',
    ports: portsIn(annotations[portsAnnotation]),
    ...(secret !== undefined && { secret }),
  };
}

/** How far a pod is. */
export function podState({ metadata = {}, spec, status = {} }: Pod): PodState {
  const mainName = spec?.containers[0]?.name ?? '';
  const memory = spec?.containers[0]?.resources?.limits?.memory;
  const main = (status.containerStatuses ?? []).find(({ name }) => name === mainName);
  const conditions = status.conditions ?? [];
  const scheduled = conditions.find(({ type }) => type === 'PodScheduled');
  const disruption = conditions.find(({ type, status: value }) => type === 'DisruptionTarget' && value === 'True');
  return {
    name: metadata.name ?? '',
    uid: metadata.uid ?? '',
    phase: status.phase ?? 'Pending',
    ...(status.reason !== undefined && { reason: status.reason }),
    ...(status.message !== undefined && { message: status.message }),
    ...(status.podIP !== undefined && { ip: status.podIP }),
    ...(spec?.nodeName !== undefined && { node: spec.nodeName }),
    createdAt: Date.parse(metadata.creationTimestamp ?? ''),
    ...(metadata.deletionTimestamp !== undefined && { deletedAt: Date.parse(metadata.deletionTimestamp) }),
    ...(scheduled?.status === 'False' && { unschedulable: scheduled.message ?? '' }),
    ...(disruption && { disruption: { reason: disruption.reason ?? '', message: disruption.message ?? '' } }),
    before: (status.initContainerStatuses ?? []).map(containerView),
    ...(main && { main: containerView(main) }),
    mainName,
    ...(memory !== undefined && { memoryLimit: parseKubernetesMemory(memory) }),
  };
}

function containerView({ name, image, state = {}, lastState }: ContainerStatus): ContainerView {
  const { waiting, running, terminated } = state;
  // After a crash that the kubelet will start anew, the last end says more than "waiting to restart".
  const ended = terminated ?? (waiting?.reason === 'CrashLoopBackOff' ? lastState?.terminated : undefined);
  return {
    name,
    image,
    ...(waiting && {
      waiting: {
        ...(waiting.reason !== undefined && { reason: waiting.reason }),
        ...(waiting.message !== undefined && { message: waiting.message }),
      },
    }),
    ...(running && { runningSince: Date.parse(running.startedAt ?? '') }),
    ...(ended && {
      ended: {
        exitCode: ended.exitCode,
        ...(ended.reason !== undefined && { reason: ended.reason }),
        ...(ended.message !== undefined && { message: ended.message.slice(0, 1000) }),
      },
    }),
  };
}

function portsIn(text: string | undefined): Record<string, number> {
  try {
    const ports: unknown = JSON.parse(text ?? '{}');
    if (typeof ports !== 'object' || ports === null) return {};
    return Object.fromEntries(
      Object.entries(ports).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
    );
  } catch {
    return {};
  }
}
