import type { Lease } from 'kubernetes-types/coordination/v1.js';
import { describe, expect, test } from 'vitest';
import { withDeployLock } from '../../src/deploy/deployLock.ts';
import type { ApiClient, ApiRequest } from '../../src/kubernetes/apiClient.ts';
import { ApiError } from '../../src/kubernetes/apiError.ts';
import { until } from '../support/until.ts';

/** One Lease, as an API server has it. */
class OneLease {
  lease: Lease | undefined;
  renewals = 0;
  #version = 0;

  request({ method = 'GET', body }: ApiRequest): Promise<unknown> {
    const given = body as Lease & { preconditions?: { resourceVersion?: string } };
    const version = this.lease?.metadata?.resourceVersion;
    if (method === 'POST' && this.lease) return Promise.reject(new ApiError(409, 'AlreadyExists', 'there'));
    if (method !== 'POST' && !this.lease) return Promise.reject(new ApiError(404, 'NotFound', 'not there'));
    if (method === 'PUT' && given.metadata?.resourceVersion !== version)
      return Promise.reject(new ApiError(409, 'Conflict', 'changed'));
    if (method === 'PUT') this.renewals += 1;
    if (method === 'PUT' || method === 'POST') this.#write(given);
    const answer = this.lease;
    if (method === 'DELETE' && given.preconditions?.resourceVersion !== version)
      return Promise.reject(new ApiError(409, 'Conflict', 'changed'));
    if (method === 'DELETE') this.lease = undefined;
    return Promise.resolve(answer);
  }

  /** As if somebody had written the same once more. */
  touch(): void {
    if (this.lease) this.#write(this.lease);
  }

  #write(lease: Lease): void {
    this.#version += 1;
    this.lease = { ...lease, metadata: { ...lease.metadata, resourceVersion: String(this.#version) } };
  }
}

const requestOn = (server: OneLease, lines: string[] = []) => ({
  client: server as unknown as ApiClient,
  name: 'dhub',
  namespace: 'hub',
  patienceMs: 60_000,
  onProgress: (line: string): void => void lines.push(line),
});

const other: Lease = { metadata: { name: 'x' }, spec: { holderIdentity: 'grace@laptop_1' } };

describe('the lock of a deployment', () => {
  test('is there while the work goes on, and gone afterwards, whatever came of the work', async () => {
    const server = new OneLease();
    await withDeployLock(requestOn(server), () => {
      expect(server.lease?.spec?.holderIdentity).toMatch(/@/);
      return Promise.resolve();
    });
    expect(server.lease).toBeUndefined();
    await expect(withDeployLock(requestOn(server), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(server.lease).toBeUndefined();
  });

  test('of somebody else is waited for', async () => {
    const server = new OneLease();
    await server.request({ method: 'POST', path: '', body: other });
    const lines: string[] = [];
    const working = withDeployLock(requestOn(server, lines), () => Promise.resolve('done'));
    await until('it says for whom it waits', () => lines.length > 0);
    expect(lines).toEqual(['grace@laptop is deploying dhub; waiting until that is done.']);
    server.lease = undefined;
    expect(await working).toBe('done');
  });

  test('is kept when the answer to a renewal was lost, and known to be lost when somebody took it', async () => {
    const server = new OneLease();
    await withDeployLock(requestOn(server), async (requireLock) => {
      server.touch();
      await until('it is renewed', () => server.renewals > 0);
      requireLock();
      server.lease = { ...other, metadata: { name: 'x', resourceVersion: 'another' } };
      await until('the loss is noticed', () => {
        try {
          requireLock();
          return false;
        } catch {
          return true;
        }
      });
      expect(requireLock).toThrow(expect.objectContaining({ code: 'ATOLL_DEPLOY_BUSY' }));
    });
    expect(server.lease?.spec?.holderIdentity).toBe('grace@laptop_1');
  });
});
