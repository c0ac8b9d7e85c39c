import { expect, test } from 'vitest';
import { checkPeople } from '../../src/cli/checkPeople.ts';
import { loadSettings } from '../../src/config/loadSettings.ts';

/** Errors as `line:column path: message`. */
async function errorsOf(text: string): Promise<string[]> {
  const { problems } = await checkPeople(await loadSettings([{ name: 'a.yaml', text }]));
  return problems
    .filter(({ severity }) => severity === 'error')
    .map(({ line, column, path, message, suggestion }) =>
      [`${line}:${column} ${path}: ${message}`, ...(suggestion ? [`[${suggestion}]`] : [])].join(' '),
    );
}

test('scopes that do not exist are told at their place, all of them, with the ones that were meant', async () => {
  expect(
    await errorsOf(`
hub:
  config:
    JupyterHub: { custom_scopes: { 'custom:jobs:read': { description: Reading jobs } } }
  loadRoles:
    reader: { scopes: [read:users!group=staff, custom:jobs:read, read:user, users:activty!user] }
    other: { scopes: [access:servers!server=ada/gpu, no-such-thing] }
`),
  ).toEqual([
    '6:66 jupyterhub.hub.loadRoles.reader.scopes[2]: There is no scope "read:user". [read:users]',
    '6:77 jupyterhub.hub.loadRoles.reader.scopes[3]: There is no scope "users:activty!user". [users:activity]',
    '7:54 jupyterhub.hub.loadRoles.other.scopes[1]: There is no scope "no-such-thing".',
  ]);
});

test('names that nobody can have are told at their place', async () => {
  expect(
    await errorsOf(`
hub:
  config:
    Authenticator: { admin_users: [ada, a/b], username_pattern: '[a-z/]+', blocked_users: [Eve9] }
  loadGroups: { staff: [bob, ' '], 'x/y': [] }
`),
  ).toEqual([
    '4:41 jupyterhub.hub.config.Authenticator.admin_users[1]: Nobody can be called "a/b".',
    '4:92 jupyterhub.hub.config.Authenticator.blocked_users[0]: Nobody can be called "Eve9".',
    '5:30 jupyterhub.hub.loadGroups.staff[1]: Nobody can be called " ".',
    '5:36 jupyterhub.hub.loadGroups.x/y: No group can be called "x/y".',
  ]);
});

test('what is wrong by itself comes first, and what a hub takes is taken', async () => {
  expect(await errorsOf('hub: {loadRoles: {reader: {scopes: [read:user]}, x: {}}}')).toEqual([
    expect.stringContaining('is no name of a role'),
  ]);
  expect(await errorsOf('hub: {config: {Authenticator: {admin_users: [Ada Lovelace, ada@example.org]}}}')).toEqual([]);
});
