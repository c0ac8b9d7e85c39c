import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import type { Lease } from 'kubernetes-types/coordination/v1.js';
import { AtollError } from '../core/errors.ts';
import type { ApiClient } from '../kubernetes/apiClient.ts';
import { ApiError, isApiError } from '../kubernetes/apiError.ts';
import { forbidden } from '../runtimes/kubernetes/startError.ts';
import { readObject } from './applyRelease.ts';
import { managerLabel } from './release.ts';

/** After so long without a sign of life, whoever holds the lock has been killed. */
const leaseSeconds = 12;
const renewMs = 3000;
const lookMs = 1000;

/** What {@link withDeployLock} needs. */
export interface DeployLockRequest {
  client: ApiClient;
  name: string;
  namespace: string;
  /** Milliseconds to wait for another deployment to end. */
  patienceMs: number;
  onProgress: (line: string) => void;
}

/** Throws when somebody else has taken the lock, as may happen to a program that was suspended. */
export type RequireLock = () => void;

/**
 * Does something with a release while nobody else does: a Lease says who is at it. Who comes second waits, and is told for
 * whom. The lock of a program that was killed lapses.
 * @throws AtollError `ATOLL_DEPLOY_BUSY` when the other one takes too long, or has taken the lock over.
 */
export async function withDeployLock<T>(
  request: DeployLockRequest,
  work: (requireLock: RequireLock) => Promise<T>,
): Promise<T> {
  const { client } = request;
  let held = await acquire(request);
  let lost: AtollError | undefined;
  let renewing = Promise.resolve();
  const renew = async (): Promise<void> => {
    try {
      held = await put(client, { ...held, spec: { ...held.spec, renewTime: now() } });
    } catch (error) {
      // Without an answer it is tried again.
      if (!isApiError(error, 409) && !isApiError(error, 404)) return;
      const present = await read(client, held).catch(() => held);
      // It may be our own renewal, whose answer was lost.
      if (present && isSameHolder(present, held)) held = present;
      else lost = busy(request, present, error);
    }
  };
  const timer = setInterval(() => {
    renewing = renewing.then(() => (lost ? undefined : renew()));
  }, renewMs);
  try {
    return await work(() => {
      if (lost) throw lost;
    });
  } finally {
    clearInterval(timer);
    await renewing;
    if (!lost) await release(client, held);
  }
}

async function acquire(request: DeployLockRequest): Promise<Lease> {
  const { client, patienceMs, onProgress } = request;
  const deadline = Date.now() + patienceMs;
  // Clocks differ: what counts is for how long nothing new was seen here.
  let seen: { version: string | undefined; at: number } | undefined;
  for (;;) {
    const wanted = leaseOf(request);
    const other = await createOrRead(client, wanted);
    if (other === undefined) continue;
    if (isSameHolder(other, wanted)) return other;
    const version = other.metadata?.resourceVersion;
    if (seen === undefined) onProgress(`${holderOf(other)} is deploying ${request.name}; waiting until that is done.`);
    if (seen === undefined || seen.version !== version) seen = { version, at: Date.now() };
    else if (Date.now() - seen.at > leaseSeconds * 1000) {
      onProgress(`${holderOf(other)} gives no sign of life any more; going on without.`);
      await release(client, other);
      continue;
    }
    if (Date.now() > deadline) throw busy(request, other);
    await wait(lookMs);
  }
}

/** The Lease as it is: ours, when there was none. Undefined: another one came and went meanwhile. */
async function createOrRead(client: ApiClient, lease: Lease): Promise<Lease | undefined> {
  try {
    return await client.request<Lease>({ method: 'POST', path: collection(lease), body: lease });
  } catch (error) {
    if (!isApiError(error, 409)) throw error instanceof ApiError && error.status === 403 ? forbidden(error) : error;
  }
  return read(client, lease);
}

function read(client: ApiClient, lease: Lease): Promise<Lease | undefined> {
  return readObject<Lease>(client, pathOf(lease));
}

function isSameHolder(one: Lease, other: Lease): boolean {
  return one.spec?.holderIdentity === other.spec?.holderIdentity;
}

function put(client: ApiClient, lease: Lease): Promise<Lease> {
  return client.request<Lease>({ method: 'PUT', path: pathOf(lease), body: lease });
}

/** Removes a Lease, if it is still the same. */
async function release(client: ApiClient, lease: Lease): Promise<void> {
  const { resourceVersion } = lease.metadata ?? {};
  try {
    await client.request({ method: 'DELETE', path: pathOf(lease), body: { preconditions: { resourceVersion } } });
  } catch (error) {
    // Somebody was faster, or it lapses.
    if (!(error instanceof ApiError)) throw error;
  }
}

function leaseOf({ name, namespace }: DeployLockRequest): Lease {
  const at = now();
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: `atoll-deploy-${name}`, namespace, labels: { [managerLabel]: 'atoll' } },
    spec: {
      holderIdentity: `${userInfo().username}@${hostname()}_${identity}`,
      leaseDurationSeconds: leaseSeconds,
      acquireTime: at,
      renewTime: at,
    },
  };
}

/** This run of the program. */
const identity = randomUUID();

function holderOf({ spec }: Lease): string {
  const [who = 'somebody'] = (spec?.holderIdentity ?? 'somebody').split('_');
  const since = spec?.acquireTime === undefined ? '' : ` (since ${spec.acquireTime.slice(11, 19)} UTC)`;
  return `${who}${since}`;
}

function busy({ name }: DeployLockRequest, other: Lease | undefined, cause?: unknown): AtollError {
  return new AtollError('ATOLL_DEPLOY_BUSY', `Somebody else is deploying ${name}.`, {
    evidence: other ? `It is ${holderOf(other)}.` : 'The Lease that says who deploys was taken over or removed.',
    cause,
  });
}

/** A time as Kubernetes' MicroTime. */
function now(): string {
  return new Date().toISOString().replace('Z', '000Z');
}

function collection({ metadata }: Lease): string {
  return `/apis/coordination.k8s.io/v1/namespaces/${metadata?.namespace}/leases`;
}

function pathOf(lease: Lease): string {
  return `${collection(lease)}/${lease.metadata?.name}`;
}
