import { afterEach, expect, test } from 'vitest';
import { mayUseGateway } from '../../src/clusters/clusterAccess.ts';
import { defaultSettings, type RoleSettings } from '../../src/config/settings.ts';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';

let world: IdentityWorld;
afterEach(() => world.close());

const scope = 'access:services!service=dask-gateway';
const role = (name: string, scopes: string[], more: Partial<RoleSettings> = {}): RoleSettings => ({
  name,
  description: '',
  scopes,
  users: [],
  groups: [],
  services: [],
  ...more,
});

async function open(roles: RoleSettings[], accessByRole: boolean): Promise<void> {
  world = await openIdentityWorld({ roles, clusters: { ...defaultSettings().clusters, accessByRole } });
}

/** Whether a user may use clusters: by a token of theirs, and from their server. */
async function mayUse(name: string): Promise<[token: boolean, server: boolean]> {
  const token = await world.token(name);
  const server = await world.identity.issueServerCredentials({ user: name, serverName: '' });
  const principals = await Promise.all([token, server.token].map((one) => world.identity.fromToken(one)));
  const [byToken, byServer] = principals.map((principal) => principal !== undefined && mayUseGateway(principal));
  return [byToken ?? false, byServer ?? false];
}

test('everybody may use Dask clusters, also where the role of users is another one', async () => {
  await open([role('user', ['self', 'shares!user'])], false);
  expect(await mayUse('ada')).toEqual([true, true]);
});

test('with the name of the service in the settings, those to whom a role gives it', async () => {
  await open([role('dask-users', [scope], { users: ['ada'] })], true);
  expect(await mayUse('ada')).toEqual([true, true]);
  expect(await mayUse('grace')).toEqual([false, false]);
});

test('which can be the role of all users', async () => {
  await open([role('user', ['self', scope])], true);
  expect(await mayUse('ada')).toEqual([true, true]);
});
