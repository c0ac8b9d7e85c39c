import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { BridgeHolder } from '../../src/bridge/bridgeHolder.ts';
import { signInHooksFrom } from '../../src/hub/python/signInHooks.ts';
import type { SignInHooks } from '../../src/identity/signInHooks.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { closeBridges, hubPython, runPython, shortProblems } from '../support/pythonSettings.ts';

const web: Server[] = [];

afterEach(() => {
  closeBridges();
  for (const server of web.splice(0)) server.close();
});

async function hooksOf(python: string, config = ''): Promise<SignInHooks> {
  const text = `${hubPython(python)}    config:\n      JupyterHub: { authenticator_class: generic-oauth }\n${config}`;
  const { bridge, problems } = await runPython(text);
  expect(shortProblems(problems.filter(({ code }) => code.includes('PYTHON')))).toEqual([]);
  const holder = new BridgeHolder({ python: () => Promise.resolve(''), log: silentLogger() });
  holder.current = bridge;
  return signInHooksFrom(holder);
}

test('without hooks everything is as it was', async () => {
  const hooks = await hooksOf('c.GenericOAuthenticator.manage_groups = True\n');
  const person = { name: 'ada', admin: true, groups: ['a'], authState: { x: 1 }, subject: 's' };
  expect(await hooks.afterSignIn(person)).toEqual(person);
  expect(await hooks.modifyAuthState({ x: 1 })).toEqual({ x: 1 });
  expect(await hooks.groupsOf({})).toBeUndefined();
  expect(await hooks.userNameOf({})).toBeUndefined();
  expect(await hooks.isStillGood('ada', {})).toBeUndefined();
});

test('post_auth_hook changes who somebody is, or lets them not in', async () => {
  const hooks = await hooksOf(`
import base64, hashlib, json
from tornado import web

async def salted(authenticator, handler, auth_model):
    if auth_model["name"] == "mallory":
        return None
    if auth_model["name"] == "eve":
        raise web.HTTPError(403, "Your subscription has ended.")
    if auth_model["name"] == "broken":
        return auth_model["auth_state"]["missing"]
    parts = json.dumps(auth_model["auth_state"]["user"], sort_keys=True).encode()
    digest = hashlib.blake2b(parts, key=b"pepper", digest_size=32).digest()
    auth_model["name"] = base64.b32encode(digest).decode().lower().rstrip("=")
    auth_model["groups"] = {"all", "people"}
    auth_model["admin"] = authenticator.allow_all
    return auth_model

c.Authenticator.post_auth_hook = salted
`);
  const person = (name: string) => ({ name, authState: { user: { sub: '1' } }, subject: '1' });
  expect(await hooks.afterSignIn(person('ada'))).toEqual({
    name: expect.stringMatching(/^[a-z2-7]{52}$/),
    admin: false,
    groups: ['all', 'people'],
    authState: { user: { sub: '1' } },
    subject: '1',
  });
  expect(await hooks.afterSignIn(person('mallory'))).toBeUndefined();
  await expect(hooks.afterSignIn(person('eve'))).rejects.toMatchObject({
    code: 'ATOLL_PYTHON_REFUSED',
    status: 403,
    message: 'Your subscription has ended.',
  });
  await expect(hooks.afterSignIn(person('broken'))).rejects.toMatchObject({
    code: 'ATOLL_PYTHON_FAILED',
    message: "KeyError: 'missing' (1.yaml:13)",
  });
});

test('modify_auth_state_hook fetches with the authenticator, as JupyterHealth does it', async () => {
  const server = createServer((request, response) => {
    const good = request.headers.authorization === 'Bearer of-ada';
    response.writeHead(good ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(good ? [{ id: 20013 }, { id: 7 }] : {}));
  });
  web.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const hooks = await hooksOf(
    `
from urllib.parse import urlparse

async def modify(authenticator, auth_state):
    url = urlparse(authenticator.authorize_url)
    organizations = await authenticator.httpfetch(
        f"{url.scheme}://{url.netloc}/organizations",
        headers={"Authorization": f"Bearer {auth_state['access_token']}"},
    )
    auth_state["organizations"] = [str(org["id"]) for org in organizations]
    return auth_state

c.OAuthenticator.modify_auth_state_hook = modify
c.GenericOAuthenticator.auth_state_groups_key = lambda state: set(state["organizations"])
c.GenericOAuthenticator.username_claim = lambda user: user["email"].split("@")[0]
`,
    `      GenericOAuthenticator: { authorize_url: '${url}/authorize', manage_groups: true }\n`,
  );
  const state = await hooks.modifyAuthState({ access_token: 'of-ada' });
  expect(state).toEqual({ access_token: 'of-ada', organizations: ['20013', '7'] });
  expect(await hooks.groupsOf(state)).toEqual(['20013', '7']);
  expect(await hooks.userNameOf({ email: 'ada@example.org' })).toBe('ada');
  await expect(hooks.modifyAuthState({ access_token: 'stolen' })).rejects.toThrow(/HTTP 401/);
});

test('refresh_user_hook says who is still good', async () => {
  const hooks = await hooksOf(`
def refresh(authenticator, user, auth_state):
    return {"deployment-service-check": True, "gone": False}.get(user.name)
c.OAuthenticator.refresh_user_hook = refresh
`);
  expect(await hooks.isStillGood('deployment-service-check', undefined)).toBe(true);
  expect(await hooks.isStillGood('gone', {})).toBe(false);
  expect(await hooks.isStillGood('ada', {})).toBeUndefined();
});

test('hooks see of which class the authenticator is, and its traits; what they return is checked', async () => {
  const hooks = await hooksOf(
    `
from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.github import GitHubOAuthenticator

def after(authenticator, handler, model):
    assert isinstance(authenticator, GenericOAuthenticator) and not isinstance(authenticator, GitHubOAuthenticator)
    assert authenticator.token_url == "https://id.example/token" and authenticator.scope == ["openid"]
    assert not hasattr(authenticator, "client_secret")
    return {"nobody": True}

c.Authenticator.post_auth_hook = after
`,
    "      GenericOAuthenticator: { token_url: 'https://id.example/token', scope: [openid] }\n",
  );
  await expect(hooks.afterSignIn({ name: 'ada' })).rejects.toMatchObject({
    code: 'ATOLL_PYTHON_FAILED',
    evidence: expect.stringContaining('name'),
  });
});

test('a hook of a class that is not in use is named', async () => {
  const { problems } = await runPython(hubPython('c.OAuthenticator.refresh_user_hook = lambda *a: True\n'));
  expect(shortProblems(problems)).toEqual([
    '1.yaml:4:7 ATOLL_SETTINGS_PYTHON_PART c.OAuthenticator.refresh_user_hook is never called: OAuthenticator is not the authenticator in use.',
  ]);
});

test('claim_groups_key as a function, as before oauthenticator 17, gets what the provider says of the person', async () => {
  const hooks = await hooksOf('c.GenericOAuthenticator.claim_groups_key = lambda user: user["teams"]');
  expect(await hooks.groupsOf({ oauth_user: { teams: ['a', 'b'] }, access_token: 't' })).toEqual(['a', 'b']);
});
