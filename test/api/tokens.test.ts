import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';

let world: IdentityWorld;
beforeEach(async () => {
  world = await openIdentityWorld({
    authentication: { authenticator: 'dummy', classes: { dummy: { password: 'open sesame' } } },
    services: {
      issuer: {
        name: 'issuer',
        apiToken: 'the-token-of-the-issuer',
        admin: false,
        display: true,
        oauthNoConfirm: false,
        oauthClientAllowedScopes: [],
        info: {},
      },
    },
    customScopes: { 'custom:grades:read': { description: 'Read grades', scopes: [] } },
    roles: [
      {
        name: 'grading',
        description: '',
        scopes: ['custom:grades:read'],
        users: ['grace'],
        groups: [],
        services: [],
      },
      {
        name: 'issuing',
        description: '',
        scopes: ['tokens', 'read:users'],
        users: [],
        groups: [],
        services: ['issuer'],
      },
    ],
  });
  await world.user('root', true);
  await world.user('ada');
});
afterEach(() => world.close());

async function call(token: string | null, method: string, path: string, body?: unknown) {
  const response = await world.request(`/hub/api${path}`, {
    method,
    headers: token === null ? {} : { authorization: `token ${token}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: (text === '' ? null : JSON.parse(text)) as Record<string, unknown> };
}

const make = async (body?: unknown, token?: string) =>
  call(token ?? (await world.token('ada')), 'POST', '/users/ada/tokens', body);

describe('making a token', () => {
  test('a scope or role of absurd length is refused', async () => {
    const long = `self!user=${'x'.repeat(1000)}`;
    expect((await make({ scopes: [long] })).status).toBe(400);
    expect((await make({ roles: [long] })).status).toBe(400);
  });

  test('without wishes gives one that can do what its owner can', async () => {
    const { status, json } = await make();
    expect(status).toBe(201);
    expect(json).toMatchObject({
      kind: 'api_token',
      id: 'a2',
      user: 'ada',
      roles: [],
      created: '2026-11-23T12:00:00.000000Z',
      last_activity: null,
      expires_at: null,
      note: 'Requested via api',
      session_id: null,
      oauth_client: 'JupyterHub',
    });
    expect(json.scopes).toContain('servers!user=ada');
    expect(await world.identity.fromToken(String(json.token))).toMatchObject({ name: 'ada' });
  });

  test('its use is seen at once, in its own model and in that of its owner', async () => {
    const { json } = await make();
    const self = await call(String(json.token), 'GET', '/user');
    expect(self.json.last_activity).toBe('2026-11-23T12:00:00.000000Z');
    const token = await call(await world.token('root'), 'GET', `/users/ada/tokens/${String(json.id)}`);
    expect(token.json.last_activity).toBe('2026-11-23T12:00:00.000000Z');
  });

  test('with wishes gives one that can do that', async () => {
    const { json } = await make({
      note: 'for cron',
      expires_in: 3600,
      scopes: ['read:servers!user', 'read:users:name!user'],
    });
    expect(json).toMatchObject({ note: 'for cron', expires_at: '2026-11-23T13:00:00.000000Z' });
    expect(json.scopes).toEqual(['read:servers!user=ada', 'read:users:groups!user=ada', 'read:users:name!user=ada']);
    const roles = await make({ roles: ['user'] });
    expect(roles.json.scopes).toContain('tokens!user=ada');
  });

  test.each<[unknown, string]>([
    [{ expires_in: 'x' }, "token expires_in must be null or integer, not 'x'"],
    [{ expires_in: 1.5 }, 'token expires_in must be null or integer, not 1.5'],
    [{ expires_in: true }, 'token expires_in must be null or integer, not true'],
    [{ expires_in: -1 }, 'expires_in must be a positive integer or null, not -1'],
    [{ expires_in: 0 }, 'expires_in must be a positive integer or null, not 0'],
    [{ expires_in: 1e300 }, 'token expires_in must be at most 3153600000 seconds, not 1e+300'],
    [{ scopes: ['bogus'] }, "Scope 'bogus' for token does not exist"],
    [{ roles: ['bogus'] }, 'No such role: bogus'],
    [{ roles: ['user'], scopes: ['self'] }, 'Specify either roles or scopes, not both'],
    [{ scopes: ['admin:users'] }, 'Not assigning requested scopes admin:users not held by User ada'],
    [{ scopes: ['read:users!user=root'] }, 'Not assigning requested scopes read:users!user=root not held by User ada'],
    [{ scopes: 'self' }, '`scopes`: Invalid input: expected array, received string'],
    [{ note: 5 }, '`note`: Invalid input: expected string, received number'],
  ])('%j: 400', async (body, message) => {
    const answer = await make(body);
    expect(answer.status).toBe(400);
    expect(answer.json.message).toBe(message);
  });

  test('with a lesser token never gives more than that token has', async () => {
    const lesser = await world.token('ada', ['tokens!user', 'read:servers!user']);
    expect((await make(undefined, lesser)).status).toBe(403);
    expect((await make({ scopes: ['servers!user'] }, lesser)).status).toBe(403);
    expect((await make({ scopes: ['inherit'] }, lesser)).status).toBe(403);
    expect((await make({ scopes: ['read:servers!user'] }, lesser)).status).toBe(201);
  });

  test('an administrator makes one for somebody with a custom scope, which the role admin does not hold; nobody with less does', async () => {
    await world.user('grace');
    const made = await call(await world.token('root'), 'POST', '/users/grace/tokens');
    expect(made.status).toBe(201);
    expect(made.json.scopes).toContain('custom:grades:read');
    const narrow = await call(await world.token('root'), 'POST', '/users/root/tokens', {
      scopes: ['tokens', 'admin:users'],
    });
    for (const token of ['the-token-of-the-issuer', String(narrow.json.token)])
      expect(await call(token, 'POST', '/users/grace/tokens', { scopes: ['custom:grades:read'] })).toMatchObject({
        status: 403,
        json: { message: expect.stringContaining('custom:grades:read not held by') },
      });
  });

  test('for somebody else needs the scope, and gives no more than the maker has', async () => {
    // 403 as with JupyterHub, whether there is such a user or not.
    for (const user of ['root', 'nobody'])
      expect((await call(await world.token('ada'), 'POST', `/users/${user}/tokens`)).status).toBe(403);
    expect((await call(await world.token('root'), 'POST', '/users/nobody/tokens')).status).toBe(403);
    const issuer = 'the-token-of-the-issuer';
    expect((await call(issuer, 'POST', '/users/root/tokens')).status).toBe(403);
    expect((await call(issuer, 'POST', '/users/root/tokens', { scopes: ['admin:users'] })).status).toBe(403);
    const answer = await call(issuer, 'POST', '/users/ada/tokens', { scopes: ['read:users!user'] });
    expect(answer).toMatchObject({ status: 201, json: { note: 'Requested via api by service issuer' } });
    expect((await call(await world.token('root'), 'POST', '/users/ada/tokens')).json.note).toBe(
      'Requested via api by user root',
    );
  });

  test('is possible with what one types into the sign-in page', async () => {
    const auth = { username: 'Ada', password: 'open sesame' };
    expect(await make({ auth }, 'nonsense')).toMatchObject({ status: 403 });
    const answer = await call(null, 'POST', '/users/ada/tokens', { auth });
    expect(answer.status).toBe(201);
    expect((await call(null, 'POST', '/users/ada/tokens', { auth: { ...auth, password: 'x' } })).status).toBe(403);
    expect((await call(null, 'POST', '/users/root/tokens', { auth })).status).toBe(403);
    expect((await call(null, 'POST', '/users/ada/tokens')).status).toBe(403);
    expect((await call(null, 'GET', '/users/ada/tokens')).status).toBe(403);
  });
});

describe('the tokens one has', () => {
  test('are listed without their secrets, and not when they have expired', async () => {
    const token = await world.token('ada');
    await make({ expires_in: 60 }, token);
    const list = await call(token, 'GET', '/users/ada/tokens');
    expect((list.json.api_tokens as { id: string }[]).map(({ id }) => id)).toEqual(['a1', 'a2']);
    expect(JSON.stringify(list.json)).not.toContain(token);
    world.clock.advance(60);
    expect((await call(token, 'GET', '/users/ada/tokens')).json.api_tokens).toHaveLength(1);
  });

  test('are shown and revoked one by one', async () => {
    const [token, other] = [await world.token('ada'), await world.token('ada')];
    expect(await call(token, 'GET', '/users/ada/tokens/a2')).toMatchObject({ status: 200, json: { id: 'a2' } });
    expect(await call(token, 'DELETE', '/users/ada/tokens/a2')).toMatchObject({ status: 204 });
    expect((await call(other, 'GET', '/user')).status).toBe(403);
    expect(await call(token, 'GET', '/users/ada/tokens/a2')).toMatchObject({
      status: 404,
      json: { message: 'No such token a2 for user ada' },
    });
  });

  test('of others are out of reach', async () => {
    const token = await world.token('ada');
    await world.token('root');
    for (const id of ['a2', 'a999', 'b1', 'a1e0', '%2e%2e'])
      expect((await call(token, 'DELETE', `/users/ada/tokens/${id}`)).status).toBe(404);
    expect((await call(token, 'GET', '/users/root/tokens')).status).toBe(404);
  });

  test('are listed with one look at each OAuth client, however many of its tokens there are', async () => {
    const { clientId } = await world.identity.issueServerCredentials({ user: 'ada', serverName: '' });
    const { id } = await world.user('ada');
    for (let count = 0; count < 20; count++)
      await world.identity.tokens.create({ userId: id, scopes: [], note: '', oauthClientId: clientId });
    const token = await world.token('ada');
    const looks = vi.spyOn(world.identity.oauthClients, 'get');
    const { json } = await call(token, 'GET', '/users/ada/tokens');
    const listed = json.api_tokens as { oauth_client: string; scopes: string[] }[];
    const issued = listed.filter(({ oauth_client }) => oauth_client === 'Server at /user/ada/');
    expect(issued).toHaveLength(20);
    for (const { scopes } of issued) expect(scopes).toContain('access:servers!server=ada/');
    expect(looks).toHaveBeenCalledTimes(1);
  });

  test('of one OAuth client go together', async () => {
    const { clientId } = await world.identity.issueServerCredentials({ user: 'ada', serverName: '' });
    const { id } = await world.user('ada');
    const made = [1, 2].map(() =>
      world.identity.tokens.create({ userId: id, scopes: [], note: '', oauthClientId: clientId }),
    );
    const [first, second] = await Promise.all(made);
    const token = await world.token('ada');
    const { json } = await call(token, 'GET', `/users/ada/tokens/a${first?.token.id}`);
    expect(json.oauth_client).toBe('Server at /user/ada/');
    await call(token, 'DELETE', `/users/ada/tokens/a${first?.token.id}`);
    expect(await world.identity.fromToken(second?.secret ?? '')).toBeUndefined();
  });
});

test('whose a token is, in the old way, is told to programs with a token only', async () => {
  const [ada, root] = [await world.token('ada'), await world.token('root')];
  expect(await call(ada, 'GET', `/authorizations/token/${root}`)).toMatchObject({
    status: 200,
    json: { name: 'root' },
  });
  expect(await call(ada, 'GET', '/authorizations/token/the-token-of-the-issuer')).toMatchObject({
    status: 200,
    json: { kind: 'service', name: 'issuer' },
  });
  expect((await call(ada, 'GET', '/authorizations/token/nonsense')).status).toBe(404);
  // Who may see more of the owner sees it here too; nobody else does.
  expect((await call(root, 'GET', `/authorizations/token/${ada}`)).json).toMatchObject({
    name: 'ada',
    roles: ['user'],
  });
  expect((await call(ada, 'GET', `/authorizations/token/${root}`)).json).not.toHaveProperty('roles');
  expect((await call(null, 'GET', `/authorizations/token/${root}`)).status).toBe(403);
});

describe('where the settings limit how long tokens last', () => {
  let limited: IdentityWorld;
  beforeEach(async () => {
    limited = await openIdentityWorld({ tokens: { longestSeconds: 3600, oauthSeconds: 60, requirePkce: true } });
  });
  afterEach(() => limited.close());

  async function make(body: unknown): Promise<{ status: number; expires_at?: string | null }> {
    const response = await limited.request('/hub/api/users/ada/tokens', {
      method: 'POST',
      headers: { authorization: `token ${await limited.token('ada')}` },
      body: JSON.stringify(body),
    });
    return { ...((await response.json()) as object), status: response.status };
  }

  test('none lasts longer, however it is asked for', async () => {
    const latest = new Date(limited.clock.now() + 3_600_000).toISOString().replace('Z', '000Z');
    for (const body of [{}, { expires_in: null }, { expires_in: 3600 }])
      expect(await make(body)).toMatchObject({ status: 201, expires_at: latest });
    expect((await make({ expires_in: 3601 })).status).toBe(400);
    // In JupyterHub 5 this one is for ever.
    expect((await make({ expires_in: 0 })).status).toBe(400);
  });
});
