import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';

const given = {
  name: 'given',
  admin: false,
  display: true,
  oauthNoConfirm: false,
  oauthClientAllowedScopes: [],
  info: {},
};
const reserved = {
  name: 'reserved',
  description: '',
  scopes: ['admin:users'],
  users: [],
  groups: [],
  services: ['promised'],
};

let world: IdentityWorld;
beforeEach(async () => {
  world = await openIdentityWorld({ services: { given }, roles: [reserved] });
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
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
}

describe('a service that is added while the hub runs', () => {
  test('is shown, can use its token and its OAuth client, and is gone when it is deleted', async () => {
    const made = await call('POST', '/services/extra', {
      url: 'http://127.0.0.1:9999',
      api_token: 'the-token-of-extra',
      info: { about: 'more' },
      oauth_client_allowed_scopes: ['read:users:name'],
    });
    expect(made).toMatchObject({
      status: 201,
      body: { kind: 'service', name: 'extra', prefix: '/services/extra/', url: 'http://127.0.0.1:9999', admin: false },
    });
    expect((await call('GET', '/services/extra')).body).toMatchObject({ info: { about: 'more' } });
    expect((await call('GET', '/user', undefined, 'the-token-of-extra')).body).toMatchObject({ name: 'extra' });
    expect(await world.identity.oauthClients.authenticate('service-extra', 'the-token-of-extra')).toBeDefined();
    expect((await call('POST', '/services/extra', {})).status).toBe(409);

    const { id } = await world.user('ada');
    const { secret } = await world.identity.tokens.create({
      userId: id,
      scopes: [],
      note: '',
      oauthClientId: 'service-extra',
    });
    expect((await call('GET', '/user', undefined, secret)).status).toBe(200);
    expect((await call('DELETE', '/services/extra')).status).toBe(200);
    expect((await call('GET', '/user', undefined, secret)).status).toBe(403);
    expect((await call('GET', '/user', undefined, 'the-token-of-extra')).status).toBe(403);
    expect((await call('DELETE', '/services/extra')).status).toBe(404);
    expect((await call('GET', '/services')).body).not.toHaveProperty('extra');
  });

  test('comes back with the store, its token kept as a hash only', async () => {
    await call('POST', '/services/extra', { api_token: 'the-token-of-extra' });
    const rows = await world.store.db.selectFrom('services').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain('the-token-of-extra');
    world.identity.services.remove('extra');
    expect(world.identity.services.get('extra')).toBeUndefined();
    await world.identity.runtimeServices.load();
    expect((await call('GET', '/user', undefined, 'the-token-of-extra')).body).toMatchObject({ name: 'extra' });
  });

  test.each<[string, string, unknown, number]>([
    ['a command', 'extra', { command: ['sh'] }, 400],
    ['another name in the body', 'extra', { name: 'other' }, 400],
    ['an address that is none', 'extra', { url: 'nowhere' }, 400],
    ['another scheme', 'extra', { url: 'file:///etc/passwd' }, 400],
    ['a redirect address that is a script', 'extra', { oauth_redirect_uri: 'javascript:alert(1)' }, 400],
    ['a token that is short', 'extra', { api_token: 'short' }, 400],
    ['the client id of a server', 'extra', { oauth_client_id: 'jupyterhub-user-ada' }, 400],
    ['an unknown scope', 'extra', { oauth_client_allowed_scopes: ['nonsense'] }, 400],
    ['a name that cannot stand in an address', '%252e%252e', {}, 400],
    ['the name of one of the settings', 'given', {}, 409],
    ['no body', 'extra', undefined, 400],
  ])('with %s is refused, and nothing is stored', async (_what, name, body, status) => {
    expect((await call('POST', `/services/${name}`, body)).status).toBe(status);
    expect(await world.store.db.selectFrom('services').selectAll().execute()).toEqual([]);
  });

  test('one of the settings cannot be deleted', async () => {
    expect((await call('DELETE', '/services/given')).status).toBe(405);
  });

  test.each<[string, string, unknown]>([
    ['an administrator', 'extra', { admin: true }],
    ['consent that nobody is asked for', 'extra', { oauth_no_confirm: true }],
    ['all rights of whoever opens it', 'extra', { oauth_client_allowed_scopes: ['inherit'] }],
    ['a right that the requester lacks', 'extra', { oauth_client_allowed_scopes: ['admin:servers'] }],
    ['a role that the settings keep for that name', 'promised', {}],
  ])('by whom has admin:services alone never gets more than they hold: %s', async (_what, name, body) => {
    await world.user('clerk');
    for (const owner of ['root', 'clerk']) {
      const token = await world.token(owner, ['admin:services']);
      expect((await call('POST', `/services/${name}`, body, token)).status).toBe(403);
    }
    expect(world.identity.services.get(name)).toBeUndefined();
  });
});
