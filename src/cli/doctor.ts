import type { Pod } from 'kubernetes-types/core/v1.js';
import { AtollError } from '../core/errors.ts';
import { readObject } from '../deploy/applyRelease.ts';
import { readHistory } from '../deploy/history.ts';
import { healthOf, troubleOf } from '../deploy/waitForRelease.ts';
import type { ApiClient } from '../kubernetes/apiClient.ts';
import { installationLabel, ownerAnnotation } from '../runtimes/kubernetes/labels.ts';
import { type ClusterOptions, withCluster } from './deploy.ts';

/** `atoll doctor`: says what is wrong with a release on Kubernetes. Exit code 1 when something is. */
export async function doctor(options: ClusterOptions): Promise<void> {
  await withCluster(options, async (client, namespace) => {
    const lines = await findings(client, namespace, options.name);
    for (const line of lines) console.log(line);
    if (lines.length > 0) process.exitCode = 1;
    else console.log('All is well.');
  });
}

async function findings(client: ApiClient, namespace: string, name: string): Promise<string[]> {
  const hub = await readObject(client, `/apis/apps/v1/namespaces/${namespace}/deployments/hub`);
  if (!hub)
    throw new AtollError('ATOLL_DEPLOY_NO_RELEASE', `There is no release ${name} in the namespace ${namespace}.`);
  const health = await healthOf(client, namespace, name);
  const last = (await readHistory(client, namespace, name)).at(-1);
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const query = { labelSelector: installationLabel };
  const { items: workloads } = await client.request<{ items: Pod[] }>({ path, query });
  const waiting = await Promise.all(
    workloads.map(async (pod) => {
      const trouble = await troubleOf(client, namespace, pod);
      const owner = pod.metadata?.annotations?.[ownerAnnotation] ?? 'somebody';
      return trouble && pod.status?.phase === 'Pending' ? [`${trouble.name} of ${owner}: ${trouble.reason}.`] : [];
    }),
  );
  return [
    ...health.progress.map((line) => `${line}.`),
    ...health.troubles.flatMap(({ name: pod, reason, lines }) => [
      `${pod}: ${reason}.`,
      ...lines.map((line) => `  | ${line}`),
    ]),
    ...(last && !last.healthy
      ? [`Revision ${last.number} has not become healthy. Back to the one before: atoll rollback --name ${name}`]
      : []),
    ...waiting.flat(),
  ];
}
