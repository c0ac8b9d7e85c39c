import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AuthenticationSettings } from '../../../src/config/settings.ts';
import { cookieNameOf } from '../../../src/identity/http/signInStates.ts';
import { freePort } from '../../support/freePort.ts';
import { type IdentityWorld, openIdentityWorld, type TestSettings } from '../../support/identityWorld.ts';
import { type OidcProvider, startOidcProvider } from '../../support/oidcProvider.ts';
import { PageVisitor } from '../../support/pageVisitor.ts';

const callback = 'http://hub.test/hub/oauth_callback';
let provider: OidcProvider;
beforeAll(async () => {
  provider = await startOidcProvider([callback]);
});
afterAll(() => provider.close());

const opened: IdentityWorld[] = [];
afterEach(async () => {
  for (const world of opened.splice(0)) await world.close();
  provider.accounts.clear();
  provider.signsInAs = undefined;
  provider.tokenLifetime = 3600;
});

type Traits = AuthenticationSettings['classes']['generic'] & object;

async function open(authentication: TestSettings['authentication'] = {}, traits: Traits = {}): Promise<IdentityWorld> {
  const generic: Traits = {
    issuer: provider.issuer,
    ...provider.client,
    username_claim: 'preferred_username',
    scope: ['openid', 'profile', 'email', 'groups', 'offline_access'],
    extra_authorize_params: { prompt: 'consent' },
    ...traits,
  };
  const world = await openIdentityWorld({
    authentication: { authenticator: 'generic', allowAll: true, classes: { generic }, ...authentication },
  });
  opened.push(world);
  return world;
}

function account(sub: string, more: Record<string, unknown> = {}): void {
  provider.accounts.set(sub, { sub, preferred_username: sub, email: `${sub}@example.org`, ...more });
}

/** Sends a visitor to the provider, who signs in as `sub`; returns the address that leads back. */
async function goThere(visitor: PageVisitor, sub: string, next = '/hub/token'): Promise<string> {
  provider.signsInAs = sub;
  const answer = await visitor.get(`/hub/oauth_login?next=${encodeURIComponent(next)}`);
  const back = await provider.visit(answer.headers.get('location') ?? '');
  return back.pathname + back.search;
}

/** Signs a visitor in as `sub`, or not. */
async function signIn(world: IdentityWorld, sub: string, visitor = new PageVisitor(world)): Promise<Response> {
  return visitor.get(await goThere(visitor, sub));
}

const textOf = async (answer: Response): Promise<string> => (await answer.text()).replace(/\s+/g, ' ');

describe('signing in at an OpenID provider', () => {
  test('leads there and back to where one wanted to go', async () => {
    const world = await open();
    account('ada', { name: 'Ada Lovelace' });
    const visitor = new PageVisitor(world);
    expect(await textOf(await visitor.get('/hub/login?next=%2Fhub%2Ftoken'))).toContain(
      'href="/hub/oauth_login?next=%2Fhub%2Ftoken">Sign in with OAuth 2.0</a>',
    );
    const answer = await signIn(world, 'ada', visitor);
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/hub/token']);
    expect(visitor.cookie('jupyterhub-hub-login')?.attributes).toContain('HttpOnly');
    expect(await world.identity.users.get('ada')).toMatchObject({
      userInfo: { display_name: 'Ada Lovelace' },
      vouchedBy: { provider: `generic:${provider.issuer}`, subject: 'ada' },
    });
    expect(await textOf(await visitor.get('/hub/token'))).toContain('ada');
  });

  test('asks with state, nonce and PKCE, new ones each time', async () => {
    const world = await open();
    const ask = async (): Promise<URLSearchParams> =>
      new URL((await new PageVisitor(world).get('/hub/oauth_login')).headers.get('location') ?? '').searchParams;
    const [one, two] = [await ask(), await ask()];
    expect(Object.fromEntries(one)).toMatchObject({
      response_type: 'code',
      client_id: 'the-hub',
      redirect_uri: callback,
      code_challenge_method: 'S256',
      prompt: 'consent',
    });
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(one.get(name)?.length).toBeGreaterThanOrEqual(32);
      expect(one.get(name)).not.toBe(two.get(name));
    }
  });

  test('auto_login needs no click, but does not take back who has just signed out', async () => {
    const world = await open({ autoLogin: true });
    const visitor = new PageVisitor(world);
    const location = (await visitor.get('/hub/login?next=%2Fhub%2Ftoken')).headers.get('location');
    expect(location).toBe('/hub/oauth_login?next=%2Fhub%2Ftoken');
    expect((await visitor.get('/hub/login?signed-out=yes')).status).toBe(200);
  });

  test('who declines reads so, and can try again', async () => {
    const world = await open();
    const answer = await signIn(world, 'nobody');
    expect(answer.status).toBe(403);
    expect(await textOf(answer)).toMatch(/did not let you in, or you did not agree.*Sign in with/);
  });

  test('two sign-ins at a time do not disturb each other', async () => {
    const world = await open();
    account('ada');
    const visitor = new PageVisitor(world);
    const cookieOf = (path: string): string => cookieNameOf(new URLSearchParams(path.split('?')[1]).get('state') ?? '');
    const begin = async (): Promise<[string, string]> => [
      await goThere(visitor, 'ada', '/hub/token'),
      await goThere(visitor, 'ada', '/hub/home'),
    ];
    let [first, second] = await begin();
    // One in 256 has the name of the other's cookie, and takes its place.
    while (cookieOf(second) === cookieOf(first)) [first, second] = await begin();
    expect((await visitor.get(second)).headers.get('location')).toBe('/hub/home');
    expect((await visitor.get(first)).headers.get('location')).toBe('/hub/token');
  });

  test('a session of before ends, and the new one has a new id', async () => {
    const world = await open();
    account('ada');
    const visitor = new PageVisitor(world);
    await signIn(world, 'ada', visitor);
    const before = visitor.cookieHeader('/hub/');
    const id = visitor.cookie('jupyterhub-session-id')?.value;
    await signIn(world, 'ada', visitor);
    expect(visitor.cookie('jupyterhub-session-id')?.value).not.toBe(id);
    expect(await world.identity.fromCookies(before)).toBeUndefined();
  });
});

describe('who may come in', () => {
  const manageGroups = true;
  test.each<[string, TestSettings['authentication'], Traits, string | undefined]>([
    ['nobody by default', {}, {}, undefined],
    ['allow_all', { allowAll: true }, {}, 'user'],
    ['allowed_users, in any case', { allowedUsers: ['ADA'] }, {}, 'user'],
    ['others than allowed_users', { allowedUsers: ['grace'] }, {}, undefined],
    ['admin_users', { adminUsers: ['ada'] }, {}, 'admin'],
    ['blocked, whatever else', { allowAll: true, adminUsers: ['ada'], blockedUsers: ['Ada'] }, {}, undefined],
    ['allowed_groups', { manageGroups }, { allowed_groups: ['staff'] }, 'user'],
    ['allowed_groups of others', { manageGroups }, { allowed_groups: ['students'] }, undefined],
    ['allowed_groups without manage_groups', {}, { allowed_groups: ['staff'] }, undefined],
    ['admin_groups', { manageGroups }, { admin_groups: ['staff'] }, 'admin'],
    ['admin_groups of others', { manageGroups, allowAll: true }, { admin_groups: ['other'] }, 'user'],
    ['all of allowed_scopes', {}, { allowed_scopes: ['profile', 'groups'] }, 'user'],
    ['username_map', { allowedUsers: ['countess'], usernameMap: { ada: 'countess' } }, {}, 'user'],
    ['username_pattern', { allowAll: true, usernamePattern: '[0-9]+' }, {}, undefined],
  ])('%s', async (_what, authentication, traits, expected) => {
    const world = await open({ allowAll: false, ...authentication }, traits);
    account('ada', { groups: ['staff', 'pi'] });
    const answer = await signIn(world, 'ada');
    expect(answer.status).toBe(expected === undefined ? 403 : 302);
    const users = (await world.identity.users.list({ offset: 0, limit: 9 })).users;
    const user = users.find(({ vouchedBy }) => vouchedBy !== null);
    expect(user && (user.admin ? 'admin' : 'user')).toBe(expected);
  });

  test('the refusal is in the words of the settings', async () => {
    const world = await open({ allowAll: false }, { custom_403_message: 'Write to <help@example.org>.' });
    account('ada');
    const answer = await signIn(world, 'ada');
    expect(answer.status).toBe(403);
    expect(await textOf(answer)).toContain('Write to &lt;help@example.org&gt;.');
  });

  test('groups are exactly those of the provider, at every sign-in', async () => {
    const world = await open({ manageGroups: true });
    account('ada', { groups: ['staff', '/institute/pi', 'bad\nname'] });
    await signIn(world, 'ada');
    expect((await world.identity.groups.ofUsers(['ada'])).get('ada')).toEqual(['/institute/pi', 'staff']);
    account('ada', { groups: ['guests'] });
    await signIn(world, 'ada');
    expect((await world.identity.groups.ofUsers(['ada'])).get('ada')).toEqual(['guests']);
  });
});

describe('attacks', () => {
  test("an answer that this browser did not ask for signs nobody in: another's, one without or with a wrong state", async () => {
    const world = await open();
    account('mallory');
    const back = await goThere(new PageVisitor(world), 'mallory');
    const victim = new PageVisitor(world);
    await victim.get('/hub/oauth_login');
    const wrong = new URLSearchParams(back.slice(back.indexOf('?')));
    wrong.set('state', 'f'.repeat(32));
    for (const path of [back, back.replace(/&state=[^&]+/, ''), `/hub/oauth_callback?${wrong.toString()}`]) {
      const answer = await victim.get(path);
      expect(answer.status).toBe(400);
      expect(await textOf(answer)).toContain('This sign-in was not begun in this browser, or too long ago.');
    }
    expect(victim.cookie('jupyterhub-hub-login')).toBeUndefined();
    expect(await world.identity.users.get('mallory')).toBeUndefined();
  });

  test('an answer counts once', async () => {
    const world = await open();
    account('ada');
    const visitor = new PageVisitor(world);
    const back = await goThere(visitor, 'ada');
    const cookies = visitor.cookieHeader('/hub/oauth_callback');
    expect((await visitor.get(back)).status).toBe(302);
    expect((await visitor.get(back)).status).toBe(400);
    // Also where somebody has kept the cookie: the provider gives nothing for a code that was used.
    const again = await world.request(back, { headers: { cookie: cookies } });
    expect(again.status).toBe(502);
    expect(again.headers.getSetCookie().join()).not.toContain('jupyterhub-hub-login');
  });

  test('an answer is too old after half an hour', async () => {
    const world = await open();
    account('ada');
    const visitor = new PageVisitor(world);
    const back = await goThere(visitor, 'ada');
    world.clock.advance(1801);
    expect((await visitor.get(back)).status).toBe(400);
  });

  test('a code that was issued for another sign-in (PKCE, nonce) is worth nothing', async () => {
    const world = await open();
    account('ada');
    account('mallory');
    const stolen = new URLSearchParams((await goThere(new PageVisitor(world), 'ada')).split('?')[1]).get('code') ?? '';
    const mallory = new PageVisitor(world);
    const own = await goThere(mallory, 'mallory');
    const parameters = new URLSearchParams(own.split('?')[1]);
    parameters.set('code', stolen);
    const answer = await mallory.get(`/hub/oauth_callback?${parameters.toString()}`);
    expect(answer.status).toBe(502);
    expect(await textOf(answer)).toContain('refused the sign-in. (invalid_grant)');
    expect(mallory.cookie('jupyterhub-hub-login')).toBeUndefined();
  });

  test('an answer that names another issuer is refused (mix-up)', async () => {
    const world = await open();
    account('ada');
    const visitor = new PageVisitor(world);
    const back = await goThere(visitor, 'ada');
    expect(back).toContain('&iss=');
    const exchanged = provider.requests.filter((path) => path === '/token').length;
    const answer = await visitor.get(back.replace(/&iss=[^&]+/, '&iss=https%3A%2F%2Fevil.example'));
    expect(answer.status).toBe(502);
    // The code goes to no token endpoint.
    expect(provider.requests.filter((path) => path === '/token').length).toBe(exchanged);
    expect(await world.identity.users.get('ada')).toBeUndefined();
  });

  test.each(['//evil.example', 'https://evil.example/', '/\\evil.example', 'javascript:alert(1)', '/%0d%0ax: y'])(
    'next=%s does not lead away',
    async (next) => {
      const world = await open();
      account('ada');
      const visitor = new PageVisitor(world);
      const location = (await visitor.get(await goThere(visitor, 'ada', next))).headers.get('location') ?? '';
      expect(new URL(location, 'http://hub.test').origin).toBe('http://hub.test');
      expect(location).not.toMatch(/^\/\/|[\r\n]/);
    },
  );

  test('the texts of an error come from Atoll, not from the address', async () => {
    const world = await open();
    const visitor = new PageVisitor(world);
    const location = new URL((await visitor.get('/hub/oauth_login')).headers.get('location') ?? '');
    const query = new URLSearchParams({
      state: location.searchParams.get('state') ?? '',
      error: 'call <b>0800</b> now',
      error_description: 'Your account is locked: call 0800',
      iss: provider.issuer,
    });
    const text = await textOf(await visitor.get(`/hub/oauth_callback?${query.toString()}`));
    expect(text).not.toContain('0800');
    expect(text).toContain('refused the sign-in.');
  });

  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      'a name that was given to another account',
      { sub: 'one', preferred_username: 'ada' },
      { sub: 'two', preferred_username: 'ada' },
    ],
    [
      'names that are one here',
      { sub: 'one', preferred_username: 'ada' },
      { sub: 'two', preferred_username: 'ＡＤＡ' },
    ],
  ])('%s does not open the account of who had it', async (_what, first, second) => {
    const world = await open();
    provider.accounts.set('one', { sub: 'one', ...first });
    provider.accounts.set('two', { sub: 'two', ...second });
    expect((await signIn(world, 'one')).status).toBe(302);
    const answer = await signIn(world, 'two');
    expect(answer.status).toBe(403);
    expect(await textOf(answer)).toContain('The name ada belongs to another account.');
    // An administrator can hand the name over.
    const user = await world.user('ada');
    await world.identity.setAuthState(user, null);
    expect((await signIn(world, 'two')).status).toBe(302);
    expect((await signIn(world, 'one')).status).toBe(403);
  });

  test('what is no name here is told to nobody as one', async () => {
    const world = await open();
    account('x', { preferred_username: '../../root' });
    expect((await signIn(world, 'x')).status).toBe(403);
    account('x', { preferred_username: undefined });
    const answer = await signIn(world, 'x');
    expect(answer.status).toBe(502);
    expect(await textOf(answer)).toContain('its answer has no &quot;preferred_username&quot;');
  });

  test('a provider that is away is told, and another sign-in is possible later', async () => {
    const port = await freePort();
    const world = await open({}, { issuer: `http://127.0.0.1:${port}` });
    const answer = await new PageVisitor(world).get('/hub/oauth_login');
    expect(answer.status).toBe(502);
    expect(await textOf(answer)).toMatch(/OAuth 2.0 does not answer. \(127.0.0.1:\d+: .*ECONNREFUSED/);
  });

  test('someone beside the provider cannot speak for it: an ID token over plain HTTP is not configured', async () => {
    const addresses = {
      issuer: undefined as never,
      authorize_url: 'https://id.example/a',
      userdata_from_id_token: true,
    };
    for (const token_url of ['http://id.example/t', 'http://127.example.org/t'])
      await expect(open({}, { ...addresses, token_url })).rejects.toMatchObject({
        code: 'ATOLL_AUTHENTICATOR_INVALID',
      });
    await open({}, { ...addresses, token_url: 'http://127.0.0.1:1/t' });
  });

  test('neither the log nor a page has a token, a code, or a secret', async () => {
    const world = await open({ enableAuthState: true });
    account('ada');
    const visitor = new PageVisitor(world);
    const back = await goThere(visitor, 'ada');
    const code = new URLSearchParams(back.split('?')[1]).get('code') ?? '';
    await visitor.get(back);
    const user = await world.user('ada');
    const { access_token, refresh_token } = (await world.identity.authStateOf(user)) as Record<string, string>;
    const again = await textOf(await visitor.get(back));
    const stored = JSON.stringify(await world.store.db.selectFrom('users').selectAll().execute());
    const logged = world.logged.join('\n');
    expect(logged).toContain('signed in');
    for (const secret of [code, access_token ?? '', refresh_token ?? '', provider.client.client_secret]) {
      expect(secret.length).toBeGreaterThan(10);
      expect(again).not.toContain(secret);
      expect(stored).not.toContain(secret);
      expect(logged).not.toContain(secret);
    }
  });
});
