import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiFrame } from '../../src/api/frame/apiFrame.ts';
import { addHubRoutes } from '../../src/api/hub/createHubApi.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';

let world: IdentityWorld;
let frame: ApiFrame;
let document: {
  paths: Record<string, Record<string, { responses: object; security?: unknown; requestBody?: unknown }>>;
};

beforeAll(async () => {
  world = await openIdentityWorld();
  await world.user('root', true);
  await world.user('ada');
  const log = silentLogger();
  frame = new ApiFrame({ identity: world.identity, log });
  const options = {
    identity: world.identity,
    log,
    servers: { modelsOf: () => Promise.resolve(new Map()) },
    workloads: [],
    shutDown: () => undefined,
  };
  addHubRoutes(frame, options);
  document = (await (await world.request('/hub/api/openapi.json')).json()) as typeof document;
});
afterAll(() => world.close());

/** The routes that need a scope, with a path that names `victim` and things of theirs. */
function scopedRoutes() {
  return frame.routes.flatMap(({ method, path, access }) =>
    typeof access === 'object'
      ? [{ method, access, path: path.replace('{user}', 'victim').replace(/\{\w+\}/g, 'thing') }]
      : [],
  );
}

async function statusOf(method: string, path: string, token: string | undefined): Promise<number> {
  const body = method === 'GET' ? {} : { body: 'not json at all' };
  const headers = token === undefined ? {} : { authorization: `token ${token}` };
  return (await world.request(`/hub/api${path}`, { method, headers, ...body })).status;
}

describe('who may call which route', () => {
  test('there are routes to walk over', () => {
    expect(frame.routes.length).toBeGreaterThan(25);
    expect(scopedRoutes().length).toBeGreaterThan(20);
  });

  test('without credentials nothing that needs a scope answers', async () => {
    for (const { method, path, access } of scopedRoutes())
      expect(await statusOf(method, path, undefined), `${method} ${path}`).toBe(access.orAnonymous ? 400 : 403);
  });

  test('a token without scopes gets nothing', async () => {
    const token = await world.token('ada', ['read:users:name!user']);
    const allowed: string[] = [];
    for (const { method, path } of scopedRoutes()) {
      const status = await statusOf(method, path, token);
      if (![403, 404].includes(status)) allowed.push(`${method} ${path}`);
    }
    expect(allowed).toEqual([]);
  });

  test('a user gets nothing of somebody else, and is not told that it exists', async () => {
    await world.user('victim');
    const token = await world.token('ada');
    const allowed: string[] = [];
    for (const { method, path } of scopedRoutes()) {
      const status = await statusOf(method, path, token);
      if (![403, 404].includes(status)) allowed.push(`${method} ${path} ${status}`);
    }
    expect(allowed).toEqual([]);
  });

  test('filtered to somebody else, not one of the scopes opens a route', async () => {
    const allowed: string[] = [];
    for (const { method, path, access } of scopedRoutes()) {
      const filters = ['user=ada', 'server=ada/', 'group=other', 'service=other'];
      const scopes = access.anyOf.flatMap((scope) => filters.map((filter) => `${scope}!${filter}`));
      const status = await statusOf(method, path, await world.token('root', scopes));
      // Lists answer for the part that is reached.
      const expected = access.filtered ? [200] : [403, 404];
      if (!expected.includes(status)) allowed.push(`${method} ${path} ${status}`);
    }
    expect(allowed).toEqual([]);
  });

  test('each of the scopes alone opens the route (as far as its body)', async () => {
    const refused: string[] = [];
    for (const { method, path, access } of scopedRoutes()) {
      for (const scope of access.anyOf) {
        const response = await world.request(`/hub/api${path}`, {
          method,
          headers: { authorization: `token ${await world.token('root', [scope])}` },
          ...(method !== 'GET' && method !== 'DELETE' && { body: 'not json' }),
        });
        if (response.status === 403 || (await response.text()).includes('No access to resources'))
          refused.push(`${method} ${path} with ${scope}`);
      }
    }
    expect(refused).toEqual([]);
  });
});

describe('the OpenAPI document', () => {
  test('has exactly the routes that there are', () => {
    const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.sort()).toEqual(frame.routes.map(({ method, path }) => `${method} ${path}`).sort());
  });

  test('names path parameters, bodies and credentials', () => {
    const patch = document.paths['/users/{user}']?.patch;
    expect(patch).toMatchObject({
      parameters: [{ name: 'user', in: 'path', required: true }],
      security: [{ token: [] }],
      description: 'Needs any of: admin:users.',
    });
    expect(patch?.requestBody).toBeDefined();
    expect(document.paths['/']?.get?.security).toBeUndefined();
    expect(document.paths['/oauth2/token']?.post?.requestBody).toMatchObject({
      content: { 'application/x-www-form-urlencoded': {} },
    });
  });

  test('is OpenAPI 3.1 with every reference resolved', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', servers: [{ url: '/hub/api' }] });
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1] ?? '');
    const { schemas } = (document as unknown as { components: { schemas: object } }).components;
    expect(references.length).toBeGreaterThan(10);
    expect(references.filter((name) => !Object.hasOwn(schemas, name))).toEqual([]);
  });
});
