import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeRuntime } from '../support/fakeRuntime.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';

let runtime: FakeRuntime;
let hub: SmallHub;
beforeEach(async () => {
  runtime = new FakeRuntime();
  hub = await startSmallHub({ runtime });
  await hub.identity.users.ensure('root', true);
});
afterEach(async () => {
  await hub.close();
  for (const workload of runtime.workloads.values()) workload.close();
});

async function call(
  method: string,
  path: string,
  { user = 'root', body, accept = '*/*' }: { user?: string; body?: unknown; accept?: string } = {},
) {
  const response = await fetch(`${hub.url}/hub/api${path}`, {
    method,
    headers: { authorization: await hub.authorizationOf(user), accept },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? undefined : (JSON.parse(text) as Record<string, unknown>) };
}

describe('the routes, as the API shows them', () => {
  test('are those of the hub and of servers, by path', async () => {
    expect((await call('POST', '/users/root/server')).status).toBe(201);
    const { status, body } = await call('GET', '/proxy');
    expect(status).toBe(200);
    expect(body).toMatchObject({
      '/': { routespec: '/', data: { hub: true } },
      '/user/root/': { routespec: '/user/root/', data: { user: 'root', server_name: '' } },
    });
    expect(body).toMatchObject({
      '/user/root/': { target: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string },
    });
    const page = await call('GET', '/proxy?limit=1&offset=1', { accept: 'application/jupyterhub-pagination+json' });
    expect(page.body).toMatchObject({ items: { '/user/root/': {} }, _pagination: { total: 2, next: null } });
  });

  test('are looked at when asked', async () => {
    await call('POST', '/users/root/server');
    expect(await call('POST', '/proxy')).toEqual({ status: 200, body: undefined });
  });

  test('have no other proxy', async () => {
    for (const body of [{ api_url: 'http://127.0.0.1:1' }, [], 'x'])
      expect((await call('PATCH', '/proxy', { body })).status).toBe(400);
  });

  test('are for holders of the scope proxy', async () => {
    await hub.identity.users.ensure('ada');
    for (const method of ['GET', 'POST', 'PATCH'])
      expect((await call(method, '/proxy', { user: 'ada', body: method === 'PATCH' ? {} : undefined })).status).toBe(
        403,
      );
  });
});
