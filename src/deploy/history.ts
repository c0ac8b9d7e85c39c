import { gunzipSync, gzipSync } from 'node:zlib';
import type { Secret } from 'kubernetes-types/core/v1.js';
import type { ValuesInput } from '../config/values/parseValues.ts';
import type { ApiClient } from '../kubernetes/apiClient.ts';

/** One deployment that was begun. */
export interface Revision {
  number: number;
  /** Milliseconds since the epoch. */
  at: number;
  image: string;
  inputs: ValuesInput[];
  /** Whether it became healthy. */
  healthy: boolean;
}

const historyLabel = 'atoll/history';
const mostKept = 10;

/** The deployments of a release, oldest first; kept as Secrets, since settings hold secrets. */
export async function readHistory(client: ApiClient, namespace: string, name: string): Promise<Revision[]> {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  const { items } = await client.request<{ items: Secret[] }>({
    path,
    query: { labelSelector: `${historyLabel}=${name}` },
  });
  return items
    .map(({ data }) => JSON.parse(gunzipSync(Buffer.from(data?.revision ?? '', 'base64')).toString('utf8')) as Revision)
    .toSorted((a, b) => a.number - b.number);
}

/** Writes a deployment down, or what became of it. Forgets the oldest ones. */
export async function writeRevision(
  client: ApiClient,
  namespace: string,
  name: string,
  revision: Revision,
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  const secretName = (number: number): string => `atoll-revision-${name}-${number}`;
  const body: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: secretName(revision.number),
      labels: { [historyLabel]: name, 'app.kubernetes.io/managed-by': 'atoll' },
    },
    type: 'Opaque',
    data: { revision: gzipSync(JSON.stringify(revision)).toString('base64') },
  };
  await client.request({
    method: 'PATCH',
    path: `${path}/${secretName(revision.number)}`,
    query: { fieldManager: 'atoll-deploy', force: true },
    contentType: 'application/apply-patch+yaml',
    body,
  });
  const all = await readHistory(client, namespace, name);
  for (const old of all.slice(0, -mostKept))
    await client.request({ method: 'DELETE', path: `${path}/${secretName(old.number)}` });
}
