import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Topic } from '../../src/store/changeFeed.ts';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';

let world: IdentityWorld;
beforeEach(async () => {
  world = await openIdentityWorld({
    services: {
      culler: {
        name: 'culler',
        apiToken: 'short-8!',
        admin: true,
        display: true,
        oauthNoConfirm: false,
        oauthClientAllowedScopes: [],
        info: {},
      },
    },
    authentication: { blockedUsers: ['blocked'] },
  });
});
afterEach(() => world.close());

/** Collects what the change feed tells. */
function followed(topic: Topic): string[] {
  const keys: string[] = [];
  world.store.changes.follow(topic, (key) => keys.push(key));
  return keys;
}

async function login(name: string): Promise<{ cookie: string; sessionId: string }> {
  const { cookie, session } = await world.identity.sessions.begin((await world.user(name)).id);
  return { cookie: `jupyterhub-hub-login=${cookie}`, sessionId: session.sessionId };
}

describe('tokens', () => {
  test('say who and what, and are kept as hashes', async () => {
    const secret = await world.token('ada');
    expect(secret).toMatch(/^[0-9a-f]{32}$/);
    expect(await world.identity.fromToken(secret)).toMatchObject({
      kind: 'user',
      name: 'ada',
      admin: false,
      groups: [],
      tokenId: 'a1',
    });
    const rows = await world.store.db.selectFrom('api_tokens').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(secret);
  });

  test.each(['', 'x', '0'.repeat(32), 'x'.repeat(1_000_000)])('an unknown one is nobody', async (secret) => {
    expect(await world.identity.fromToken(secret)).toBeUndefined();
  });

  test('expire', async () => {
    const { id } = await world.user('ada');
    const { secret } = await world.identity.tokens.create({ userId: id, scopes: [], note: '', expiresInSeconds: 60 });
    world.clock.advance(59);
    expect(await world.identity.fromToken(secret)).toBeDefined();
    world.clock.advance(1);
    expect(await world.identity.fromToken(secret)).toBeUndefined();
    expect(await world.identity.tokens.list(id)).toEqual([]);
  });

  test('never do more than their owner at the moment of use', async () => {
    await world.user('ada', true);
    const secret = await world.token('ada', ['admin:users', 'read:users!user=grace']);
    const before = await world.identity.fromToken(secret);
    expect(before?.scopes.hasUnfiltered('admin:users')).toBe(true);
    await world.identity.users.setAdmin('ada', false);
    const after = await world.identity.fromToken(secret);
    // Of what was asked for, only what everybody may do with themselves is left.
    expect(after?.scopes.has('admin:users')).toBe(false);
    expect(after?.scopes.toList().every((scope) => scope.endsWith('!user=ada'))).toBe(true);
  });

  test('of a service are known whatever their length, and hold what its roles give', async () => {
    const culler = await world.identity.fromToken('short-8!');
    expect(culler).toMatchObject({ kind: 'service', name: 'culler', admin: true });
    expect(culler?.scopes.hasUnfiltered('list:users')).toBe(true);
    expect(await world.identity.fromToken('short-8')).toBeUndefined();
  });

  test('of a blocked user are nobody', async () => {
    expect(await world.identity.fromToken(await world.token('blocked'))).toBeUndefined();
  });

  test('are 1000 at most for one user', async () => {
    const { id } = await world.user('ada');
    const values = Array.from({ length: 1000 }, (_, n) => ({
      hash: `h${n}`,
      user_id: id,
      scopes: '[]',
      note: '',
      created_at: 0,
    }));
    await world.store.db.insertInto('api_tokens').values(values).execute();
    await expect(world.token('ada')).rejects.toMatchObject({ code: 'ATOLL_TOO_MANY_TOKENS' });
    await world.identity.issueServerCredentials({ user: 'ada', serverName: '' });
    expect(await world.token('grace')).toMatch(/./);
  });

  test('of an OAuth client are 1000 at most for one user: the oldest ends, and the edge is told', async () => {
    const { id } = await world.user('ada');
    const { clientId } = await world.identity.issueServerCredentials({ user: 'ada', serverName: '' });
    const oauth = { userId: id, scopes: [], note: '', oauthClientId: clientId };
    const first = await world.identity.tokens.create(oauth);
    const values = Array.from({ length: 999 }, (_, n) => ({
      hash: `h${n}`,
      user_id: id,
      oauth_client_id: clientId,
      scopes: '[]',
      note: '',
      created_at: 0,
    }));
    await world.store.db.insertInto('api_tokens').values(values).execute();
    const told = followed('tokens');
    const last = await world.identity.tokens.create(oauth);
    expect(told).toEqual([`a${first.token.id}`, `a${last.token.id}`]);
    expect(await world.identity.fromToken(first.secret)).toBeUndefined();
    expect(await world.identity.fromToken(last.secret)).toBeDefined();
    expect((await world.identity.tokens.list(id)).filter(({ oauthClientId }) => oauthClientId)).toHaveLength(1000);
  });

  test('that others obtained for the servers of a user end with the user, and the edge is told', async () => {
    await world.user('ada');
    const { clientId } = await world.identity.issueServerCredentials({ user: 'ada', serverName: '' });
    const guest = await world.user('guest');
    const { secret, token } = await world.identity.tokens.create({
      userId: guest.id,
      scopes: [],
      note: '',
      oauthClientId: clientId,
    });
    const told = followed('tokens');
    await world.identity.users.delete('ada');
    expect(await world.identity.fromToken(secret)).toBeUndefined();
    expect(told).toContain(`a${token.id}`);
  });

  test('and their users show when they were last used; not to the second', async () => {
    const secret = await world.token('ada');
    await world.identity.fromToken(secret);
    const used = world.clock.now();
    world.clock.advance(10);
    await world.identity.fromToken(secret);
    await world.identity.close();
    const { id } = await world.user('ada');
    const [token] = await world.identity.tokens.list(id);
    expect(token?.lastActivity).toBe(used);
    expect((await world.user('ada')).lastActivity).toBe(used);
  });
});

describe('logins', () => {
  test('are random, kept as hashes, and end after 14 days', async () => {
    const { cookie } = await login('ada');
    expect(cookie.length).toBeGreaterThan(60);
    expect(await world.identity.fromCookies(cookie)).toMatchObject({ kind: 'user', name: 'ada' });
    const rows = await world.store.db.selectFrom('sessions').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(cookie.split('=')[1]);
    world.clock.advance(14 * 24 * 3600);
    expect(await world.identity.fromCookies(cookie)).toBeUndefined();
  });

  test('are 1000 at most for one user: the oldest ends, with its tokens', async () => {
    const first = await login('ada');
    const { id } = await world.user('ada');
    const { secret } = await world.identity.tokens.create({
      userId: id,
      scopes: [],
      note: '',
      sessionId: first.sessionId,
    });
    const values = Array.from({ length: 999 }, (_, n) => ({
      id_hash: `h${n}`,
      session_id: `s${n}`,
      user_id: id,
      created_at: world.clock.now() + 1,
      expires_at: world.clock.now() + 60_000,
    }));
    await world.store.db.insertInto('sessions').values(values).execute();
    world.clock.advance(1);
    const last = await login('ada');
    expect(await world.identity.fromCookies(first.cookie)).toBeUndefined();
    expect(await world.identity.fromToken(secret)).toBeUndefined();
    expect(await world.identity.fromCookies(last.cookie)).toMatchObject({ name: 'ada' });
    expect(await world.identity.sessions.findByPublicId('s0')).toBeDefined();
  });

  test('the public id opens nothing', async () => {
    const { sessionId } = await login('ada');
    expect(await world.identity.fromCookies(`jupyterhub-hub-login=${sessionId}`)).toBeUndefined();
    expect(await world.identity.fromCookies(`jupyterhub-session-id=${sessionId}`)).toBeUndefined();
    expect(await world.identity.fromViewCookies(`atoll-view=${sessionId}`)).toBeUndefined();
  });

  test('end with a logout: cookie, OAuth tokens, and the edge is told (GHSA-cw7p-q79f-m2v7)', async () => {
    const { cookie, sessionId } = await login('ada');
    const other = await login('ada');
    const view = `atoll-view=${world.identity.view.issue({ sessionId } as never)}`;
    const { id } = await world.user('ada');
    const { clientId } = await world.identity.issueServerCredentials({ user: 'ada', serverName: '' });
    const oauth = { userId: id, scopes: [], note: '', oauthClientId: clientId };
    const mine = await world.identity.tokens.create({ ...oauth, sessionId });
    const others = await world.identity.tokens.create({ ...oauth, sessionId: other.sessionId });
    expect(await world.identity.fromViewCookies(view)).toMatchObject({ name: 'ada', sessionId });
    const [sessions, tokens] = [followed('sessions'), followed('tokens')];

    await world.identity.sessions.end(sessionId);
    expect(await world.identity.fromCookies(cookie)).toBeUndefined();
    expect(await world.identity.fromViewCookies(view)).toBeUndefined();
    expect(await world.identity.fromToken(mine.secret)).toBeUndefined();
    expect(sessions).toEqual([sessionId]);
    expect(tokens).toEqual([`a${mine.token.id}`]);
    expect(await world.identity.fromCookies(other.cookie)).toMatchObject({ name: 'ada' });
    expect(await world.identity.fromToken(others.secret)).toBeDefined();
  });

  test('a second login in the same request (a tossed cookie, CVE-2024-28233) is nobody, and ends both', async () => {
    const [victim, attacker] = [await login('ada'), await login('mallory')];
    expect(await world.identity.fromCookies(`${attacker.cookie}; ${victim.cookie}`)).toBeUndefined();
    expect(await world.identity.fromCookies(victim.cookie)).toBeUndefined();
    expect(await world.identity.fromCookies(attacker.cookie)).toBeUndefined();
  });

  test('values that are no login do not hide the one that is', async () => {
    const { cookie } = await login('ada');
    const header = `a=b; jupyterhub-hub-login=nonsense; ${cookie}; jupyterhub-hub-login=${'x'.repeat(43)}; ${cookie}`;
    expect(await world.identity.fromCookies(header)).toMatchObject({ name: 'ada' });
    const many = Array.from({ length: 50 }, (_, n) => `jupyterhub-hub-login=${n}`).join('; ');
    expect(await world.identity.fromCookies(`${many}; ${cookie}`)).toBeUndefined();
  });

  test('a view cookie that was altered, or is somebody else’s beside mine, shows nothing', async () => {
    const [ada, mallory] = [await login('ada'), await login('mallory')];
    const view = ({ sessionId }: { sessionId: string }) => world.identity.view.issue({ sessionId } as never);
    expect(await world.identity.fromViewCookies(`atoll-view=${view(ada).slice(0, -2)}AA`)).toBeUndefined();
    expect(
      await world.identity.fromViewCookies(`atoll-view=${view(ada)}; atoll-view=${view(mallory)}`),
    ).toBeUndefined();
  });

  test('deleting a user ends everything of theirs', async () => {
    const { cookie, sessionId } = await login('ada');
    const secret = await world.token('ada');
    await world.identity.groups.create(['class'], ['ada']);
    const [users, sessions, groups] = [followed('users'), followed('sessions'), followed('groups')];
    await world.identity.users.delete('ada');
    expect(await world.identity.fromCookies(cookie)).toBeUndefined();
    expect(await world.identity.fromToken(secret)).toBeUndefined();
    expect([users, sessions, groups]).toEqual([['ada'], [sessionId], ['class']]);
    await world.user('ada');
    expect(await world.identity.fromToken(secret)).toBeUndefined();
  });

  test('renaming a user ends their logins and tokens, and keeps the person', async () => {
    const { cookie } = await login('ada');
    const { id } = await world.user('ada');
    await world.identity.users.rename('ada', 'countess');
    expect(await world.identity.fromCookies(cookie)).toBeUndefined();
    expect((await world.identity.users.get('countess'))?.id).toBe(id);
    await world.user('grace');
    await expect(world.identity.users.rename('countess', 'grace')).rejects.toThrow(/already exists/);
  });
});

describe('credentials of servers', () => {
  test('let a server report activity and open Dask clusters, and do nothing else', async () => {
    await world.user('ada');
    const { token, clientId, ...rest } = await world.identity.issueServerCredentials({
      user: 'ada',
      serverName: 'gpu',
    });
    expect(clientId).toBe('jupyterhub-user-ada-gpu');
    expect(rest).toEqual({
      callbackUrl: '/user/ada/gpu/oauth_callback',
      accessScopes: ['access:servers!server=ada/gpu', 'access:servers!user=ada'],
      clientAllowedScopes: [],
      servicePrefix: '/user/ada/gpu/',
      activityPath: '/hub/api/users/ada/activity',
      cookieHostPrefix: false,
    });
    const server = await world.identity.fromToken(token);
    expect(server?.scopes.toList()).toEqual([
      'access:servers!server=ada/gpu',
      'access:services!service=dask-gateway',
      'read:users:activity!user=ada',
      'read:users:groups!user=ada',
      'read:users:name!user=ada',
      'users:activity!user=ada',
    ]);
  });

  test('are not made with a scope that does not exist: a profile or a hook may have named it', async () => {
    await world.user('ada');
    const server = { user: 'ada', serverName: '' };
    for (const scopes of [{ tokenScopes: ['self', 'nonsense'] }, { oauthClientAllowedScopes: ['nonsense'] }])
      await expect(world.identity.issueServerCredentials(server, scopes)).rejects.toMatchObject({
        code: 'ATOLL_SCOPE_INVALID',
        message: expect.stringContaining('"nonsense"') as string,
      });
    expect(await world.identity.oauthClients.get('jupyterhub-user-ada')).toBeUndefined();
  });

  test('with all that the owner may do are still theirs to lose', async () => {
    await world.user('ada', true);
    const { token } = await world.identity.issueServerCredentials(
      { user: 'ada', serverName: '' },
      { tokenScopes: ['inherit'] },
    );
    expect((await world.identity.fromToken(token))?.scopes.has('admin:users')).toBe(true);
    await world.identity.users.setAdmin('ada', false);
    expect((await world.identity.fromToken(token))?.scopes.has('admin:users')).toBe(false);
  });

  test('need a user', async () => {
    await expect(world.identity.issueServerCredentials({ user: 'nobody', serverName: '' })).rejects.toMatchObject({
      code: 'ATOLL_NOT_FOUND',
    });
  });

  test('of an earlier start end with the next one; other servers keep theirs', async () => {
    await world.user('ada');
    const first = await world.identity.issueServerCredentials({ user: 'ada', serverName: '' });
    const other = await world.identity.issueServerCredentials({ user: 'ada', serverName: 'gpu' });
    const second = await world.identity.issueServerCredentials({ user: 'ada', serverName: '' });
    expect(second.clientId).toBe(first.clientId);
    expect(await world.identity.fromToken(first.token)).toBeUndefined();
    expect(await world.identity.fromToken(second.token)).toBeDefined();
    expect(await world.identity.fromToken(other.token)).toBeDefined();
    expect(await world.identity.oauthClients.authenticate(first.clientId, first.token)).toBeUndefined();
    await world.identity.revokeServerCredentials({ user: 'ada', serverName: '' });
    expect(await world.identity.fromToken(second.token)).toBeUndefined();
    expect(await world.identity.oauthClients.get(second.clientId)).toBeUndefined();
    expect(await world.identity.fromToken(other.token)).toBeDefined();
  });

  test('have client ids of their own, also where upstream would give the same', async () => {
    await world.user('a');
    await world.user('a-b');
    await world.user('a@b.org');
    const idOf = async (user: string, serverName: string): Promise<string> =>
      (await world.identity.issueServerCredentials({ user, serverName })).clientId;
    const ids = [await idOf('a', 'b'), await idOf('a-b', ''), await idOf('a', 'b-c'), await idOf('a-b', 'c')];
    expect(ids[0]).toBe('jupyterhub-user-a-b');
    expect(ids[1]).toMatch(/^jupyterhub-user-a-b-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(4);
    expect(await idOf('a-b', '')).toBe(ids[1]);
    expect(await idOf('a@b.org', '')).toBe('jupyterhub-user-a%40b.org');
    // Nobody can take the other id as well, so that somebody else's server could not start.
    await world.identity.revokeServerCredentials({ user: 'a-b', serverName: '' });
    expect(await idOf('a', (ids[1] ?? '').replace('jupyterhub-user-a-', ''))).toBe(ids[1]);
    expect(await idOf('a-b', '')).toMatch(/^jupyterhub-user-a-b-[0-9a-f]{12}$/);
  });

  test('a server’s use of its token says nothing about the person', async () => {
    await world.user('ada');
    const { token } = await world.identity.issueServerCredentials({ user: 'ada', serverName: '' });
    await world.identity.fromToken(token);
    await world.identity.close();
    expect((await world.user('ada')).lastActivity).toBeNull();
  });
});
