import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';

let world: IdentityWorld;
beforeEach(async () => {
  world = await openIdentityWorld({
    groups: { class: { users: ['ada'], properties: { room: 7 } } },
    services: {
      forms: {
        name: 'forms',
        apiToken: 'the-token-of-forms',
        admin: false,
        url: 'http://127.0.0.1:9999',
        display: true,
        oauthNoConfirm: false,
        oauthClientAllowedScopes: [],
        info: { about: 'Forms' },
      },
    },
    roles: [{ name: 'student', description: '', scopes: ['read:hub'], users: [], groups: ['class'], services: [] }],
  });
  await world.user('root', true);
});
afterEach(() => world.close());

async function call(method: string, path: string, body?: unknown, token?: string) {
  const response = await world.request(`/hub/api${path}`, {
    method,
    headers: { authorization: `token ${token ?? (await world.token('root'))}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: (text === '' ? null : JSON.parse(text)) as never };
}

describe('groups', () => {
  test('are listed and shown as far as the scopes reach', async () => {
    await call('POST', '/groups', { groups: ['other'] });
    const model = { kind: 'group', name: 'class', roles: ['student'], users: ['ada'], properties: { room: 7 } };
    expect((await call('GET', '/groups')).json).toEqual([
      model,
      { kind: 'group', name: 'other', roles: [], users: [], properties: {} },
    ]);
    expect((await call('GET', '/groups/class')).json).toEqual(model);
    const reader = await world.token('root', ['list:groups!group=class', 'read:groups:name!group=class']);
    expect((await call('GET', '/groups', undefined, reader)).json).toEqual([{ kind: 'group', name: 'class' }]);
    expect((await call('GET', '/groups/class', undefined, reader)).json).toEqual({ kind: 'group', name: 'class' });
    expect((await call('GET', '/groups/other', undefined, reader)).status).toBe(404);
    expect((await call('GET', '/groups/nothing')).status).toBe(404);
    const unlisted = await world.token('root', ['list:groups!user=ada']);
    expect((await call('GET', '/groups', undefined, unlisted)).status).toBe(403);
  });

  test('are created, alone or several, with members', async () => {
    await world.user('grace');
    expect(await call('POST', '/groups/lab', { users: ['Grace'] })).toMatchObject({
      status: 201,
      json: { users: ['grace'] },
    });
    expect(await call('POST', '/groups/lab')).toMatchObject({
      status: 409,
      json: { message: 'Group lab already exists' },
    });
    expect(await call('POST', '/groups', { groups: ['lab', 'x'], users: ['ada'] })).toMatchObject({
      status: 201,
      json: [{ name: 'x', users: ['ada'] }],
    });
    expect(await call('POST', '/groups', { groups: ['lab', 'x'] })).toMatchObject({
      status: 409,
      json: { message: 'All 2 groups already exist' },
    });
  });

  test('are not created half: an unknown user undoes all', async () => {
    expect(await call('POST', '/groups', { groups: ['a', 'b'], users: ['ada', 'nobody'] })).toMatchObject({
      status: 400,
    });
    expect((await call('GET', '/groups/a')).status).toBe(404);
  });

  test.each([
    ['POST', '/groups/new', { properties: {} }],
    ['POST', '/groups', { groups: [] }],
    ['POST', '/groups', { groups: ['a/b'] }],
    ['POST', '/groups', { groups: [' a'] }],
    ['POST', '/groups/class/users', {}],
    ['POST', '/groups/class/users', { users: ['nobody'] }],
    ['POST', '/groups/class/users', { users: 'ada' }],
    ['DELETE', '/groups/class/users', { users: ['nobody'] }],
    ['PUT', '/groups/class/properties', []],
  ])('%s %s %j: 400', async (method, path, body) => {
    expect((await call(method, path, body)).status).toBe(400);
  });

  test('need the scope unfiltered to be created (GHSA-69wv-m5fw-2fhp)', async () => {
    const token = await world.token('root', ['admin:groups!group=new']);
    expect((await call('POST', '/groups/new', {}, token)).status).toBe(403);
    expect((await call('POST', '/groups', { groups: ['new'] }, token)).status).toBe(403);
  });

  test('gain and lose members and properties; members hold the group’s roles at once', async () => {
    await world.user('grace');
    const token = await world.token('grace');
    const infoAs = async (): Promise<number> => (await call('GET', '/info', undefined, token)).status;
    expect(await infoAs()).toBe(403);
    expect((await call('POST', '/groups/class/users', { users: ['grace'] })).json).toMatchObject({
      users: ['ada', 'grace'],
    });
    expect(await infoAs()).toBe(200);
    expect((await call('DELETE', '/groups/class/users', { users: ['grace'] })).json).toMatchObject({ users: ['ada'] });
    expect(await infoAs()).toBe(403);
    expect((await call('PUT', '/groups/class/properties', { a: [1] })).json).toMatchObject({ properties: { a: [1] } });
  });

  test('are deleted, and their members stay', async () => {
    expect((await call('DELETE', '/groups/class')).status).toBe(204);
    expect((await call('DELETE', '/groups/class')).status).toBe(404);
    expect(await world.identity.users.get('ada')).toBeDefined();
  });
});

describe('services', () => {
  test('are an object by name, and include the gateway', async () => {
    const { json } = await call('GET', '/services');
    expect(Object.keys(json)).toEqual(['dask-gateway', 'forms']);
    expect((json as { forms: unknown }).forms).toEqual({
      kind: 'service',
      name: 'forms',
      admin: false,
      roles: [],
      url: 'http://127.0.0.1:9999',
      prefix: '/services/forms/',
      pid: 0,
      command: [],
      info: { about: 'Forms' },
      display: true,
    });
    expect(JSON.stringify(json)).not.toContain('the-token-of-forms');
  });

  test('are shown as far as the scopes reach', async () => {
    const reader = await world.token('root', ['list:services!service=forms', 'read:services:name!service=forms']);
    expect((await call('GET', '/services', undefined, reader)).json).toEqual({
      forms: { kind: 'service', name: 'forms', admin: false },
    });
    expect((await call('GET', '/services/dask-gateway', undefined, reader)).status).toBe(404);
    expect(await call('GET', '/services/nothing')).toMatchObject({
      status: 404,
      json: { message: 'No such service: nothing' },
    });
  });
});
