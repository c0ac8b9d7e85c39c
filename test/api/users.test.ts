import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';

let world: IdentityWorld;
beforeEach(async () => {
  world = await openIdentityWorld({
    services: {
      manager: {
        name: 'manager',
        apiToken: 'the-token-of-the-manager',
        admin: false,
        display: true,
        oauthNoConfirm: false,
        oauthClientAllowedScopes: [],
        info: {},
      },
    },
    groups: { class: { users: ['ada'], properties: {} }, staff: { users: [], properties: {} } },
    roles: [
      {
        name: 'managing',
        description: '',
        scopes: ['admin:users', 'groups!group=class'],
        users: [],
        groups: [],
        services: ['manager'],
      },
      { name: 'powerful', description: '', scopes: ['admin:servers'], users: [], groups: ['staff'], services: [] },
    ],
  });
  await world.user('root', true);
});
afterEach(() => world.close());

async function call(authorization: string, method: string, path: string, body?: unknown) {
  const response = await world.request(`/hub/api${path}`, {
    method,
    headers: { authorization: `token ${authorization}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: (text === '' ? null : JSON.parse(text)) as never };
}

const admin = async (method: string, path: string, body?: unknown) =>
  call(await world.token('root'), method, path, body);
const manager = (method: string, path: string, body?: unknown) => call('the-token-of-the-manager', method, path, body);

describe('a model', () => {
  const server = { name: '', ready: true, pending: null, url: '/user/ada/' };

  test('for an administrator has everything', async () => {
    world.servers.set('ada', [server]);
    const { json } = await admin('GET', '/users/ada');
    expect(json).toEqual({
      kind: 'user',
      name: 'ada',
      admin: false,
      user_info: null,
      groups: ['class'],
      last_activity: null,
      roles: ['user'],
      server: '/user/ada/',
      pending: null,
      created: '2026-11-23T12:00:00.000000Z',
      servers: { '': server },
      auth_state: null,
    });
  });

  test.each<[string[], string[]]>([
    [['read:users:name'], ['kind', 'name', 'admin', 'user_info']],
    [['read:users:groups'], ['kind', 'name', 'groups']],
    [['read:users:activity'], ['kind', 'name', 'last_activity']],
    [['read:roles:users'], ['kind', 'name', 'roles']],
    [['read:servers'], ['kind', 'name', 'admin', 'user_info', 'servers']],
    [
      ['read:users!group=class'],
      ['kind', 'name', 'admin', 'user_info', 'groups', 'last_activity', 'roles', 'server', 'pending', 'created'],
    ],
  ])('with %j has the keys %j', async (scopes, keys) => {
    world.servers.set('ada', [server]);
    const token = await world.token('root', scopes);
    const { json } = await call(token, 'GET', '/users/ada');
    expect(Object.keys(json).sort()).toEqual(keys.sort());
  });

  test('is not there for who may only see one of the servers', async () => {
    const token = await world.token('root', ['read:servers!server=ada/']);
    expect((await call(token, 'GET', '/users/ada')).status).toBe(404);
  });

  test('of oneself says what one holds', async () => {
    const { json } = await call(await world.token('ada', ['read:users:name!user']), 'GET', '/user');
    expect(json).toEqual({
      kind: 'user',
      name: 'ada',
      admin: false,
      user_info: null,
      groups: ['class'],
      token_id: 'a1',
      session_id: null,
      scopes: ['read:users:groups!user=ada', 'read:users:name!user=ada'],
    });
  });

  test('of a service says the same of it', async () => {
    const { json } = await manager('GET', '/user');
    expect(json).toMatchObject({ kind: 'service', name: 'manager', admin: false, token_id: null, session_id: null });
    expect((json as { scopes: string[] }).scopes).toContain('admin:users');
  });

  test('of somebody one may not see is 404, whether they exist or not', async () => {
    const token = await world.token('ada');
    const [known, unknown] = [await call(token, 'GET', '/users/root'), await call(token, 'GET', '/users/nobody')];
    expect(known).toEqual(unknown);
    expect(known).toMatchObject({ status: 404, json: { message: 'No access to resources or resources not found' } });
  });
});

describe('the list', () => {
  const names = ({ json }: { json: never }): string[] => (json as { name: string }[]).map((user) => user.name);

  test('is filtered by name, and wildcards are letters', async () => {
    await world.identity.users.create(['a_b', 'axb', 'a%b']);
    expect(names(await admin('GET', '/users?name_filter=A_B'))).toEqual(['a_b']);
    expect(names(await admin('GET', '/users?name_filter=%25'))).toEqual(['a%b']);
  });

  test('is filtered by the state of servers', async () => {
    const { id } = await world.user('ada');
    const { id: graceId } = await world.user('grace');
    const row = (user_id: number, phase: string) => ({
      user_id,
      phase,
      name: '',
      display_name: '',
      created_at: 0,
      desired: 'running',
      user_options: '{}',
    });
    await world.store.db
      .insertInto('servers')
      .values([row(id, 'ready'), row(graceId, 'starting')])
      .execute();
    expect(names(await admin('GET', '/users?state=ready'))).toEqual(['ada']);
    expect(names(await admin('GET', '/users?state=active'))).toEqual(['ada', 'grace']);
    expect(names(await admin('GET', '/users?state=inactive'))).toEqual(['root']);
    expect(await admin('GET', '/users?state=bogus')).toMatchObject({
      status: 400,
      json: { message: "Unrecognized state filter: 'bogus'" },
    });
  });

  test('is sorted', async () => {
    const { id } = await world.user('zoe');
    await world.store.db.updateTable('users').set({ last_activity: 5 }).where('id', '=', id).execute();
    expect(names(await admin('GET', '/users?sort=name'))).toEqual(['ada', 'root', 'zoe']);
    expect(names(await admin('GET', '/users?sort=-name'))).toEqual(['zoe', 'root', 'ada']);
    expect(names(await admin('GET', '/users?sort=-last_activity'))[0]).toMatch(/root|zoe/);
    expect(names(await admin('GET', '/users?sort=last_activity'))[0]).toBe('ada');
    expect(await admin('GET', '/users?sort=foo')).toMatchObject({
      status: 400,
      json: { message: "sort must be 'id', 'name', or 'last_activity', not 'foo'" },
    });
  });

  test('holds only those whom a filtered scope reaches', async () => {
    await world.identity.users.create(['grace', 'alan']);
    const listing = async (...scopes: string[]) => call(await world.token('root', scopes), 'GET', '/users');
    expect(names(await listing('list:users!group=class'))).toEqual(['ada']);
    expect(names(await listing('list:users!group=class', 'list:users!user=alan'))).toEqual(['ada', 'alan']);
    expect((await listing('list:users!server=ada/')).status).toBe(403);
    expect((await listing('read:users')).status).toBe(403);
  });
});

describe('creating', () => {
  test('several at once, normalised; those that exist are left out', async () => {
    const answer = await admin('POST', '/users', { usernames: ['Grace', 'ada', 'ALAN'] });
    expect(answer.status).toBe(201);
    expect((answer.json as { name: string }[]).map((user) => user.name)).toEqual(['grace', 'alan']);
    expect(await admin('POST', '/users', { usernames: ['grace', 'Alan'] })).toMatchObject({
      status: 409,
      json: { message: 'All 2 users already exist' },
    });
  });

  test.each(['a/b', '', '..', ' x', 'a\u0000b', '%2e%2e', 'x'.repeat(300)])(
    'one bad name (%j) among others creates nobody',
    async (name) => {
      const answer = await admin('POST', '/users', { usernames: ['grace', name] });
      expect(answer).toMatchObject({
        status: 400,
        json: { message: expect.stringMatching(/^Invalid username: /) as string },
      });
      expect((await admin('GET', '/users/grace')).status).toBe(404);
    },
  );

  test('a message cannot forge lines of a log, and is short (CVE-2026-54338)', async () => {
    const { json } = await admin('POST', '/users', { usernames: [`a\n2026 ERROR ${'x'.repeat(1000)}`] });
    const { message } = json as { message: string };
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThan(200);
  });

  test('one by its path', async () => {
    expect(await admin('POST', '/users/Grace', { admin: true })).toMatchObject({
      status: 201,
      json: { name: 'grace', admin: true },
    });
    expect(await admin('POST', '/users/grace')).toMatchObject({
      status: 409,
      json: { message: 'User grace already exists' },
    });
    expect((await admin('POST', '/users/%2e%2e%2f')).status).toBe(400);
  });

  test('needs the scope unfiltered, whatever the path (GHSA-69wv-m5fw-2fhp)', async () => {
    const token = await world.token('root', ['admin:users!user=new', 'admin:users!group=class']);
    expect((await call(token, 'POST', '/users/new')).status).toBe(403);
    expect((await call(token, 'POST', '/users', { usernames: ['new'] })).status).toBe(403);
    expect(await world.identity.users.get('new')).toBeUndefined();
  });
});

describe('no escalation', () => {
  test('administrators are made by administrators only (CVE-2024-41942)', async () => {
    const refused = { status: 403, json: { message: 'Only admins can grant admin permissions' } };
    expect(await manager('POST', '/users', { usernames: ['x'], admin: true })).toMatchObject(refused);
    expect(await manager('POST', '/users/x', { admin: true })).toMatchObject(refused);
    expect(await manager('PATCH', '/users/ada', { admin: true })).toMatchObject(refused);
    expect((await world.user('ada')).admin).toBe(false);
    expect(await admin('PATCH', '/users/ada', { admin: true })).toMatchObject({ status: 200, json: { admin: true } });
  });

  test('a token of an administrator does no more than its scopes say', async () => {
    const token = await world.token('root', ['admin:users!user=ada']);
    expect((await call(token, 'PATCH', '/users/ada', { admin: true })).status).toBe(403);
    expect((await call(token, 'PATCH', '/users/ada', { groups: [] })).status).toBe(403);
    // A new name is that of somebody's home, and perhaps of an account of the machine.
    expect(await call(token, 'PATCH', '/users/ada', { name: 'countess' })).toMatchObject({
      status: 403,
      json: { code: 'ATOLL_SCOPE_MISSING' },
    });
    expect(await admin('GET', '/users/ada')).toMatchObject({ json: { name: 'ada', admin: false, groups: ['class'] } });
    expect((await call(token, 'PATCH', '/users/ada', { name: 'Ada', admin: false })).status).toBe(200);
  });

  test('administrators are changed and deleted by administrators only', async () => {
    expect(await manager('PATCH', '/users/root', { name: 'toor' })).toMatchObject({ status: 403 });
    expect(await manager('PATCH', '/users/root', { admin: false })).toMatchObject({ status: 403 });
    expect(await manager('DELETE', '/users/root')).toMatchObject({ status: 403 });
    expect((await world.user('root')).admin).toBe(true);
  });

  test('nobody is given a name to which the settings give more than one has', async () => {
    const { settings } = world.identity;
    const roles = settings.roles.map((role) => (role.name === 'powerful' ? { ...role, users: ['operator'] } : role));
    await world.identity.reload({ ...settings, roles });
    expect(await manager('DELETE', '/users/operator')).toMatchObject({ status: 204 });
    expect(await manager('PATCH', '/users/ada', { name: 'operator' })).toMatchObject({ status: 403 });
    expect(await manager('PATCH', '/users/ada', { name: 'countess' })).toMatchObject({ status: 200 });
    expect(await admin('PATCH', '/users/countess', { name: 'operator' })).toMatchObject({ status: 200 });
  });

  test('nobody is put into a group that gives more than one has', async () => {
    expect(await manager('PATCH', '/users/ada', { groups: ['class', 'staff'] })).toMatchObject({ status: 403 });
    expect(await manager('PATCH', '/users/ada', { groups: [] })).toMatchObject({ status: 200, json: { groups: [] } });
    expect(await admin('PATCH', '/users/ada', { groups: ['staff'] })).toMatchObject({ json: { groups: ['staff'] } });
    const staffing = await world.token('root', ['groups']);
    expect(await call(staffing, 'POST', '/groups/staff/users', { users: ['ada'] })).toMatchObject({ status: 403 });
    expect(await call(staffing, 'POST', '/groups/class/users', { users: ['ada'] })).toMatchObject({ status: 200 });
  });
});

describe('changing', () => {
  test('renames, ends the tokens of the old name, and refuses a name that is taken or impossible', async () => {
    const token = await world.token('ada');
    expect(await admin('PATCH', '/users/ada', { name: 'Countess' })).toMatchObject({
      status: 200,
      json: { name: 'countess' },
    });
    expect((await call(token, 'GET', '/user')).status).toBe(403);
    expect(await admin('PATCH', '/users/countess', { name: 'root' })).toMatchObject({
      status: 400,
      json: { message: 'User root already exists, username must be unique' },
    });
    expect((await admin('PATCH', '/users/countess', { name: '..' })).status).toBe(400);
  });

  test('changes all of it or nothing', async () => {
    await world.user('ada');
    await world.user('grace');
    const { status } = await admin('PATCH', '/users/ada', {
      groups: ['lab'],
      admin: true,
      auth_state: { secret: 1 },
      name: 'grace',
    });
    expect(status).toBe(400);
    expect(await world.identity.groups.get('lab')).toBeUndefined();
    expect(await world.identity.users.get('ada')).toMatchObject({ admin: false });
  });

  test('makes no group that could not be made otherwise', async () => {
    await world.user('ada');
    for (const group of ['a/b', '..', 'a%2Fb', 'a\nb', ''])
      expect((await admin('PATCH', '/users/ada', { groups: [group] })).status).toBe(400);
    expect((await world.identity.groups.list({ offset: 0, limit: 10 })).total).toBe(2);
  });

  test('waits for servers to end before a rename or a deletion', async () => {
    world.busy.add('ada');
    expect(await admin('PATCH', '/users/ada', { name: 'countess' })).toMatchObject({ status: 400 });
    expect(await admin('DELETE', '/users/ada')).toMatchObject({ status: 400 });
    expect(await world.identity.users.get('ada')).toBeDefined();
    world.busy.clear();
    expect(await admin('DELETE', '/users/ada')).toEqual({ status: 204, json: null });
    expect(await admin('DELETE', '/users/ada')).toMatchObject({ status: 404 });
  });

  test.each([{ color: 'red' }, { roles: ['admin'] }, { name: 5 }, { groups: 'class' }])('%j: 400', async (body) => {
    expect(await admin('PATCH', '/users/ada', body)).toMatchObject({ status: 400 });
  });

  test('keeps the auth state sealed, and shows it to who may see it', async () => {
    const state = { access_token: 'gho_verysecret' };
    expect(await admin('PATCH', '/users/ada', { auth_state: state })).toMatchObject({ json: { auth_state: state } });
    const rows = await world.store.db.selectFrom('users').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain('gho_verysecret');
    expect((await call(await world.token('ada'), 'GET', '/users/ada')).json).not.toHaveProperty('auth_state');
    expect((await admin('GET', '/users')).json).not.toContain('gho_verysecret');
    expect(await admin('PATCH', '/users/ada', { auth_state: null })).toMatchObject({ json: { auth_state: null } });
  });

  test('oneself one cannot delete', async () => {
    expect(await admin('DELETE', '/users/root')).toMatchObject({
      status: 400,
      json: { message: 'Cannot delete yourself!' },
    });
  });
});
