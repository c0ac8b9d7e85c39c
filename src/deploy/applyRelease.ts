import { AtollError } from '../core/errors.ts';
import type { ApiClient } from '../kubernetes/apiClient.ts';
import { ApiError, isApiError } from '../kubernetes/apiError.ts';
import { forbidden } from '../runtimes/kubernetes/startError.ts';
import { changedFields } from './changedFields.ts';
import { fieldManager, type KubeObject, managerLabel, releaseLabel } from './release.ts';
import { collectionPath, nameOf, objectPath, resources } from './resources.ts';
import { shownChange } from './shownChange.ts';

/** What applying an object does to it. */
export interface PlannedChange {
  object: KubeObject;
  action: 'create' | 'update' | 'unchanged' | 'delete';
  /** The fields that change, with their values where these are no secret. */
  fields: string[];
}

/** How a release is applied. */
export interface ApplyOptions {
  /** Takes over fields that others have changed. */
  forceConflicts: boolean;
}

/** The API server does not take an object as it is. */
export class RefusedError extends AtollError {
  readonly object: KubeObject;

  constructor(object: KubeObject, evidence: string, cause: unknown) {
    super('ATOLL_KUBERNETES_REFUSED', `Kubernetes does not accept ${nameOf(object)}.`, { evidence, cause });
    this.object = object;
  }
}

/** Never removed by a deployment: people's data, and keys without which data cannot be read. */
const kept: ReadonlySet<string> = new Set(['PersistentVolumeClaim']);

/**
 * What applying these objects would do, as the API server itself says (dry run). Changes nothing.
 * @throws AtollError `ATOLL_DEPLOY_FOREIGN` and others, as {@link applyObjects}.
 */
export async function planObjects(
  client: ApiClient,
  name: string,
  objects: readonly KubeObject[],
  options: ApplyOptions,
): Promise<PlannedChange[]> {
  const changes: PlannedChange[] = [];
  for (const object of objects) {
    const live = await readOwn(client, name, object);
    if (!live) {
      changes.push({ object, action: 'create', fields: [] });
      continue;
    }
    const after = await applyObject(client, object, { ...options, dryRun: true });
    const fields = changedFields(live, after).map((field) => shownChange(object.kind, field));
    changes.push({ object, action: fields.length > 0 ? 'update' : 'unchanged', fields });
  }
  const left = await leftovers(client, name, objects);
  return [...changes, ...left.map((object): PlannedChange => ({ object, action: 'delete', fields: [] }))];
}

/**
 * Looks whether all objects are free to be made, or the release's own.
 * @throws AtollError `ATOLL_DEPLOY_FOREIGN` when something of the same name belongs to somebody else.
 */
export async function refuseForeign(client: ApiClient, name: string, objects: readonly KubeObject[]): Promise<void> {
  for (const object of objects) await readOwn(client, name, object);
}

/**
 * Applies objects one after the other, then removes those of the release that are not among them. Safe to repeat from any
 * point: each step says how things should be. Whether the API server takes them all is tried before anything is changed.
 * @throws AtollError `ATOLL_DEPLOY_FOREIGN` when something of the same name belongs to somebody else;
 * `ATOLL_DEPLOY_CONFLICT`; `ATOLL_KUBERNETES_REFUSED`; `ATOLL_KUBERNETES_FORBIDDEN`.
 */
export async function applyObjects(
  client: ApiClient,
  name: string,
  objects: readonly KubeObject[],
  options: ApplyOptions,
): Promise<void> {
  await refuseForeign(client, name, objects);
  for (const dryRun of [true, false])
    for (const object of objects) await applyObject(client, object, { ...options, dryRun });
  for (const object of await leftovers(client, name, objects)) await removeObject(client, object);
}

/** Makes the namespace where it is missing. */
export async function ensureNamespace(client: ApiClient, namespace: string): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  try {
    await client.request({ path: `/api/v1/namespaces/${namespace}` });
  } catch (error) {
    // Whoever may not look may still be allowed to work in it.
    if (isApiError(error, 403)) return;
    if (!isApiError(error, 404)) throw error;
    await client.request({ method: 'POST', path: '/api/v1/namespaces', body });
  }
}

/** An object as it is, or undefined when there is none. */
export async function readObject<T = KubeObject>(client: ApiClient, path: string): Promise<T | undefined> {
  try {
    return await client.request<T>({ path });
  } catch (error) {
    if (isApiError(error, 404)) return undefined;
    throw error instanceof ApiError && error.status === 403 ? forbidden(error) : error;
  }
}

async function readOwn(client: ApiClient, name: string, object: KubeObject): Promise<KubeObject | undefined> {
  const live = await readObject(client, objectPath(object));
  const { labels = {}, annotations = {} } = live?.metadata ?? {};
  const owner = labels[releaseLabel];
  const manager = labels[managerLabel];
  if (!live || (owner === name && manager === 'atoll')) return live;
  const helm = annotations['meta.helm.sh/release-name'];
  const whose = owner !== name ? (owner ?? labels.release ?? manager) : manager;
  const evidence =
    helm !== undefined
      ? `It belongs to the Helm release ${helm}, which \`helm upgrade\` brings up to date.`
      : whose === undefined
        ? `It has no label ${releaseLabel}.`
        : `It belongs to: ${whose}.`;
  throw new AtollError(
    'ATOLL_DEPLOY_FOREIGN',
    `${nameOf(object)} is there already, and is not of the release ${name}.`,
    { evidence },
  );
}

/** Applies one object. @throws as {@link applyObjects} */
export async function applyObject(
  client: ApiClient,
  object: KubeObject,
  { forceConflicts, dryRun }: ApplyOptions & { dryRun: boolean },
): Promise<KubeObject> {
  try {
    return await client.request<KubeObject>({
      method: 'PATCH',
      path: objectPath(object),
      query: { fieldManager, force: forceConflicts, dryRun: dryRun ? 'All' : undefined, fieldValidation: 'Strict' },
      contentType: 'application/apply-patch+yaml',
      body: object,
    });
  } catch (error) {
    throw applyErrorOf(error, object);
  }
}

function applyErrorOf(error: unknown, object: KubeObject): unknown {
  if (!(error instanceof ApiError)) return error;
  const causes = error.causes.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`));
  const evidence = (causes.join('\n  ') || error.message).slice(0, 2000);
  if (error.status === 409)
    return new AtollError('ATOLL_DEPLOY_CONFLICT', `Somebody else has changed ${nameOf(object)}.`, {
      evidence,
      cause: error,
    });
  if (error.status === 403) return forbidden(error);
  if (error.status === 422 || error.status === 400 || error.isUnreadable)
    return new RefusedError(object, evidence, error);
  return error;
}

/** What the release has on the cluster and should not have any more. */
async function leftovers(client: ApiClient, name: string, objects: readonly KubeObject[]): Promise<KubeObject[]> {
  const namespace = objects.find(({ metadata }) => metadata.namespace !== undefined)?.metadata.namespace ?? '';
  const wanted = new Set(objects.map(nameOf));
  const found: KubeObject[] = [];
  for (const kind of Object.keys(resources)) {
    if (kept.has(kind)) continue;
    const items = await listOwn(client, kind, namespace, name);
    for (const item of items) {
      const object = { ...item, kind, apiVersion: item.apiVersion ?? '' };
      if (!wanted.has(nameOf(object))) found.push(object);
    }
  }
  return found;
}

async function listOwn(client: ApiClient, kind: string, namespace: string, name: string): Promise<KubeObject[]> {
  const query = { labelSelector: `${releaseLabel}=${name},${managerLabel}=atoll` };
  try {
    return (await client.request<{ items: KubeObject[] }>({ path: collectionPath(kind, namespace), query })).items;
  } catch (error) {
    // A kind that this cluster does not have, or that this account may not look at: then it has not made any either.
    if (isApiError(error, 404) || (isApiError(error, 403) && !resources[kind]?.namespaced)) return [];
    throw error instanceof ApiError && error.status === 403 ? forbidden(error) : error;
  }
}

/** Removes an object, and what Kubernetes made for it. */
export async function removeObject(client: ApiClient, object: KubeObject): Promise<void> {
  try {
    await client.request({ method: 'DELETE', path: objectPath(object), body: { propagationPolicy: 'Background' } });
  } catch (error) {
    if (!isApiError(error, 404)) throw error;
  }
}
