import { afterEach, expect, test } from 'vitest';
import { defaultSettings, type RoleSettings, type ServerSettings } from '../../src/config/settings.ts';
import { BrowserSession } from '../support/browserSession.ts';
import { FakeRuntime } from '../support/fakeRuntime.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';

let runtime: FakeRuntime;
let hub: SmallHub;
let cookie: string;

afterEach(async () => {
  await hub.close();
  await runtime.close();
});

const customScope = 'custom:jobs:read';
const role: RoleSettings = {
  name: 'jobs',
  description: '',
  scopes: [`${customScope}!server=ada/`],
  users: ['ada'],
  groups: [],
  services: [],
};

/** Starts a hub, signs ada in and starts her server. Returns what the server finds in its environment. */
async function startServer(settings: Partial<ServerSettings>): Promise<Record<string, string>> {
  runtime = new FakeRuntime();
  hub = await startSmallHub({
    runtime,
    settings: {
      servers: { ...defaultSettings().servers, ...settings },
      customScopes: { [customScope]: { description: 'Reading jobs', scopes: [] } },
      roles: [role],
    },
  });
  const authorization = await hub.authorizationOf('ada');
  const ada = await hub.identity.users.get('ada');
  cookie = `jupyterhub-hub-login=${(await hub.identity.sessions.begin(ada?.id ?? 0)).cookie}`;
  const started = await fetch(`${hub.url}/hub/api/users/ada/server`, { method: 'POST', headers: { authorization } });
  expect(started.status).toBe(201);
  return runtime.live[0]?.spec.environment ?? {};
}

/** What a token may do, by its own word. */
async function scopesOf(token: string | undefined): Promise<string[]> {
  const answer = await fetch(`${hub.url}/hub/api/user`, { headers: { authorization: `token ${token}` } });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { scopes: string[] }).scopes;
}

/** What ada's browser brings back to her server, which asked for these scopes. */
async function signIn(server: Record<string, string>, scope?: string): Promise<URLSearchParams> {
  const query = new URLSearchParams({ client_id: server.JUPYTERHUB_CLIENT_ID ?? '', response_type: 'code' });
  if (scope !== undefined) query.set('scope', scope);
  const answer = await new BrowserSession(hub.url).request(`/hub/api/oauth2/authorize?${query.toString()}`, {
    headers: { cookie },
  });
  expect(answer.status).toBe(302);
  return new URL(answer.headers.get('location') ?? '', hub.url).searchParams;
}

/** The token that the server gets for what the browser brought. */
async function exchange(server: Record<string, string>, brought: URLSearchParams): Promise<string> {
  const answer = await fetch(`${hub.url}/hub/api/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams({
      client_id: server.JUPYTERHUB_CLIENT_ID ?? '',
      client_secret: server.JUPYTERHUB_API_TOKEN ?? '',
      grant_type: 'authorization_code',
      code: brought.get('code') ?? '',
      redirect_uri: server.JUPYTERHUB_OAUTH_CALLBACK_URL ?? '',
    }),
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** What every token that opens a server may do. */
const always = ['access:servers!server=ada/', 'read:users:groups!user=ada', 'read:users:name!user=ada'];

test('a server’s token has the scopes of the settings, of what its owner holds, and may always report activity', async () => {
  const server = await startServer({ tokenScopes: ['read:servers!server', 'list:services', `${customScope}!server`] });
  expect(await scopesOf(server.JUPYTERHUB_API_TOKEN)).toEqual([
    `${customScope}!server=ada/`,
    'read:servers!server=ada/',
    'read:users:activity!user=ada',
    'read:users:groups!user=ada',
    'read:users:name!user=ada',
    'users:activity!user=ada',
  ]);
});

test('an empty list leaves it to the role server', async () => {
  const server = await startServer({ tokenScopes: [] });
  expect(await scopesOf(server.JUPYTERHUB_API_TOKEN)).toContain('access:services!service=dask-gateway');
});

test('whoever opens a server gives it the scopes of the settings, of what they hold, unless it asks for less', async () => {
  const allowed = [`${customScope}!server`, 'read:users:activity!user', 'admin:groups'];
  const server = await startServer({ oauthClientAllowedScopes: allowed });
  expect(JSON.parse(server.JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES ?? '')).toEqual(allowed);
  const all = await exchange(server, await signIn(server));
  expect(await scopesOf(all)).toEqual([...always, `${customScope}!server=ada/`, 'read:users:activity!user=ada'].sort());
  const one = await exchange(server, await signIn(server, `${customScope}!server=ada/`));
  expect(await scopesOf(one)).toEqual([...always, `${customScope}!server=ada/`].sort());
  // The server's own token stays what it was.
  expect(await scopesOf(server.JUPYTERHUB_API_TOKEN)).not.toContain(`${customScope}!server=ada/`);
});

test('a server gets nothing that the settings do not name, whatever the person holds', async () => {
  const server = await startServer({ oauthClientAllowedScopes: ['read:users:activity!user'] });
  for (const scope of ['tokens!user', 'read:users:activity', 'read:users:activity!user=grace', 'inherit', 'self'])
    expect([scope, (await signIn(server, scope)).get('error')]).toEqual([scope, 'invalid_scope']);
});

test('a scope that went from the settings since the start does not keep anybody out of the server', async () => {
  const server = await startServer({ oauthClientAllowedScopes: [customScope, 'read:users:activity!user'] });
  await hub.identity.reload({
    ...hub.settings.current,
    roles: [],
    customScopes: {},
    servers: defaultSettings().servers,
  });
  const token = await exchange(server, await signIn(server));
  expect(await scopesOf(token)).toEqual([...always, 'read:users:activity!user=ada'].sort());
});
