import { randomBytes } from 'node:crypto';
import type { Secret, Service } from 'kubernetes-types/core/v1.js';
import { loadSettings } from '../config/loadSettings.ts';
import type { Settings } from '../config/settings.ts';
import type { ValuesInput } from '../config/values/parseValues.ts';
import { AtollError } from '../core/errors.ts';
import type { ApiClient } from '../kubernetes/apiClient.ts';
import {
  applyObjects,
  ensureNamespace,
  type PlannedChange,
  planObjects,
  RefusedError,
  readObject,
  refuseForeign,
} from './applyRelease.ts';
import { type RequireLock, withDeployLock } from './deployLock.ts';
import { type Revision, readHistory, writeRevision } from './history.ts';
import { hasHttpsPort } from './objects/edgeTls.ts';
import { imagesOf } from './objects/pullerObjects.ts';
import { serviceNames } from './ports.ts';
import { pullImages } from './pullImages.ts';
import type { Release } from './release.ts';
import { renderRelease } from './renderRelease.ts';
import { settingsBehind } from './settingsBehind.ts';
import { type Health, waitForRelease } from './waitForRelease.ts';

/** What is to be deployed. */
export interface DeployRequest {
  client: ApiClient;
  name: string;
  namespace: string;
  settings: Settings;
  inputs: readonly ValuesInput[];
  /** Undefined: what the settings name (`atoll.deploy.image`). */
  image: string | undefined;
  forceConflicts: boolean;
  /** Milliseconds for the release to become healthy. */
  patienceMs: number;
  onProgress: (line: string) => void;
}

/** Deployed things, and where they are reached. */
export interface Deployed {
  revision: number;
  /** Where people come in, or undefined while nobody has given an address. */
  address: string | undefined;
}

/**
 * Installs a release or brings it up to date, waits until it is healthy, and says what it waits for. One that does not become
 * healthy is taken back to the last one that was. May be interrupted at any point, and repeated. One at a time.
 * @throws AtollError `ATOLL_DEPLOY_UNHEALTHY`, and those of {@link applyObjects} and {@link withDeployLock}.
 */
export async function deployRelease(request: DeployRequest): Promise<Deployed> {
  await ensureNamespace(request.client, request.namespace);
  return withDeployLock(request, (requireLock) => deployLocked(request, requireLock));
}

async function deployLocked(request: DeployRequest, requireLock: RequireLock): Promise<Deployed> {
  const { client, name, namespace, inputs, onProgress } = request;
  const release = await releaseOf(request);
  const history = await readHistory(client, namespace, name);
  const number = (history.at(-1)?.number ?? 0) + 1;
  const revision: Revision = { number, at: Date.now(), image: release.image, inputs: [...inputs], healthy: false };
  const objects = renderRelease(release);
  await refuseForeign(client, name, objects);
  if (await hasNewImages(release, history)) await pullImages(client, release, request);
  requireLock();
  await tellingSettings(client, release, () => applyObjects(client, name, objects, request));
  requireLock();
  await writeRevision(client, namespace, name, revision);
  const health = await waitForRelease(client, namespace, name, { milliseconds: request.patienceMs, onProgress });
  requireLock();
  if (health.healthy) {
    await writeRevision(client, namespace, name, { ...revision, healthy: true });
    return { revision: number, address: await addressOf(client, release) };
  }
  const good = history.findLast(({ healthy }) => healthy);
  if (good) {
    onProgress(`It does not become healthy: back to revision ${good.number}.`);
    const before = await releaseOf({ ...request, ...(await settingsOf(good)), image: good.image });
    await applyObjects(client, name, renderRelease(before), request);
    await waitForRelease(client, namespace, name, { milliseconds: request.patienceMs, onProgress });
  }
  throw unhealthy(health, good);
}

/** Whether servers may be started from an image that they were not started from before. */
async function hasNewImages(release: Release, history: readonly Revision[]): Promise<boolean> {
  const before = history.findLast(({ healthy }) => healthy);
  if (!before || !release.settings.deployment.prePuller.hook.pullOnlyOnChanges) return true;
  const known = new Set(imagesOf((await settingsOf(before)).settings));
  return imagesOf(release.settings).some((image) => !known.has(image));
}

/** Says what {@link deployRelease} would change. Changes nothing. */
export async function planRelease(request: DeployRequest): Promise<PlannedChange[]> {
  const release = await releaseOf(request);
  return tellingSettings(request.client, release, () =>
    planObjects(request.client, request.name, renderRelease(release), request),
  );
}

/** Does something with a release's objects. When Kubernetes refuses one, says which line of the settings is behind that. */
async function tellingSettings<T>(client: ApiClient, release: Release, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const lines = await settingsBehind(client, release, error.object);
    throw new AtollError(error.code, error.message, {
      evidence: [error.evidence, ...lines.map((line) => `It comes from ${line}`)].join('\n  '),
      cause: error,
    });
  }
}

/** What {@link rollBackRelease} needs: all else is in the revision. */
type RollbackRequest = Omit<DeployRequest, 'settings' | 'inputs' | 'image'>;

/**
 * Brings back the revision before the present one (or `to`), as a new revision.
 * @throws AtollError `ATOLL_DEPLOY_NO_RELEASE` when there is none, and as {@link deployRelease}.
 */
export async function rollBackRelease(request: RollbackRequest, to?: number): Promise<Deployed> {
  await earlierRevision(request, to);
  return withDeployLock(request, async (requireLock) => {
    const target = await earlierRevision(request, to);
    return deployLocked({ ...request, ...(await settingsOf(target)), image: target.image }, requireLock);
  });
}

async function earlierRevision({ client, namespace, name }: RollbackRequest, to?: number): Promise<Revision> {
  const history = await readHistory(client, namespace, name);
  const present = history.at(-1);
  const target =
    to === undefined
      ? history.findLast(({ number, healthy }) => healthy && number !== present?.number)
      : history.find(({ number }) => number === to);
  if (target) return target;
  throw new AtollError('ATOLL_DEPLOY_NO_RELEASE', `There is no earlier revision of ${name} to go back to.`, {
    evidence: `Revisions: ${history.map(({ number, healthy }) => `${number}${healthy ? '' : ' (not healthy)'}`).join(', ') || 'none'}.`,
  });
}

/** A release as it would be made now: with the secrets that it has, or new ones. */
export async function releaseOf(
  request: Omit<DeployRequest, 'onProgress' | 'patienceMs' | 'forceConflicts'>,
): Promise<Release> {
  const { client, name, namespace, settings, inputs } = request;
  const image = imageOf(request.image, settings);
  const controlToken = settings.deployment.secretToken ?? (await keptToken(client, namespace)) ?? newControlToken();
  return { name, namespace, settings, inputs, image, controlToken };
}

async function keptToken(client: ApiClient, namespace: string): Promise<string | undefined> {
  const path = `/api/v1/namespaces/${namespace}/secrets/atoll-keys`;
  const kept = (await readObject<Secret>(client, path))?.data?.['control-token'];
  return kept === undefined ? undefined : Buffer.from(kept, 'base64').toString('utf8');
}

/** A secret for hub and edges. */
export function newControlToken(): string {
  return randomBytes(32).toString('hex');
}

/**
 * Atoll's own image.
 * @throws AtollError `ATOLL_DEPLOY_IMAGE` when nobody named one.
 */
export function imageOf(image: string | undefined, { deployment }: Settings): string {
  if (image !== undefined) return image;
  const { name } = deployment.image;
  if (name === undefined) throw new AtollError('ATOLL_DEPLOY_IMAGE', 'Which image holds Atoll itself is not known.');
  return name;
}

async function settingsOf({ inputs }: Revision): Promise<{ settings: Settings; inputs: readonly ValuesInput[] }> {
  const { settings } = await loadSettings(inputs, { runtime: 'kubernetes' });
  return { settings, inputs };
}

async function addressOf(client: ApiClient, { namespace, settings }: Release): Promise<string | undefined> {
  const { ingress, edge } = settings.deployment;
  const [host] = ingress.hosts;
  if (ingress.enabled && host !== undefined) return `http${ingress.tls.length > 0 ? 's' : ''}://${host}`;
  const service = await readObject<Service>(client, `/api/v1/namespaces/${namespace}/services/${serviceNames.edge}`);
  const isSecure = hasHttpsPort(edge.https);
  const [name] = edge.https.hosts;
  if (isSecure && name !== undefined) return `https://${name}`;
  const [balancer] = service?.status?.loadBalancer?.ingress ?? [];
  const address = balancer?.hostname ?? balancer?.ip;
  return address === undefined ? undefined : `http${isSecure ? 's' : ''}://${address}`;
}

function unhealthy(health: Health, good: Revision | undefined): AtollError {
  const reasons = health.troubles.flatMap(({ name, reason, lines }) => [
    `${name}: ${reason}`,
    ...lines.map((line) => `  | ${line}`),
  ]);
  const outcome = good ? ` It is back at revision ${good.number}.` : '';
  return new AtollError('ATOLL_DEPLOY_UNHEALTHY', `The release did not become healthy.${outcome}`, {
    evidence: [...health.progress, ...reasons].join('\n  '),
  });
}
