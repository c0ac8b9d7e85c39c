import { setTimeout as wait } from 'node:timers/promises';
import type { Pod } from 'kubernetes-types/core/v1.js';
import type { ApiClient } from '../kubernetes/apiClient.ts';
import { podState } from '../runtimes/kubernetes/podView.ts';
import { type ApplyOptions, applyObject, refuseForeign, removeObject } from './applyRelease.ts';
import { hookPuller } from './objects/pullerObjects.ts';
import { type Release, selectorOf } from './release.ts';
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
  const { podSchedulingWaitDuration } = release.settings.deployment.prePuller.hook;
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
    const daemons = await client.request<DaemonSetStatus>({ path: objectPath(puller) });
    const { desiredNumberScheduled = 0, observedGeneration = 0 } = daemons.status ?? {};
    const pods = await podsOf(client, release);
    const seen = observedGeneration >= daemons.metadata.generation && pods.length >= desiredNumberScheduled;
    const waited = Date.now() - begun;
    const placesMs = podSchedulingWaitDuration < 0 ? Number.POSITIVE_INFINITY : podSchedulingWaitDuration * 1000;
    let ready = 0;
    let open = 0;
    for (const pod of pods) {
      const trouble = await troubleOf(client, release.namespace, pod);
      if (!trouble) {
        ready += isReady(pod) ? 1 : 0;
        continue;
      }
      const lost = trouble.stuck || (podState(pod).node === undefined && waited > placesMs);
      if (!lost) open += 1;
      tell(`${trouble.name}: ${trouble.reason}${lost ? '; going on without' : ''}`);
    }
    if (seen && open === 0) break;
    if (waited > patienceMs) {
      tell(`images: ${open} nodes do not have them yet; going on`);
      break;
    }
    if (seen) tell(`images: ${ready} of ${desiredNumberScheduled} nodes have them`);
    await wait(lookMs);
  }
  await removeObject(client, puller);
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
