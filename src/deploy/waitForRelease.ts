import { setTimeout as wait } from 'node:timers/promises';
import type { Event, Pod } from 'kubernetes-types/core/v1.js';
import type { ApiClient } from '../kubernetes/apiClient.ts';
import { eventView } from '../runtimes/kubernetes/eventView.ts';
import { podState } from '../runtimes/kubernetes/podView.ts';
import { waitingReason } from '../runtimes/kubernetes/waitingReason.ts';
import { releaseLabel } from './release.ts';

/** What is not as it should be. */
export interface Trouble {
  /** The pod, such as `hub-6d4f…`. */
  name: string;
  /** Plain words. */
  reason: string;
  /** The last lines of a container that ended, and is started again. */
  lines: string[];
  /** It has ended so often that it will not do better by itself. */
  hopeless: boolean;
  /** Waiting alone does not help. */
  stuck: boolean;
}

/** How a release is. */
export interface Health {
  healthy: boolean;
  /** Such as `edge: 1 of 2 pods`. */
  progress: string[];
  troubles: Trouble[];
}

interface DeploymentStatus {
  metadata: { name: string; generation: number };
  spec: { replicas?: number };
  status: { observedGeneration?: number; updatedReplicas?: number; availableReplicas?: number; replicas?: number };
}

const lookMs = 500;
/** A container that ended so often will not do better by itself. */
const hopelessRestarts = 4;

/**
 * Waits until hub and edges of a release are the new ones, and answer. Tells what it waits for whenever that changes.
 * @returns how the release is: healthy, or what is in the way after `milliseconds`, or earlier when there is no hope.
 */
export async function waitForRelease(
  client: ApiClient,
  namespace: string,
  name: string,
  { milliseconds, onProgress }: { milliseconds: number; onProgress: (line: string) => void },
): Promise<Health> {
  const deadline = Date.now() + milliseconds;
  let told = '';
  for (;;) {
    const health = await healthOf(client, namespace, name);
    if (health.healthy) return health;
    const line = [...health.progress, ...health.troubles.map((one) => `${one.name}: ${one.reason}`)].join('; ');
    const gist = changingPartsLeftOut(line);
    if (gist !== told) onProgress(line);
    told = gist;
    if (health.troubles.some(({ hopeless }) => hopeless) || Date.now() > deadline) return health;
    await wait(lookMs);
  }
}

/** A line about progress without what changes all the time: the seconds of a pull. */
export function changingPartsLeftOut(line: string): string {
  return line.replace(/, \d+ s so far/g, '');
}

/** How a release is now. */
export async function healthOf(client: ApiClient, namespace: string, name: string): Promise<Health> {
  const query = { labelSelector: `${releaseLabel}=${name},component in (hub, edge)` };
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments`;
  const { items: deployments } = await client.request<{ items: DeploymentStatus[] }>({ path, query });
  const progress = deployments.filter((one) => !isDone(one)).map(progressOf);
  if (deployments.length > 0 && progress.length === 0) return { healthy: true, progress, troubles: [] };
  const { items: pods } = await client.request<{ items: Pod[] }>({
    path: `/api/v1/namespaces/${namespace}/pods`,
    query,
  });
  const troubles: Trouble[] = [];
  for (const pod of pods) {
    const trouble = await troubleOf(client, namespace, pod);
    if (trouble) troubles.push(trouble);
  }
  return { healthy: false, progress: deployments.length > 0 ? progress : ['nothing is deployed'], troubles };
}

/** Why a pod does not run, or undefined when it does, or is on its way out. */
export async function troubleOf(client: ApiClient, namespace: string, pod: Pod): Promise<Trouble | undefined> {
  const state = podState(pod);
  if (state.deletedAt !== undefined || state.phase === 'Succeeded' || isReady(pod)) return undefined;
  const path = `/api/v1/namespaces/${namespace}`;
  const query = { fieldSelector: `involvedObject.uid=${state.uid}` };
  const { items } = await client.request<{ items: Event[] }>({ path: `${path}/events`, query });
  const events = items
    .map(eventView)
    .filter((event) => event !== undefined)
    .toSorted((a, b) => a.at - b.at);
  const restarts = pod.status?.containerStatuses?.[0]?.restartCount ?? 0;
  const lines =
    restarts === 0
      ? []
      : (
          await client
            .text({ path: `${path}/pods/${state.name}/log`, query: { previous: true, tailLines: 15 } })
            .catch(() => '')
        )
          .split('\n')
          .filter((line) => line !== '');
  const running = state.main?.runningSince !== undefined;
  const { text: reason, stuck = false } = running
    ? { text: 'it has not answered yet' }
    : waitingReason(state, { events, imageSizes: new Map(), now: Date.now() });
  return { name: state.name, reason, lines, stuck, hopeless: restarts >= hopelessRestarts };
}

/** Whether Kubernetes calls a pod ready. */
export function isReady({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
}

function isDone({ metadata, spec, status }: DeploymentStatus): boolean {
  const wanted = spec.replicas ?? 1;
  return (
    (status.observedGeneration ?? 0) >= metadata.generation &&
    (status.updatedReplicas ?? 0) >= wanted &&
    (status.availableReplicas ?? 0) >= wanted &&
    (status.replicas ?? 0) <= wanted
  );
}

function progressOf({ metadata, spec, status }: DeploymentStatus): string {
  const ready = Math.min(status.updatedReplicas ?? 0, status.availableReplicas ?? 0);
  return `${metadata.name}: ${ready} of ${spec.replicas ?? 1} pods are ready`;
}
