import { expect, test } from 'vitest';
import { checkStart } from '../../src/cli/settings/checkStart/checkStart.ts';
import { loadSettings } from '../../src/config/loadSettings.ts';
import type { Problem } from '../../src/config/problem.ts';

/** Errors as `line:column path: message`. */
async function errorsOf(text: string): Promise<string[]> {
  return problemsOf(text, 'error');
}

async function problemsOf(text: string, wanted: Problem['severity']): Promise<string[]> {
  const { problems } = await checkStart(await loadSettings([{ name: 'a.yaml', text }]));
  return problems
    .filter(({ severity }) => severity === wanted)
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

test('so are those of servers', async () => {
  const text = 'hub: {config: {Spawner: {server_token_scopes: [user], oauth_client_allowed_scopes: [self, share]}}}';
  expect(await errorsOf(text)).toEqual([
    expect.stringContaining('hub.config.Spawner.server_token_scopes[0]: There is no scope "user".'),
    expect.stringContaining('hub.config.Spawner.oauth_client_allowed_scopes[1]: There is no scope "share".'),
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

test('services that a hub refuses are told at their place, all of them, and no token is shown', async () => {
  const errors = await errorsOf(`
hub:
  services:
    first: { apiToken: a-token-of-two-services }
    'a/b': {}
    second: { apiToken: a-token-of-two-services }
    dask-gateway: { apiToken: a-token-of-the-gateway, display: false }
    third: { oauth_client_id: jupyterhub-user-ada }
`);
  expect(errors).toEqual([
    '5:5 jupyterhub.hub.services.a/b: The service "a/b" has a name that cannot stand in a web address.',
    '6:5 jupyterhub.hub.services.second: The service "second" has the same API token as another service.',
    '8:5 jupyterhub.hub.services.third: The service "third" has an OAuth client id that does not begin with "service-".',
  ]);
  const listed = '[{ name: a, api_token: abcdefgh }, { name: b, api_token: abcdefgh }]';
  expect(await errorsOf(`hub: { services: ${listed} }`)).toEqual([
    '1:8 jupyterhub.hub.services: The service "b" has the same API token as another service.',
  ]);
});

test('roles and custom scopes that a hub refuses are told at their place', async () => {
  expect(
    await errorsOf(`
hub:
  loadRoles:
    admin: { scopes: [list:users], users: [ada] }
    reader: { scopes: [list:users] }
`),
  ).toEqual(['4:5 jupyterhub.hub.loadRoles.admin: The scopes of the role "admin" cannot be changed.']);
  const custom = "{ 'custom:a:b': { description: B, subscopes: [list:users] } }";
  expect(await errorsOf(`hub: { config: { JupyterHub: { custom_scopes: ${custom} } } }`)).toEqual([
    expect.stringMatching(/^1:32 jupyterhub\.hub\.config\.JupyterHub\.custom_scopes: .* "list:users", which is not/),
  ]);
  expect(await errorsOf('hub: { loadRoles: { admin: { users: [ada] }, user: { scopes: [self] } } }')).toEqual([]);
});

test('sign-in that a hub refuses is an error; what is only missing may be in a further file', async () => {
  const chosen = (name: string, traits: string): string =>
    `hub: { config: { JupyterHub: { authenticator_class: ${name} }, Authenticator: { allow_all: true }, ${traits} } }`;
  const github = (traits: string): string => chosen('github', `GitHubOAuthenticator: { ${traits} }`);
  expect(await errorsOf(github('client_id: a, allowed_organizations: [a:b:c]'))).toEqual([
    expect.stringMatching(
      /^1:\d+ jupyterhub\.hub\.config\.GitHubOAuthenticator: .*neither org nor org:team\. \(a:b:c\)$/,
    ),
  ]);
  expect(await errorsOf(github('scope: [user]'))).toEqual([]);
  expect(await problemsOf(github('scope: [user]'), 'warning')).toEqual([
    expect.stringMatching(
      /GitHubOAuthenticator: Signing in with GitHub needs a client_id\. .* the hub does not start\.$/,
    ),
  ]);
  expect(await problemsOf(github('client_id: a'), 'warning')).toEqual([]);
  const short = 'SharedPasswordAuthenticator: { user_password: short }';
  expect(await errorsOf(chosen('shared-password', short))).toEqual([
    expect.stringContaining('fewer than 8 characters'),
  ]);
});

test('errors, contradictions and what a hub refuses are told at once', async () => {
  const errors = await errorsOf(`
singleuser: { cpu: { limit: lots } }
proxy: { https: { enabled: true, type: manual } }
hub:
  loadRoles: { reader: { scopes: [read:user] } }
gateway: { backend: { worker: { memory: { request: 4G, limit: 2G } } } }
`);
  expect(errors).toHaveLength(4);
  expect(errors.join('\n')).toMatch(
    /read:user[^]*cpu\.limit[^]*proxy\.https[^]*worker\.memory\.request: More is set aside/,
  );
});

test.each([
  ['a limit that cannot be read', 'singleuser: { memory: { limit: 4X, guarantee: 8G } }'],
  ['a limit that is misspelt', 'singleuser: { memory: { limt: 16G, guarantee: 8G } }'],
  [
    'a runtime that there is not',
    'atoll: { runtime: { kind: docker } }\nproxy: { https: { enabled: true, type: secret } }',
  ],
  ['a section of scopes that is misspelt', 'hub: { custom_scops: {}, loadRoles: { reader: { scopes: [custom:a] } } }'],
  ['a top that is misspelt', 'jupyterhb: {}\natoll: { clusters: { maxMemory: 1M } }'],
])('what only follows from %s is not told', async (_, text) => {
  expect(await errorsOf(text)).toHaveLength(1);
});

test('while a file cannot be read at all, nothing is said about what it may say', async () => {
  const texts = ['hub: { loadRoles: { reader: { scopes: [custom:a] } } }', 'hub: { config: [ }'];
  const { problems } = await checkStart(
    await loadSettings(texts.map((text, index) => ({ name: `${index}.yaml`, text }))),
  );
  expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['ATOLL_SETTINGS_YAML']));
});
