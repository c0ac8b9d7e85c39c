import { writeFileSync } from 'node:fs';
import type { Secret } from 'kubernetes-types/core/v1.js';
import { type DataFolder, secretOf, secretPath } from '../core/dataFolder.ts';
import type { ApiClient } from '../kubernetes/apiClient.ts';
import { isApiError } from '../kubernetes/apiError.ts';

/** The Secret that holds them. No deployment removes it: without it much of the database cannot be read. */
export const dataKeysName = 'atoll-data-keys';
const names = ['sealing-key', 'installation-id'] as const;

/**
 * For a hub whose data folder goes with its pod, as the database is elsewhere: what the data cannot be read without, and pods
 * cannot be found again without, is kept in a Secret of the namespace. Puts it into the data folder; makes it the first time.
 */
export async function keepSecretsInCluster(folder: DataFolder, client: ApiClient, namespace: string): Promise<void> {
  const kept = (await read(client, namespace)) ?? (await make(folder, client, namespace));
  for (const name of names) {
    const value = kept.data?.[name];
    if (value === undefined) throw new Error(`the Secret ${dataKeysName} has no ${name}`);
    writeFileSync(secretPath(folder, name), Buffer.from(value, 'base64'), { mode: 0o600 });
  }
}

/** The hub may list Secrets, not get them. */
async function read(client: ApiClient, namespace: string): Promise<Secret | undefined> {
  const query = { fieldSelector: `metadata.name=${dataKeysName}` };
  const { items } = await client.request<{ items: Secret[] }>({ path: pathOf(namespace), query });
  return items[0];
}

async function make(folder: DataFolder, client: ApiClient, namespace: string): Promise<Secret> {
  const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
  const data = Object.fromEntries(names.map((name) => [name, base64(secretOf(folder, name).toString('hex'))]));
  const labels = { 'app.kubernetes.io/managed-by': 'atoll' };
  const body: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: dataKeysName, labels },
    type: 'Opaque',
    data,
  };
  try {
    return await client.request<Secret>({ method: 'POST', path: pathOf(namespace), body });
  } catch (error) {
    const other = isApiError(error, 409) ? await read(client, namespace) : undefined;
    if (!other) throw error;
    return other;
  }
}

function pathOf(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/secrets`;
}
