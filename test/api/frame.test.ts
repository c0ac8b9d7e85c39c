import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';

let world: IdentityWorld;
let admin: string;
beforeAll(async () => {
  world = await openIdentityWorld();
  await world.user('root', true);
  admin = `token ${await world.token('root')}`;
});
afterAll(() => world.close());

/** Calls the API as an administrator, or with another `Authorization`. */
async function call(method: string, path: string, init: RequestInit = {}, authorization: string | null = admin) {
  const headers = new Headers(init.headers);
  if (authorization !== null) headers.set('authorization', authorization);
  const response = await world.request(`/hub/api${path}`, { method, ...init, headers });
  const text = await response.text();
  const isJson = response.headers.get('content-type') === 'application/json';
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: (isJson ? JSON.parse(text) : null) as never,
  };
}

describe('every answer', () => {
  test.each([
    ['GET', '/', 200],
    ['GET', '', 200],
    ['GET', '/health', 200],
    ['HEAD', '/health', 200],
    ['GET', '/users', 200],
    ['GET', '/nothing', 404],
    ['GET', '/users/', 404],
    ['PUT', '/users', 405],
    ['OPTIONS', '/users', 200],
    ['POST', '/users', 400],
  ])('%s %s has the version, and a policy against frames', async (method, path, status) => {
    const answer = await call(method, path);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('x-jupyterhub-version')).toBe('6.1.1');
    const policy = answer.headers.get('content-security-policy');
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain('/hub/security/csp-report');
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('http');
    expect(answer.headers.get('access-control-allow-headers')).toBe('accept, content-type, authorization');
    expect(answer.text === '' || answer.headers.get('content-type') === 'application/json').toBe(true);
  });

  test('the root tells the version to everybody, of every origin; nothing else does', async () => {
    const root = await call('GET', '/', { headers: { origin: 'https://elsewhere.example' } }, null);
    expect(root.json).toEqual({ version: '6.1.1' });
    expect(root.headers.get('access-control-allow-origin')).toBe('*');
    expect((await call('GET', '/user')).headers.get('access-control-allow-origin')).toBeNull();
  });

  test('an error has a status, a sentence, our code and a next step', async () => {
    expect((await call('GET', '/users/nobody')).json).toEqual({
      status: 404,
      message: 'No such user: nobody',
      code: 'ATOLL_NOT_FOUND',
      next_step: 'Check the address.',
    });
    const wrongMethod = await call('PUT', '/users');
    expect(wrongMethod.json).toMatchObject({ status: 405, code: 'ATOLL_METHOD_NOT_ALLOWED' });
    expect(wrongMethod.headers.get('allow')).toBe('GET, POST, HEAD, OPTIONS');
  });

  test('what a client has already is not sent again', async () => {
    const first = await call('GET', '/users');
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[0-9a-f]{40}"$/);
    const second = await call('GET', '/users', { headers: { 'if-none-match': etag } });
    expect(second).toMatchObject({ status: 304, text: '' });
    expect(second.headers.get('etag')).toBe(etag);
    expect((await call('GET', '/users', { headers: { 'if-none-match': '"other"' } })).status).toBe(200);
  });
});

describe('credentials', () => {
  test.each([
    ['token', true],
    ['Token', true],
    ['bearer', true],
    ['BEARER', true],
    ['Basic', false],
    ['jupyterhub', false],
  ])('the scheme %s is known: %s', async (scheme, known) => {
    const authorization = admin.replace('token', scheme);
    expect((await call('GET', '/user', {}, authorization)).status).toBe(known ? 200 : 403);
  });

  test.each(['token', 'token ', 'token a b', 'token nonsense', `token ${'x'.repeat(10_000)}`, ''])(
    '%j is refused with 403, never 401',
    async (authorization) => {
      expect(await call('GET', '/user', {}, authorization)).toMatchObject({
        status: 403,
        json: { status: 403, message: 'Missing or invalid credentials.' },
      });
    },
  );

  test('a token in the address is not looked at', async () => {
    expect((await call('GET', `/user?token=${admin.slice(6)}`, {}, null)).status).toBe(403);
  });
});

describe('bodies', () => {
  const post = (body: string | Uint8Array<ArrayBuffer>, headers = {}) => call('POST', '/users', { body, headers });

  test.each<[string, string | Uint8Array<ArrayBuffer>]>([
    ['text', 'usernames=a'],
    ['half of it', '{"usernames": ["a"'],
    ['bytes that are not UTF-8', new Uint8Array([0x7b, 0xff, 0x7d])],
  ])('%s is not JSON', async (_what, body) => {
    expect(await post(body)).toMatchObject({ status: 400, json: { message: 'Invalid JSON in body of request' } });
  });

  test.each([
    ['null'],
    ['[]'],
    ['"x"'],
    ['{}'],
    ['{"usernames": "abc"}'],
    ['{"usernames": [1]}'],
    ['{"usernames": []}'],
    ['{"usernames": ["a"], "admin": "yes"}'],
    ['{"__proto__": {"usernames": ["a"]}}'],
    [''],
  ])('%s is not what is wanted: 400, with a sentence', async (body) => {
    const answer = await post(body);
    expect(answer).toMatchObject({ status: 400, json: { code: 'ATOLL_BAD_REQUEST' } });
    expect(answer.text).not.toMatch(/\bat .*\.ts|node_modules|ZodError/);
  });

  test('the type of the content does not matter to a program with a token', async () => {
    expect((await post('{"usernames": ["typed"]}', { 'content-type': 'text/plain' })).status).toBe(201);
  });

  test('a large one is cut off', async () => {
    const body = JSON.stringify({ usernames: ['x'.repeat(2_000_000)] });
    expect(await post(body)).toMatchObject({ status: 413, json: { code: 'ATOLL_BODY_TOO_LARGE' } });
  });

  test('one that is nested too deeply is refused', async () => {
    const nested = (levels: number): string => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    const properties = async (body: string) => call('PUT', '/groups/deep/properties', { body });
    await world.identity.groups.create(['deep'], []);
    expect(await properties(nested(100_000))).toMatchObject({ status: 400, json: { code: 'ATOLL_BAD_REQUEST' } });
    expect((await properties(nested(101))).status).toBe(400);
    expect((await properties(nested(90))).status).toBe(200);
  });

  test('an endless one is cut off too', async () => {
    let chunks = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        chunks++;
        controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    const init = { body: endless, duplex: 'half' } as unknown as RequestInit;
    expect((await call('POST', '/users', init)).status).toBe(413);
    expect(chunks).toBeLessThan(40);
  });
});

describe('pages of a list', () => {
  const paged = { headers: { accept: 'application/jupyterhub-pagination+json' } };
  beforeAll(async () => {
    await world.identity.users.create(Array.from({ length: 210 }, (_, n) => `many${String(n).padStart(3, '0')}`));
  });

  test('a bare list, 200 long at most, for who does not ask for pages', async () => {
    expect((await call('GET', '/users')).json).toHaveLength(200);
    expect((await call('GET', '/users?limit=3')).json).toHaveLength(3);
    expect((await call('GET', '/users?limit=1000')).json).toHaveLength(200);
    expect((await call('GET', '/users?limit=0')).json).toHaveLength(1);
  });

  test('pages of 50, each with the address of the next, of this origin', async () => {
    const first = (await call('GET', '/users?name_filter=many', paged)).json as {
      items: { name: string }[];
      _pagination: { offset: number; limit: number; total: number; next: { url: string } };
    };
    expect(first.items).toHaveLength(50);
    expect(first._pagination).toEqual({
      offset: 0,
      limit: 50,
      total: 210,
      next: { offset: 50, limit: 50, url: 'http://hub.test/hub/api/users?name_filter=many&offset=50&limit=50' },
    });
    const names = new Set<string>();
    let next: string | undefined = '/users?name_filter=many';
    while (next !== undefined) {
      const page = (await call('GET', next, paged)).json as typeof first;
      for (const { name } of page.items) names.add(name);
      next = (page._pagination.next as { url: string } | null)?.url.replace('http://hub.test/hub/api', '');
    }
    expect(names.size).toBe(210);
  });

  test.each(['limit=x', 'offset=1.5', 'limit=', 'offset=99999999999999999999', 'limit=0x10'])(
    '%s: 400',
    async (query) => {
      expect(await call('GET', `/users?${query}`)).toMatchObject({
        status: 400,
        json: { message: 'Invalid argument type, offset and limit must be integers' },
      });
    },
  );

  test('minus signs are ignored, and an offset beyond the end is an empty list', async () => {
    expect((await call('GET', '/users?limit=-3&offset=-1')).json).toHaveLength(3);
    expect((await call('GET', '/users?offset=9007199254740991')).json).toEqual([]);
  });
});

test('a defect is a 500 that tells nothing of the inside', async () => {
  const broken = vi.spyOn(world.identity.users, 'list').mockRejectedValue(new Error('secret detail'));
  const answer = await call('GET', '/users');
  broken.mockRestore();
  expect(answer).toMatchObject({ status: 500, json: { code: 'ATOLL_INTERNAL' } });
  expect(answer.text).not.toContain('secret detail');
});

test('POST /shutdown takes booleans only', async () => {
  expect((await call('POST', '/shutdown', { body: '{"servers": 1}' })).status).toBe(400);
  expect(world.shutDowns).toEqual([]);
  expect(await call('POST', '/shutdown', { body: '{"servers": true}' })).toMatchObject({
    status: 202,
    json: { message: 'Shutting down Hub' },
  });
  expect((await call('POST', '/shutdown')).status).toBe(202);
  expect(world.shutDowns).toEqual([{ servers: true }, { servers: false }]);
});
