import { afterEach, expect, test } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { type IdentityWorld, openIdentityWorld, type TestSettings } from '../support/identityWorld.ts';

let world: IdentityWorld | undefined;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open(settings: TestSettings): Promise<IdentityWorld> {
  world = await openIdentityWorld(settings);
  return world;
}

const changed = ({ settings }: { settings: Settings }, { authentication, ...rest }: TestSettings): Settings => ({
  ...settings,
  ...rest,
  authentication: { ...settings.authentication, ...authentication },
});

test('roles, groups and administrators of new settings count from the next request on', async () => {
  const { identity, token, user } = await open({ authentication: { allowAll: true } });
  await user('ada');
  const secret = await token('ada');
  const canList = async (): Promise<boolean> =>
    (await identity.fromToken(secret))?.scopes.hasUnfiltered('list:users') ?? false;
  expect(await canList()).toBe(false);
  const role = { name: 'lister', description: '', scopes: ['list:users'], users: [], groups: ['staff'], services: [] };
  await identity.reload(changed(identity, { roles: [role], groups: { staff: { users: ['ada'], properties: {} } } }));
  expect(await canList()).toBe(true);
  await identity.reload(changed(identity, { roles: [] }));
  expect(await canList()).toBe(false);
  await identity.reload(changed(identity, { authentication: { adminUsers: ['grace'] } }));
  expect((await identity.users.get('grace'))?.admin).toBe(true);
});

test('who is blocked loses logins and tokens at once, and stays out (blocked_users of JupyterHub 5.2)', async () => {
  const { identity, token, user } = await open({ authentication: { allowAll: true } });
  const ada = await user('ada');
  const secret = await token('ada');
  const { cookie } = await identity.sessions.begin(ada.id);
  expect(await identity.fromToken(secret)).toBeDefined();
  await identity.reload(changed(identity, { authentication: { blockedUsers: ['Ada'] } }));
  expect(await identity.fromToken(secret)).toBeUndefined();
  expect(await identity.sessions.find(cookie)).toBeUndefined();
  const link = await identity.links.create(ada);
  const secretOfLink = new URL(link.path, 'http://hub.test').searchParams.get('link') ?? '';
  await expect(identity.signIn.withLink(secretOfLink)).rejects.toMatchObject({ code: 'ATOLL_NOT_ALLOWED' });
});

test.each<[string, TestSettings, string]>([
  [
    'an unknown scope',
    { roles: [{ name: 'lister', description: '', scopes: ['lits:users'], users: [], groups: [], services: [] }] },
    'ATOLL_ROLE_INVALID',
  ],
  ['a name that cannot be one', { authentication: { adminUsers: ['a/b'] } }, 'ATOLL_USER_NAME_INVALID'],
  ['a group that cannot be one', { groups: { '': { users: [], properties: {} } } }, 'ATOLL_USER_NAME_INVALID'],
])('settings with %s are refused, and nothing has changed', async (_, settings, code) => {
  const { identity } = await open({ authentication: { allowAll: true } });
  const before = identity.settings;
  const added = { users: ['new'], properties: {} };
  const broken = changed(identity, settings);
  await expect(identity.reload({ ...broken, groups: { fine: added, ...broken.groups } })).rejects.toMatchObject({
    code,
  });
  expect(identity.settings).toBe(before);
  expect(await identity.users.get('new')).toBeUndefined();
});
