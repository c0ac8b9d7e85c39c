import { setTimeout as wait } from 'node:timers/promises';
import type { Pod } from 'kubernetes-types/core/v1.js';
import type { ApiClient } from '../kubernetes/apiClient.ts';
import { podState } from '../runtimes/kubernetes/podView.ts';
import { type ApplyOptions, applyObject, refuseForeign, removeObject } from './applyRelease.ts';
import { hookPuller } from './objects/pullerObjects.ts';
import { type KubeObject, type Release, selectorOf } from './release.ts';
import { objectPath } from './resources.ts';
import { changingPartsLeftOut, isReady, troubleOf } from './waitForRelease.ts';

const lookMs = 500;

/** How {@link pullImages} waits. */
export interface PullOptions extends ApplyOptions {
  /** Milliseconds, after which it goes on without. */
  patienceMs: number;
  onProgress: (line: string) => void;
}

/**
 * Has all nodes pull the images of servers, while what is deployed goes on as it is (`prePuller.hook`). An image that cannot
 * be pulled is told, and waited for no more: what has it in its settings is still to be deployed.
 */
export async function pullImages(client: ApiClient, release: Release, options: PullOptions): Promise<void> {
  const puller = hookPuller(release);
  if (!puller) return;
  const { patienceMs, onProgress } = options;
  await refuseForeign(client, release.name, [puller]);
  await applyObject(client, puller, { ...options, dryRun: false });
  const begun = Date.now();
  const told = new Set<string>();
  const tell = (line: string): void => {
    const gist = changingPartsLeftOut(line);
    if (!told.has(gist)) onProgress(line);
    told.add(gist);
  };
  for (;;) {
    const waitedMs = Date.now() - begun;
    const { waiting, lines } = await lookAtPullers(client, release, puller, waitedMs);
    lines.forEach(tell);
    if (waiting === 0) break;
    if (waitedMs > patienceMs) {
      tell('images: not all nodes have them yet; going on');
      break;
    }
    await wait(lookMs);
  }
  await removeObject(client, puller);
}

/** How far the nodes are: what is to be told, and how many are still to be waited for. */
async function lookAtPullers(
  client: ApiClient,
  release: Release,
  puller: KubeObject,
  waitedMs: number,
): Promise<{ waiting: number; lines: string[] }> {
  const daemons = await client.request<DaemonSetStatus>({ path: objectPath(puller) });
  const { desiredNumberScheduled = 0, observedGeneration = 0 } = daemons.status ?? {};
  const pods = await podsOf(client, release);
  // Kubernetes has not made the pods yet.
  if (observedGeneration < daemons.metadata.generation || pods.length < desiredNumberScheduled)
    return { waiting: 1, lines: [] };
  const { podSchedulingWaitDuration: seconds } = release.settings.deployment.prePuller.hook;
  const isLost = (pod: Pod): boolean => podState(pod).node === undefined && seconds >= 0 && waitedMs > seconds * 1000;
  const lines: string[] = [];
  let waiting = 0;
  for (const pod of pods) {
    const trouble = await troubleOf(client, release.namespace, pod);
    if (!trouble) continue;
    const givenUp = trouble.stuck || isLost(pod);
    if (!givenUp) waiting += 1;
    lines.push(`${trouble.name}: ${trouble.reason}${givenUp ? '; going on without' : ''}`);
  }
  return { waiting, lines: [...lines, `images: ${pods.filter(isReady).length} of ${pods.length} nodes have them`] };
}

interface DaemonSetStatus {
  metadata: { generation: number };
  status?: { desiredNumberScheduled?: number; observedGeneration?: number };
}

async function podsOf(client: ApiClient, { name, namespace }: Release): Promise<Pod[]> {
  const labels = Object.entries(selectorOf(name, 'hook-image-puller')).map(([key, value]) => `${key}=${value}`);
  const query = { labelSelector: labels.join(',') };
  const { items } = await client.request<{ items: Pod[] }>({ path: `/api/v1/namespaces/${namespace}/pods`, query });
  return items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
}
