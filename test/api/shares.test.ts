import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';

/** As JupyterHub's documentation has it for people who may share: with others and groups by name. */
const sharers = {
  name: 'user',
  description: '',
  scopes: ['self', 'shares!user', 'read:users:name', 'read:groups:name'],
  users: [],
  groups: [],
  services: [],
};

let world: IdentityWorld;

beforeEach(async () => {
  world = await openIdentityWorld({ roles: [sharers], authentication: { authenticator: 'dummy', allowAll: true } });
  for (const name of ['ada', 'bob', 'eve']) await world.user(name);
  await world.server('ada', '');
  await world.server('ada', 'gpu');
});
afterEach(() => world.close());

async function call(
  name: string,
  method: string,
  path: string,
  body?: unknown,
  scopes?: readonly string[],
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await world.request(`/hub/api${path}`, {
    method,
    headers: { authorization: `token ${await world.token(name, scopes)}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

async function scopesOf(name: string, scopes?: readonly string[]): Promise<string[]> {
  return (await call(name, 'GET', '/user', undefined, scopes)).body.scopes as string[];
}

describe('sharing a server with a user', () => {
  test('gives access to that server only, and PATCH and DELETE take it away', async () => {
    const made = await call('ada', 'POST', '/shares/ada/', { user: 'bob' });
    expect(made).toMatchObject({
      status: 200,
      body: {
        kind: 'user',
        user: { name: 'bob' },
        group: null,
        scopes: ['access:servers!server=ada/'],
        server: { user: { name: 'ada' }, name: '', url: '/user/ada/', full_url: null, ready: false },
      },
    });
    expect(made.body.created_at).toMatch(/^\d{4}-\d\d-\d\dT.*000Z$/);
    expect(await scopesOf('bob')).toContain('access:servers!server=ada/');
    expect(await scopesOf('eve')).not.toContain('access:servers!server=ada/');

    const more = await call('ada', 'POST', '/shares/ada/', { user: 'bob', scopes: ['read:servers!server=ada/'] });
    expect(more.body.scopes).toEqual(['access:servers!server=ada/', 'read:servers!server=ada/']);
    const { body: less } = await call('ada', 'PATCH', '/shares/ada/', { user: 'bob', scopes: ['read:servers'] });
    expect(less.scopes).toEqual(['access:servers!server=ada/']);
    expect(await call('ada', 'PATCH', '/shares/ada/', { user: 'bob' })).toEqual({ status: 200, body: {} });
    expect(await scopesOf('bob')).not.toContain('access:servers!server=ada/');

    await call('ada', 'POST', '/shares/ada/gpu', { user: 'bob' });
    await call('ada', 'POST', '/shares/ada/gpu', { user: 'eve' });
    expect((await call('ada', 'DELETE', '/shares/ada/gpu')).status).toBe(204);
    expect((await call('ada', 'GET', '/shares/ada')).body.items).toEqual([]);
    expect(await scopesOf('eve')).not.toContain('access:servers!server=ada/gpu');
  });

  test('shows in the lists of owner and receiver, always with pages', async () => {
    await call('ada', 'POST', '/shares/ada/', { user: 'bob' });
    await call('ada', 'POST', '/shares/ada/gpu', { user: 'eve' });
    const { body } = await call('ada', 'GET', '/shares/ada?limit=1');
    expect(body).toMatchObject({ items: [{ user: { name: 'bob' } }], _pagination: { total: 2, limit: 1 } });
    expect((body._pagination as { next: { url: string } }).next.url).toContain('/hub/api/shares/ada?limit=1&offset=1');
    expect((await call('ada', 'GET', '/shares/ada/gpu')).body).toMatchObject({
      items: [{ user: { name: 'eve' } }],
      _pagination: { offset: 0, limit: 200, total: 1, next: null },
    });
    expect((await call('bob', 'GET', '/users/bob/shared')).body.items).toMatchObject([{ server: { name: '' } }]);
    expect((await call('bob', 'GET', '/users/bob/shared/ada/')).body).toMatchObject({ user: { name: 'bob' } });
    expect((await call('bob', 'GET', '/users/bob/shared/ada/gpu')).status).toBe(404);
    expect((await call('bob', 'GET', '/users/eve/shared')).status).toBe(404);
    expect((await call('bob', 'DELETE', '/users/bob/shared/ada/')).status).toBe(204);
    expect((await call('bob', 'GET', '/users/bob/shared')).body.items).toEqual([]);
  });

  test('follows a rename and ends with the server and with either user', async () => {
    await call('ada', 'POST', '/shares/ada/gpu', { user: 'bob' });
    await world.identity.users.rename('ada', 'ada2');
    expect(await scopesOf('bob')).toContain('access:servers!server=ada2/gpu');
    expect(await scopesOf('bob')).not.toContain('access:servers!server=ada/gpu');
    await world.identity.users.delete('bob');
    await world.user('bob');
    expect((await scopesOf('bob')).filter((scope) => scope.includes('ada'))).toEqual([]);
  });
});

describe('sharing a server with a group', () => {
  beforeEach(async () => {
    await world.identity.groups.create(['lab'], ['bob']);
    await call('ada', 'POST', '/shares/ada/', { group: 'lab' });
  });

  test('reaches the logins and the tokens of its members, as long as they are members', async () => {
    expect(await scopesOf('bob')).toContain('access:servers!server=ada/');
    // JupyterHub leaves group shares out of tokens that name scopes.
    expect(await scopesOf('bob', ['access:servers!server=ada/'])).toContain('access:servers!server=ada/');
    expect((await call('bob', 'GET', '/users/bob/shared')).body.items).toMatchObject([
      { kind: 'group', group: { name: 'lab' }, user: null },
    ]);
    await world.identity.groups.removeUsers('lab', ['bob']);
    expect(await scopesOf('bob')).not.toContain('access:servers!server=ada/');
  });

  test('is left with the scope groups:shares only', async () => {
    expect((await call('bob', 'GET', '/groups/lab/shared')).status).toBe(404);
    await world.user('root', true);
    expect((await call('root', 'GET', '/groups/lab/shared')).body.items).toHaveLength(1);
    expect((await call('root', 'GET', '/groups/lab/shared/ada/')).body).toMatchObject({ kind: 'group' });
    expect((await call('root', 'DELETE', '/groups/lab/shared/ada/')).status).toBe(204);
    expect((await call('root', 'GET', '/groups/lab/shared/ada/')).status).toBe(404);
  });
});

describe('nobody shares more than they hold', () => {
  test.each<[string, unknown, number]>([
    ['two grantees', { user: 'bob', group: 'lab' }, 400],
    ['no grantee', {}, 400],
    ['an unknown key', { user: 'bob', expires_in: 60 }, 400],
    ['an unknown scope', { user: 'bob', scopes: ['nonsense'] }, 400],
    ['a metascope', { user: 'bob', scopes: ['inherit'] }, 400],
    ['another filter', { user: 'bob', scopes: ['read:servers!user=ada'] }, 400],
    ['another server', { user: 'bob', scopes: ['access:servers!server=ada/gpu'] }, 400],
    ['a scope that the owner lacks', { user: 'bob', scopes: ['admin:server_state'] }, 403],
    ['a user who is not there', { user: 'nobody' }, 400],
    ['a group that is not there', { group: 'nobodies' }, 400],
    ['no object', [], 400],
  ])('%s', async (_name, body, status) => {
    expect((await call('ada', 'POST', '/shares/ada/', body)).status).toBe(status);
    expect((await call('ada', 'GET', '/shares/ada/')).body.items).toEqual([]);
  });

  test("somebody else's server is not there", async () => {
    expect((await call('eve', 'POST', '/shares/ada/', { user: 'eve' })).status).toBe(404);
    expect((await call('eve', 'POST', '/share-codes/ada/', {})).status).toBe(404);
    expect((await call('eve', 'GET', '/shares/ada')).status).toBe(404);
    expect((await call('ada', 'POST', '/shares/ada/none', { user: 'bob' })).status).toBe(404);
  });

  test('a token cannot share what it may not do itself', async () => {
    const scopes = ['shares!user', 'read:users:name'];
    expect((await call('ada', 'POST', '/shares/ada/', { user: 'bob', scopes: ['servers'] }, scopes)).status).toBe(403);
    expect((await call('ada', 'POST', '/shares/ada/', { user: 'bob' }, ['shares!user'])).status).toBe(403);
    expect((await call('ada', 'POST', '/shares/ada/', { user: 'bob' }, scopes)).status).toBe(200);
  });

  test('who has a share cannot pass it on, unless that is shared as well', async () => {
    await call('ada', 'POST', '/shares/ada/', { user: 'bob' });
    expect((await call('bob', 'POST', '/shares/ada/', { user: 'eve' })).status).toBe(404);
    expect((await call('bob', 'POST', '/share-codes/ada/', {})).status).toBe(404);
    await call('ada', 'POST', '/shares/ada/', { user: 'bob', scopes: ['shares'] });
    expect((await call('bob', 'POST', '/shares/ada/', { user: 'eve' })).status).toBe(200);
    expect((await call('bob', 'POST', '/shares/ada/gpu', { user: 'eve' })).status).toBe(404);
  });

  test('methods that need a server are refused without one', async () => {
    for (const method of ['POST', 'PATCH', 'DELETE'])
      for (const kind of ['shares', 'share-codes'])
        expect((await call('ada', method, `/${kind}/ada`, {})).status).toBe(405);
  });
});

describe('share codes', () => {
  test('are shown once, kept as a hash, and taken by whoever has them until they expire', async () => {
    const { status, body } = await call('ada', 'POST', '/share-codes/ada/gpu', { expires_in: 60 });
    expect(status).toBe(200);
    const code = body.code as string;
    expect(body).toMatchObject({
      scopes: ['access:servers!server=ada/gpu'],
      exchange_count: 0,
      last_exchanged_at: null,
      accept_url: `/hub/accept-share?code=${code}`,
      full_accept_url: `http://hub.test/hub/accept-share?code=${code}`,
    });
    const { body: list } = await call('ada', 'GET', '/share-codes/ada');
    expect(list.items).toMatchObject([{ id: body.id, exchange_count: 0 }]);
    expect(JSON.stringify(list)).not.toContain(code);
    const rows = await world.store.db.selectFrom('share_codes').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(code);

    await world.identity.shares.acceptCode(code, 'bob');
    await world.identity.shares.acceptCode(code, 'bob');
    await world.identity.shares.acceptCode(code, 'ada');
    expect(await scopesOf('bob')).toContain('access:servers!server=ada/gpu');
    expect((await call('ada', 'GET', '/share-codes/ada/gpu')).body.items).toMatchObject([{ exchange_count: 2 }]);
    expect((await call('ada', 'GET', '/shares/ada')).body.items).toHaveLength(1);
    world.clock.advance(61);
    await expect(world.identity.shares.acceptCode(code, 'eve')).rejects.toMatchObject({
      code: 'ATOLL_SHARE_CODE_INVALID',
    });
    expect((await call('ada', 'GET', '/share-codes/ada')).body.items).toEqual([]);
    // What was taken stays until it is revoked.
    expect(await scopesOf('bob')).toContain('access:servers!server=ada/gpu');
  });

  test('are deleted by id, by the code, or all; only of the server in the path', async () => {
    const make = async (path: string) => (await call('ada', 'POST', path, {})).body as { id: string; code: string };
    const [first, second] = [await make('/share-codes/ada/'), await make('/share-codes/ada/')];
    const other = await make('/share-codes/ada/gpu');
    expect((await call('ada', 'DELETE', `/share-codes/ada/?id=${other.id}`)).status).toBe(404);
    expect((await call('ada', 'DELETE', `/share-codes/ada/?id=7`)).status).toBe(404);
    expect((await call('ada', 'DELETE', `/share-codes/ada/?code=${other.code}`)).status).toBe(404);
    expect((await call('ada', 'DELETE', `/share-codes/ada/?id=${first.id}`)).status).toBe(204);
    expect((await call('ada', 'DELETE', `/share-codes/ada/?code=${second.code}`)).status).toBe(204);
    await make('/share-codes/ada/');
    expect((await call('ada', 'DELETE', '/share-codes/ada/')).status).toBe(204);
    expect((await call('ada', 'GET', '/share-codes/ada')).body.items).toMatchObject([{ id: other.id }]);
    await expect(world.identity.shares.acceptCode(first.code, 'bob')).rejects.toThrow(/unknown, revoked or too old/);
  });

  test.each([{ expires_in: 59 }, { expires_in: 31_536_001 }, { expires_in: '60' }, { code: 'mine' }])(
    'a request %j is refused',
    async (body) => {
      expect((await call('ada', 'POST', '/share-codes/ada/', body)).status).toBe(400);
    },
  );
});
