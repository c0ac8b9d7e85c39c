import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AuthenticationSettings } from '../../../src/config/settings.ts';
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
  provider.tokenLifetime = 3600;
});

const bearer = (secret: string) => ({ headers: { authorization: `token ${secret}` } });

interface Signed {
  world: IdentityWorld;
  visitor: PageVisitor;
  token: string;
  /** What `GET /user` answers to the login's owner's token. */
  api: () => Promise<number>;
  /** Whether the login counts. */
  isIn: () => Promise<boolean>;
  /** Users whose access ended, in order. */
  lost: string[];
}

/** A hub where `ada`, of the group `staff`, has signed in, and has a token. */
async function signedIn(
  authentication: TestSettings['authentication'] = {},
  traits: AuthenticationSettings['classes']['generic'] = {},
): Promise<Signed> {
  provider.accounts.set('ada', { sub: 'ada', preferred_username: 'ada', groups: ['staff'] });
  provider.signsInAs = 'ada';
  const generic = {
    issuer: provider.issuer,
    ...provider.client,
    username_claim: 'preferred_username',
    scope: ['openid', 'profile', 'groups', 'offline_access'],
    extra_authorize_params: { prompt: 'consent' },
    allowed_groups: ['staff'],
    ...traits,
  };
  const world = await openIdentityWorld({
    authentication: { authenticator: 'generic', manageGroups: true, classes: { generic }, ...authentication },
  });
  opened.push(world);
  const visitor = new PageVisitor(world);
  const there = (await visitor.get('/hub/oauth_login')).headers.get('location') ?? '';
  const back = await provider.visit(there);
  expect((await visitor.get(back.pathname + back.search)).status).toBe(302);
  const lost: string[] = [];
  world.identity.authRefresh.whenLost(({ name }) => {
    lost.push(name);
    return Promise.resolve();
  });
  const token = await world.token('ada');
  const api = async (): Promise<number> => (await world.request('/hub/api/user', bearer(token))).status;
  const isIn = async (): Promise<boolean> => (await visitor.get('/hub/token')).status === 200;
  expect([await api(), await isIn()]).toEqual([200, true]);
  return { world, visitor, token, api, isIn, lost };
}

const userinfoCalls = (): number => provider.requests.filter((path) => path === '/me').length;

describe('asking the provider again', () => {
  test('happens when auth_refresh_age has passed, once for many requests, and brings new groups', async () => {
    const { world, api, isIn } = await signedIn({}, { allowed_groups: ['staff', 'boss'] });
    const before = userinfoCalls();
    provider.accounts.set('ada', { sub: 'ada', preferred_username: 'ada', groups: ['boss'] });
    world.clock.advance(299);
    expect([await api(), await isIn()]).toEqual([200, true]);
    expect(userinfoCalls()).toBe(before);
    world.clock.advance(2);
    const answers = await Promise.all(Array.from({ length: 20 }, api));
    expect(new Set(answers)).toEqual(new Set([200]));
    expect(userinfoCalls()).toBe(before + 1);
    expect((await world.identity.groups.ofUsers(['ada'])).get('ada')).toEqual(['boss']);
  });

  test.each<[string, (signed: Signed) => Promise<unknown>]>([
    ['at the next request with a token', ({ api }) => api()],
    ['at the next request of a browser', ({ isIn }) => isIn()],
    ['on the schedule, while a server runs', ({ world }) => world.identity.authRefresh.sweep()],
    [
      'when a server is to start',
      ({ world }) => world.identity.authRefresh.beforeStart('ada', true).catch(() => undefined),
    ],
  ])('who has left the group loses everything %s', async (_what, happens) => {
    const signed = await signedIn({ refreshPreSpawn: true });
    const { world, visitor, api, isIn, lost } = signed;
    await world.server('ada', '');
    await world.store.db.updateTable('servers').set({ phase: 'ready' }).execute();
    const serverToken = (await world.identity.issueServerCredentials({ user: 'ada', serverName: '' })).token;
    provider.accounts.set('ada', { sub: 'ada', preferred_username: 'ada', groups: [] });
    world.clock.advance(301);
    await happens(signed);
    expect([await api(), await isIn()]).toEqual([403, false]);
    expect(await world.identity.fromToken(serverToken)).toBeUndefined();
    expect(await world.identity.fromViewCookies(visitor.cookieHeader('/services/dask-gateway/x'))).toBeUndefined();
    expect(lost).toEqual(['ada']);
    expect((await world.identity.users.get('ada'))?.name).toBe('ada');
    // And does not come in again.
    const there = (await visitor.get('/hub/oauth_login')).headers.get('location') ?? '';
    const back = await provider.visit(there);
    expect((await visitor.get(back.pathname + back.search)).status).toBe(403);
  });

  test('an administrator by a group is none without it, also while signed in', async () => {
    const { world, api } = await signedIn({ allowAll: true }, { admin_groups: ['staff'] });
    expect((await world.identity.users.get('ada'))?.admin).toBe(true);
    provider.accounts.set('ada', { sub: 'ada', preferred_username: 'ada', groups: [] });
    world.clock.advance(301);
    expect(await api()).toBe(200);
    expect((await world.identity.users.get('ada'))?.admin).toBe(false);
  });

  test('the schedule asks about nobody for whom nothing runs', async () => {
    const { world } = await signedIn();
    const before = userinfoCalls();
    world.clock.advance(3000);
    await world.identity.authRefresh.sweep();
    expect(userinfoCalls()).toBe(before);
  });

  test('a token that has ended is replaced by a new one, which is kept', async () => {
    provider.tokenLifetime = 1;
    const { world, api } = await signedIn({ enableAuthState: true });
    const user = await world.user('ada');
    const before = await world.identity.authStateOf(user);
    provider.tokenLifetime = 3600;
    await provider.expireAccessTokens();
    world.clock.advance(301);
    expect(await api()).toBe(200);
    const after = await world.identity.authStateOf(user);
    expect(after?.access_token).not.toBe(before?.access_token);
    expect(after?.refresh_token).toBeTypeOf('string');
  });

  test('where auth state is enabled, who cannot be asked about any more signs in again; tokens go on', async () => {
    const { world, api, isIn, lost } = await signedIn({ enableAuthState: true });
    await provider.forget('ada');
    world.clock.advance(301);
    expect([await isIn(), await api(), lost]).toEqual([false, 200, []]);
    const start = (byOwnerInBrowser: boolean) => world.identity.authRefresh.beforeStart('ada', byOwnerInBrowser);
    await expect(start(true)).rejects.toMatchObject({ code: 'ATOLL_SIGN_IN_AGAIN' });
    // Neither a program nor an administrator can sign in for somebody.
    await expect(start(false)).resolves.toBeUndefined();
  });

  test('auth_refresh_strict turns their tokens, programs and administrators away too, until they have signed in', async () => {
    const { world, visitor, api, isIn, lost } = await signedIn({ enableAuthState: true, authRefreshStrict: true });
    await provider.forget('ada');
    world.clock.advance(301);
    expect([await isIn(), await api(), await api(), lost]).toEqual([false, 403, 403, []]);
    const start = () => world.identity.authRefresh.beforeStart('ada', false);
    await expect(start()).rejects.toMatchObject({ code: 'ATOLL_SIGN_IN_AGAIN' });
    const there = (await visitor.get('/hub/oauth_login')).headers.get('location') ?? '';
    const back = await provider.visit(there);
    await visitor.get(back.pathname + back.search);
    expect([await isIn(), await api()]).toEqual([true, 200]);
    await expect(start()).resolves.toBeUndefined();
  });

  test('where it is not, nobody is signed out for its sake', async () => {
    const { world, api, isIn } = await signedIn();
    await provider.forget('ada');
    world.clock.advance(301);
    expect([await isIn(), await api()]).toEqual([true, 200]);
    await expect(world.identity.authRefresh.beforeStart('ada', true)).resolves.toBeUndefined();
  });

  test('while the provider is away, everything stays, and it is asked again a minute later', async () => {
    const { world, api, isIn, lost } = await signedIn();
    provider.accounts.set('ada', { sub: 'ada', preferred_username: 'ada', groups: [] });
    provider.isDown = true;
    world.clock.advance(301);
    expect([await api(), await isIn(), lost]).toEqual([200, true, []]);
    provider.isDown = false;
    world.clock.advance(59);
    expect(await api()).toBe(200);
    world.clock.advance(2);
    expect(await api()).toBe(403);
  });

  test('allow rules that change while the hub runs count at the next question', async () => {
    const { world, api } = await signedIn({ allowAll: true }, { allowed_groups: [] });
    const { settings } = world.identity;
    await world.identity.reload({ ...settings, authentication: { ...settings.authentication, allowAll: false } });
    expect(await api()).toBe(200);
    world.clock.advance(301);
    expect(await api()).toBe(403);
  });

  test('nobody vouches for a user who was given another name here', async () => {
    const { world } = await signedIn();
    await world.identity.users.rename('ada', 'countess');
    const token = await world.token('countess');
    world.clock.advance(301);
    expect((await world.identity.fromToken(token))?.name).toBe('countess');
  });

  test('auth_refresh_age 0 asks at sign-in only', async () => {
    const { world, api } = await signedIn({ authRefreshAgeSeconds: 0 });
    provider.accounts.set('ada', { sub: 'ada', preferred_username: 'ada', groups: [] });
    world.clock.advance(100_000);
    expect(await api()).toBe(200);
  });

  test('an account that has become somebody else takes nothing along', async () => {
    const { world, api } = await signedIn();
    provider.accounts.set('ada', { sub: 'ada', preferred_username: 'grace', groups: ['staff'] });
    world.clock.advance(301);
    expect(await api()).toBe(403);
    expect(await world.identity.users.get('grace')).toBeUndefined();
  });
});
