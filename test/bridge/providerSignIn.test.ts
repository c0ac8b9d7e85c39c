import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { BridgeHolder } from '../../src/bridge/bridgeHolder.ts';
import { signInHooksFrom } from '../../src/hub/python/signInHooks.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';
import { type OidcProvider, startOidcProvider } from '../support/oidcProvider.ts';
import { PageVisitor } from '../support/pageVisitor.ts';
import { closeBridges, hubPython, runPython, shortProblems } from '../support/pythonSettings.ts';

let provider: OidcProvider;
const opened: IdentityWorld[] = [];
beforeAll(async () => {
  provider = await startOidcProvider(['http://hub.test/hub/oauth_callback']);
});
afterAll(() => provider.close());
afterEach(async () => {
  for (const world of opened.splice(0)) await world.close();
  closeBridges();
});

/** A hub whose people come from the provider, with hooks in Python, as the settings files of operators have them. */
async function openHub(python: string, traits = ''): Promise<IdentityWorld> {
  const { client_id: id, client_secret: secret } = provider.client;
  const { bridge, settings, problems } = await runPython(`${hubPython(python)}
    config:
      JupyterHub: { authenticator_class: generic-oauth }
      GenericOAuthenticator:
        issuer: ${provider.issuer}
        client_id: ${id}
        client_secret: ${secret}
        scope: [openid, profile, email, groups, offline_access]
        extra_authorize_params: { prompt: consent }
        enable_auth_state: true
        ${traits}
`);
  expect(shortProblems(problems.filter(({ severity }) => severity === 'error'))).toEqual([]);
  const holder = new BridgeHolder({ python: () => Promise.resolve(''), log: silentLogger() });
  holder.current = bridge;
  const world = await openIdentityWorld(settings, { hooks: signInHooksFrom(holder) });
  opened.push(world);
  return world;
}

async function signIn(world: IdentityWorld, sub: string, claims: Record<string, unknown> = {}): Promise<Response> {
  provider.accounts.set(sub, { sub, preferred_username: sub, email: `${sub}@example.org`, ...claims });
  provider.signsInAs = sub;
  const visitor = new PageVisitor(world);
  const away = await visitor.get('/hub/oauth_login?next=%2Fhub%2Ftoken');
  const back = await provider.visit(away.headers.get('location') ?? '');
  return visitor.get(back.pathname + back.search);
}

const textOf = async (answer: Response): Promise<string> => (await answer.text()).replace(/\s+/g, ' ');

test('hooks decide on the name, what is remembered, and the groups, which let somebody in', async () => {
  const world = await openHub(
    `
async def modify(authenticator, auth_state):
    auth_state["organizations"] = ["org-" + group for group in auth_state["oauth_user"].get("groups", [])]
    return auth_state

c.GenericOAuthenticator.modify_auth_state_hook = modify
c.GenericOAuthenticator.username_claim = lambda user: user["email"].split("@")[0] + "-by-mail"
`,
    'manage_groups: true\n        auth_state_groups_key: organizations\n        allowed_groups: [org-lab]',
  );
  expect((await signIn(world, 'ada', { groups: ['lab', 'other'] })).status).toBe(302);
  const user = await world.identity.users.get('ada-by-mail');
  if (!user) throw new Error('nobody signed in');
  expect((await world.identity.groups.ofUsers([user.name])).get(user.name)).toEqual(['org-lab', 'org-other']);
  expect(await world.identity.authStateOf(user)).toMatchObject({ organizations: ['org-lab', 'org-other'] });
  expect((await signIn(world, 'bob', { groups: ['other'] })).status).toBe(403);
  expect(await world.identity.users.get('bob-by-mail')).toBeUndefined();
});

test('a person who is refused, or for whom a hook fails, reads why on the page, and has no login', async () => {
  const world = await openHub(
    `
from tornado import web
def after(authenticator, handler, person):
    if person["name"] == "eve":
        raise web.HTTPError(403, "Your subscription has ended.")
    return person["no such key"] if person["name"] == "broken" else person
c.Authenticator.post_auth_hook = after
`,
    'allow_all: true\n        username_claim: preferred_username',
  );
  const refused = await signIn(world, 'eve');
  expect([refused.status, refused.headers.get('set-cookie') ?? '']).toEqual([
    403,
    expect.not.stringContaining('jupyterhub-hub-login='),
  ]);
  expect(await textOf(refused)).toContain('Your subscription has ended.');
  const broken = await signIn(world, 'broken');
  expect(broken.status).toBe(500);
  expect(await textOf(broken)).toMatch(/KeyError: .{1,8}no such key.{1,8} \(1\.yaml:8\)/);
  expect((await signIn(world, 'ada')).status).toBe(302);
});
