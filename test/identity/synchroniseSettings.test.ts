import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { defaultSettings, type ServiceSettings } from '../../src/config/settings.ts';
import { Sealer } from '../../src/core/sealer.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import type { Store } from '../../src/store/store.ts';
import type { TestSettings } from '../support/identityWorld.ts';

const service = (part: Partial<ServiceSettings> & { name: string }): ServiceSettings => ({
  admin: false,
  display: true,
  oauthNoConfirm: false,
  oauthClientAllowedScopes: [],
  info: {},
  ...part,
});

/** Starts the hub's identity again and again on one store, with other settings each time. */
async function restarts(): Promise<{
  store: Store;
  start(settings: TestSettings): Promise<Identity>;
  end(): Promise<void>;
}> {
  const store = await openSqlite(':memory:');
  let identity: Identity | undefined;
  return {
    store,
    async start(settings) {
      await identity?.close();
      const defaults = defaultSettings();
      identity = await createIdentity({
        store,
        sealer: new Sealer(randomBytes(32)),
        log: silentLogger(),
        settings: {
          ...defaults,
          ...settings,
          authentication: { ...defaults.authentication, ...settings.authentication },
        },
      });
      return identity;
    },
    async end() {
      await identity?.close();
      await store.close();
    },
  };
}

test('the people, groups and administrators that the settings name exist from the first start on', async () => {
  const hub = await restarts();
  const identity = await hub.start({
    authentication: { adminUsers: ['Root'], allowedUsers: ['ada'] },
    groups: { class: { users: ['Grace', 'ada'], properties: { room: 7 } } },
    roles: [{ name: 'helper', description: '', scopes: ['list:users'], users: ['alan'], groups: [], services: [] }],
  });
  const { users } = await identity.users.list({ offset: 0, limit: 10, sort: 'name' });
  expect(users.map(({ name, admin }) => [name, admin])).toEqual([
    ['ada', false],
    ['alan', false],
    ['grace', false],
    ['root', true],
  ]);
  expect(await identity.groups.get('class')).toEqual({
    name: 'class',
    users: ['ada', 'grace'],
    properties: { room: 7 },
  });
  await hub.end();
});

test('what the settings no longer name stays, except the members of a role admin and those who are blocked', async () => {
  const hub = await restarts();
  const first = await hub.start({ authentication: { adminUsers: ['root', 'ada'] } });
  const ada = await first.users.ensure('ada');
  const { secret } = await first.tokens.create({ userId: ada.id, scopes: ['inherit'], note: '' });

  const second = await hub.start({ authentication: { adminUsers: ['root'] } });
  expect((await second.users.get('ada'))?.admin).toBe(true);
  const admins = { name: 'admin', description: '', scopes: [], users: ['root'], groups: [], services: [] };
  const third = await hub.start({ authentication: { adminUsers: ['root'] }, roles: [admins] });
  expect((await third.users.get('ada'))?.admin).toBe(false);
  expect(await third.fromToken(secret)).toMatchObject({ name: 'ada' });
  await hub.start({ authentication: { blockedUsers: ['ada'] } });
  // Blocking took the tokens away for good.
  expect(await (await hub.start({})).fromToken(secret)).toBeUndefined();
  await hub.end();
});

test('who is blocked is no administrator and in no group any more, and comes back as anybody when let in again', async () => {
  const hub = await restarts();
  const groups = { staff: { users: ['eve', 'ada'], properties: {} } };
  const first = await hub.start({ authentication: { adminUsers: ['eve'] }, groups });
  expect(await first.principalOf('eve')).toMatchObject({ admin: true, groups: ['staff'] });
  const blocked = { blockedUsers: ['EVE'] };
  const second = await hub.start({ authentication: { adminUsers: ['eve'], ...blocked }, groups });
  expect(await second.principalOf('eve')).toMatchObject({ admin: false, groups: [] });
  const third = await hub.start({});
  expect(await third.principalOf('eve')).toMatchObject({ admin: false, groups: [] });
  expect(await third.principalOf('ada')).toMatchObject({ groups: ['staff'] });
  await hub.end();
});

test('delete_invalid_users deletes whose name is not allowed any more, unless something runs for them', async () => {
  const hub = await restarts();
  const first = await hub.start({});
  for (const name of ['ada', 'u1', 'u2']) await first.users.ensure(name);
  const running = await first.users.get('u2');
  const { db } = hub.store;
  await db
    .insertInto('servers')
    .values({
      user_id: running?.id ?? 0,
      name: '',
      display_name: '',
      created_at: 0,
      desired: 'running',
      phase: 'ready',
      user_options: '{}',
    })
    .execute();
  const pattern = { usernamePattern: '[a-z]+' };
  const names = async (identity: Identity): Promise<string[]> =>
    (await identity.users.list({ offset: 0, limit: 10 })).users.map(({ name }) => name);
  expect(await names(await hub.start({ authentication: pattern }))).toEqual(['ada', 'u1', 'u2']);
  const deleting = { authentication: { ...pattern, deleteInvalidUsers: true } };
  expect(await names(await hub.start(deleting))).toEqual(['ada', 'u2']);
  await db.updateTable('servers').set({ phase: 'stopped' }).execute();
  expect(await names(await hub.start(deleting))).toEqual(['ada']);
  await hub.end();
});

test('services have OAuth clients as long as the settings name them', async () => {
  const hub = await restarts();
  const forms = service({ name: 'forms', apiToken: 'a-secret-of-forms', url: 'http://127.0.0.1:1' });
  const first = await hub.start({ services: { forms } });
  expect(await first.oauthClients.get('service-forms')).toMatchObject({
    redirectUri: '/services/forms/oauth_callback',
    target: { service: 'forms' },
  });
  expect(await first.oauthClients.authenticate('service-forms', 'a-secret-of-forms')).toBeDefined();
  expect(await first.oauthClients.authenticate('service-forms', 'a-secret-of-form')).toBeUndefined();
  const second = await hub.start({ services: { forms: { ...forms, oauthClientId: 'service-other' } } });
  expect(await second.oauthClients.get('service-forms')).toBeUndefined();
  expect(await second.oauthClients.get('service-other')).toBeDefined();
  const third = await hub.start({});
  expect(await third.oauthClients.get('service-other')).toBeUndefined();
  expect(third.services.list().map(({ name }) => name)).toEqual(['dask-gateway']);
  await hub.end();
});

test.each<[string, TestSettings, string]>([
  ['a short token', { services: { s: service({ name: 's', apiToken: '1234567' }) } }, 'ATOLL_SERVICE_INVALID'],
  ['an endless token', { services: { s: service({ name: 's', apiToken: 'x'.repeat(257) }) } }, 'ATOLL_SERVICE_INVALID'],
  ['a name with a slash', { services: { s: service({ name: 'a/b' }) } }, 'ATOLL_SERVICE_INVALID'],
  ['a name of dots', { services: { s: service({ name: '..' }) } }, 'ATOLL_SERVICE_INVALID'],
  [
    "a server's client id",
    { services: { s: service({ name: 's', oauthClientId: 'jupyterhub-user-ada' }) } },
    'ATOLL_SERVICE_INVALID',
  ],
  [
    'a token that two share',
    {
      services: {
        s: service({ name: 's', apiToken: 'one-and-the-same' }),
        t: service({ name: 't', apiToken: 'one-and-the-same' }),
      },
    },
    'ATOLL_SERVICE_INVALID',
  ],
  [
    'a client id that two share',
    { services: { s: service({ name: 's' }), t: service({ name: 't', oauthClientId: 'service-s' }) } },
    'ATOLL_SERVICE_INVALID',
  ],
  ['an administrator with a slash', { authentication: { adminUsers: ['a/b'] } }, 'ATOLL_USER_NAME_INVALID'],
  [
    'an unknown scope',
    { roles: [{ name: 'helper', description: '', scopes: ['nope'], users: [], groups: [], services: [] }] },
    'ATOLL_ROLE_INVALID',
  ],
  ['a bad pattern', { authentication: { usernamePattern: '(' } }, 'ATOLL_USERNAME_PATTERN_INVALID'],
])('settings with %s are refused with one sentence', async (_what, settings, code) => {
  const hub = await restarts();
  await expect(hub.start(settings)).rejects.toMatchObject({ code });
  await hub.end();
});
