import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AuthenticationSettings } from '../../../src/config/settings.ts';
import type { User } from '../../../src/identity/users.ts';
import { type FakeProvider, startFakeProvider } from '../../support/fakeProvider.ts';
import { type IdentityWorld, openIdentityWorld } from '../../support/identityWorld.ts';
import { PageVisitor } from '../../support/pageVisitor.ts';

let fake: FakeProvider;
beforeAll(async () => {
  fake = await startFakeProvider();
});
afterAll(() => fake.close());

const opened: IdentityWorld[] = [];
afterEach(async () => {
  for (const world of opened.splice(0)) await world.close();
  fake.routes = {};
  fake.requests.length = 0;
});

type Settings = Partial<AuthenticationSettings>;
type Classes = Required<AuthenticationSettings['classes']>;

/** A way to sign in whose provider is the fake one. */
function settingsOf<N extends keyof Classes>(authenticator: N, traits: Classes[N], more: Settings = {}): Settings {
  const client = { client_id: 'hub', client_secret: 'secret-of-the-hub' };
  return { authenticator, classes: { [authenticator]: { ...client, ...traits } }, ...more };
}

interface Outcome {
  status: number;
  text: string;
  /** Who is in, if anybody. */
  user: User | undefined;
  world: IdentityWorld;
  visitor: PageVisitor;
}

/** Signs somebody in, as the fake provider's routes say. */
async function signIn(settings: Settings): Promise<Outcome> {
  const world = await openIdentityWorld({ authentication: settings });
  opened.push(world);
  const visitor = new PageVisitor(world);
  return { ...(await again(world, visitor)), world, visitor };
}

async function again(
  world: IdentityWorld,
  visitor: PageVisitor,
): Promise<{ status: number; text: string; user: User | undefined }> {
  const there = await visitor.get('/hub/oauth_login?next=/hub/token');
  const state = new URL(there.headers.get('location') ?? 'http://none').searchParams.get('state') ?? '';
  const answer = await visitor.get(`/hub/oauth_callback?code=the-code&state=${state}`);
  const text = (await answer.text()).replace(/\s+/g, ' ');
  const { users } = await world.identity.users.list({ offset: 0, limit: 20 });
  return { status: answer.status, text, user: users.find(({ vouchedBy }) => vouchedBy !== null) };
}

const outcomeOf = ({ status, user }: Outcome): string =>
  status === 302 && user ? `${user.name}${user.admin ? ' (admin)' : ''}` : String(status);

const token = { access_token: 'token-of-ada', token_type: 'bearer' };

describe('GitHub', () => {
  const url = () => ({ github_url: fake.url });
  const user = { login: 'Ada', id: 42, name: 'Ada Lovelace', email: null, avatar_url: 'https://x.example/a.png' };

  function github(more: FakeProvider['routes'] = {}, scope = '', token_type = 'bearer'): void {
    fake.routes = {
      '/login/oauth/access_token': { body: { ...token, token_type, scope } },
      '/api/v3/user': { body: user },
      ...more,
    };
  }

  test('names people by their login, and exchanges the code as GitHub wants it', async () => {
    github();
    const outcome = await signIn(settingsOf('github', url(), { allowedUsers: ['ada'] }));
    expect(outcomeOf(outcome)).toBe('ada');
    expect(outcome.user).toMatchObject({
      vouchedBy: { provider: `github:${fake.url}`, subject: '42' },
      userInfo: { display_name: 'Ada Lovelace', avatar_url: 'https://x.example/a.png' },
    });
    const exchange = fake.requests.find((request) => request.method === 'POST');
    expect(Object.fromEntries(exchange?.form ?? [])).toMatchObject({
      grant_type: 'authorization_code',
      code: 'the-code',
      client_id: 'hub',
      client_secret: 'secret-of-the-hub',
      redirect_uri: 'http://hub.test/hub/oauth_callback',
      code_verifier: expect.stringMatching(/^[\w-]{43}$/) as string,
    });
    expect(exchange?.headers.accept).toContain('application/json');
  });

  test('a token of an old server goes back under its own name', async () => {
    github({}, '', 'token');
    expect(outcomeOf(await signIn(settingsOf('github', url(), { allowAll: true })))).toBe('ada');
    expect(fake.requests.at(-1)?.headers.authorization).toBe('token token-of-ada');
  });

  const member = { status: 204 };
  test.each<[string, string[], FakeProvider['routes'], string]>([
    ['a member', ['org'], { '/api/v3/orgs/org/members/Ada': member }, 'ada'],
    [
      'a public member, seen without read:org',
      ['org'],
      {
        '/api/v3/orgs/org/members/Ada': { status: 302, headers: { location: `/x` } },
        '/api/v3/orgs/org/public_members/Ada': member,
      },
      'ada',
    ],
    ['nobody of the organization', ['org'], { '/api/v3/orgs/org/members/Ada': { status: 404 } }, '403'],
    [
      'a hidden redirect',
      ['org'],
      { '/api/v3/orgs/org/members/Ada': { status: 302, headers: { location: '/api/v3/user' } } },
      '403',
    ],
    ['an answer of 200', ['org'], { '/api/v3/orgs/org/members/Ada': { status: 200, body: {} } }, '403'],
    ['a member of the team', ['org:team'], { '/api/v3/orgs/org/teams/team/members/Ada': member }, 'ada'],
    [
      'a member of another team',
      ['org:team'],
      { '/api/v3/orgs/org/members/Ada': member, '/api/v3/orgs/org/teams/x/members/Ada': member },
      '403',
    ],
    ['a member of the second', ['one', 'two:x'], { '/api/v3/orgs/two/teams/x/members/Ada': member }, 'ada'],
    ['nobody at all', ['org'], {}, '403'],
  ])('allowed_organizations: %s', async (_what, allowed_organizations, routes, expected) => {
    github(routes);
    expect(outcomeOf(await signIn(settingsOf('github', { ...url(), allowed_organizations })))).toBe(expected);
  });

  test('an organization with a strange name asks for no other path', async () => {
    github();
    await signIn(settingsOf('github', { ...url(), allowed_organizations: ['../../user?x=:team/../..'] }));
    const paths = fake.requests.map((request) => request.url.pathname);
    expect(paths).toContain('/api/v3/orgs/..%2F..%2Fuser%3Fx%3D/teams/team%2F..%2F../members/Ada');
  });

  test.each(['org:', ':team', 'a:b:c'])('allowed_organizations %s is told at start', async (entry) => {
    await expect(signIn(settingsOf('github', { ...url(), allowed_organizations: [entry] }))).rejects.toMatchObject({
      code: 'ATOLL_AUTHENTICATOR_INVALID',
    });
  });

  test('teams are in the auth state, all pages of them, and the token goes to the API only', async () => {
    github(
      {
        '/api/v3/user/teams': ({ url: { searchParams } }) =>
          searchParams.get('page') === '2'
            ? { body: [{ slug: 'b' }], headers: { link: '<https://evil.example/more>; rel="next"' } }
            : { body: [{ slug: 'a' }], headers: { link: `<${fake.url}/api/v3/user/teams?page=2>; rel="next"` } },
        '/api/v3/user/emails': { body: [{ email: 'p@x.example', primary: true, verified: true }] },
      },
      'read:org,user',
    );
    const { user: ada, world } = await signIn(
      settingsOf(
        'github',
        {
          ...url(),
          populate_teams_in_auth_state: true,
          scope: ['read:org', 'user'],
          auth_state_groups_key: 'team_names',
        },
        { allowAll: true, enableAuthState: true },
      ),
    );
    const state = ada && (await world.identity.authStateOf(ada));
    expect(state).toMatchObject({
      teams: [{ slug: 'a' }, { slug: 'b' }],
      scope: ['read:org', 'user'],
      github_user: { email: 'p@x.example' },
      access_token: 'token-of-ada',
    });
  });

  test('the error that GitHub answers with status 200 is an error', async () => {
    fake.routes = { '/login/oauth/access_token': { body: { error: 'bad_verification_code', error_description: 'x' } } };
    const outcome = await signIn(settingsOf('github', url(), { allowAll: true }));
    expect(outcome.status).toBe(502);
    expect(outcome.text).toContain('GitHub refused the sign-in. (bad_verification_code)');
  });

  test('a name that GitHub gave to somebody new does not open the account of before', async () => {
    github();
    const { world, visitor } = await signIn(settingsOf('github', url(), { allowAll: true }));
    fake.routes['/api/v3/user'] = { body: { ...user, id: 43 } };
    const next = await again(world, visitor);
    expect([next.status, next.text.includes('belongs to another account')]).toEqual([403, true]);
    fake.routes['/api/v3/user'] = { body: { ...user, login: 'ADA' } };
    expect((await again(world, visitor)).status).toBe(302);
  });

  test('of two accounts that come under one new name at the same time, one gets it', async () => {
    let id = 100;
    github({ '/api/v3/user': () => ({ body: { ...user, id: id++ } }) });
    const world = await openIdentityWorld({ authentication: settingsOf('github', url(), { allowAll: true }) });
    opened.push(world);
    const visits = await Promise.all(Array.from({ length: 5 }, () => again(world, new PageVisitor(world))));
    expect(visits.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([302, 403, 403, 403, 403]);
  });

  test.each([{ 'x-ratelimit-remaining': '0' }, { 'retry-after': '60' }])(
    'a question too many (403 with %j) takes nothing from who is in already',
    async (headers) => {
      github({ '/api/v3/orgs/org/members/Ada': member });
      const { world } = await signIn(
        settingsOf('github', { ...url(), allowed_organizations: ['org'] }, { authRefreshAgeSeconds: 300 }),
      );
      const ada = await world.user('ada');
      github({ '/api/v3/orgs/org/members/Ada': { status: 403, headers, body: { message: 'rate limit exceeded' } } });
      world.clock.advance(301);
      expect(await world.identity.authRefresh.standingOf(ada.id)).toBe('stands');
      github({ '/api/v3/orgs/org/members/Ada': { status: 404 } });
      world.clock.advance(301);
      expect(await world.identity.authRefresh.standingOf(ada.id)).toBe('lost');
    },
  );

  test('an answer without limits is cut off', async () => {
    github({ '/api/v3/user': { body: { login: 'x'.repeat(3_000_000) } } });
    expect((await signIn(settingsOf('github', url(), { allowAll: true }))).text).toContain('GitHub does not answer.');
  });
});

describe('GitLab (CVE-2018-7206)', () => {
  const traits = () => ({ gitlab_url: fake.url });
  const ada = { id: 7, username: 'ada', state: 'active' };
  test.each<[string, Classes['gitlab'], FakeProvider['routes'], string]>([
    [
      'a member of a group',
      { allowed_gitlab_groups: ['a/b'] },
      { '/api/v4/groups/a%2Fb/members/all/7': { body: ada } },
      'ada',
    ],
    ['nobody of it', { allowed_gitlab_groups: ['a/b'] }, {}, '403'],
    [
      'a member who is blocked',
      { allowed_gitlab_groups: ['g'] },
      { '/api/v4/groups/g/members/all/7': { body: { ...ada, state: 'blocked' } } },
      '403',
    ],
    [
      'an answer about somebody else',
      { allowed_gitlab_groups: ['g'] },
      { '/api/v4/groups/g/members/all/7': { body: { ...ada, id: 8 } } },
      '403',
    ],
    [
      'a list (the answer of another API)',
      { allowed_gitlab_groups: ['g'] },
      { '/api/v4/groups/g/members/all/7': { body: [ada] } },
      '403',
    ],
    [
      'a developer of a project',
      { allowed_project_ids: ['9'] },
      { '/api/v4/projects/9/members/all/7': { body: { ...ada, access_level: 30 } } },
      'ada',
    ],
    [
      'a reporter of it',
      { allowed_project_ids: ['9'] },
      { '/api/v4/projects/9/members/all/7': { body: { ...ada, access_level: 20 } } },
      '403',
    ],
  ])('%s', async (_what, more, routes, expected) => {
    fake.routes = { '/oauth/token': { body: token }, '/api/v4/user': { body: ada }, ...routes };
    expect(outcomeOf(await signIn(settingsOf('gitlab', { ...traits(), ...more })))).toBe(expected);
  });
});

describe('Google (GHSA-55m3-44xf-hg4h)', () => {
  const urls = () => ({ google_api_url: fake.url, authorize_url: `${fake.url}/auth`, scope: ['email'] });
  const ada = { id: '1', email: 'ada@uni.edu', verified_email: true, hd: 'uni.edu' };
  function google(user: Record<string, unknown>, more: FakeProvider['routes'] = {}): void {
    fake.routes = { '/oauth2/v4/token': { body: token }, '/oauth2/v1/userinfo': { body: user }, ...more };
  }
  test.each<[string, Record<string, unknown>, Classes['google'], Settings, string]>([
    ['anybody by allow_all', { ...ada, hd: undefined }, {}, { allowAll: true }, 'ada@uni.edu'],
    [
      'an address that is not verified',
      { ...ada, verified_email: false },
      {},
      { allowAll: true, adminUsers: ['ada@uni.edu'] },
      '403',
    ],
    ['of the hosted domain, whose name is stripped', ada, { hosted_domain: ['uni.edu'] }, { allowAll: true }, 'ada'],
    ['of the hosted domain, without an allow rule', ada, { hosted_domain: ['uni.edu'] }, {}, '403'],
    ['of another organization', { ...ada, hd: 'evil.org' }, { hosted_domain: ['uni.edu'] }, { allowAll: true }, '403'],
    [
      'with the address, but not of the organization',
      { ...ada, hd: undefined },
      { hosted_domain: ['uni.edu'] },
      { allowAll: true },
      '403',
    ],
    [
      'of one of two domains, whose names stay',
      ada,
      { hosted_domain: ['uni.edu', 'x.edu'] },
      { allowAll: true },
      'ada@uni.edu',
    ],
    ['allowed_hosted_domains', ada, { allowed_hosted_domains: ['uni.edu'] }, {}, 'ada@uni.edu'],
    [
      'allowed_hosted_domains, by the address alone',
      { ...ada, hd: undefined },
      { allowed_hosted_domains: ['uni.edu'] },
      {},
      '403',
    ],
    [
      'not stripped where it is not wanted',
      ada,
      { hosted_domain: ['uni.edu'], strip_domain: false },
      { allowAll: true },
      'ada@uni.edu',
    ],
  ])('%s', async (_what, user, traits, settings, expected) => {
    google(user);
    expect(outcomeOf(await signIn(settingsOf('google', { ...urls(), ...traits }, settings)))).toBe(expected);
  });

  describe('groups', () => {
    const folder = mkdtempSync(join(tmpdir(), 'atoll-google-'));
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const keyFile = join(folder, 'key.json');
    afterAll(() => rmSync(folder, { recursive: true }));
    const inGroups = (groups: Record<string, string[]>): FakeProvider['routes'] => ({
      '/token': { body: { access_token: 'service', expires_in: 3600 } },
      '/admin/directory/v1/groups': ({ url }) => {
        const key = url.searchParams.get('userKey') ?? '';
        const all = groups[key] ?? [];
        const second = url.searchParams.get('pageToken') === 'two';
        const [first, ...rest] = all;
        const page = second ? rest : first === undefined ? [] : [first];
        return {
          body: {
            groups: page.map((name) => ({ email: `${name}@uni.edu` })),
            ...(!second && rest.length > 0 && { nextPageToken: 'two' }),
          },
        };
      },
    });
    test.each<[string, Record<string, unknown>, Record<string, string[]>, Classes['google'], string]>([
      [
        'a member',
        ada,
        { 'ada@uni.edu': ['x', 'staff'] },
        { allowed_google_groups: { 'uni.edu': ['staff'] } },
        'ada@uni.edu',
      ],
      ['nobody', ada, { 'ada@uni.edu': ['x'] }, { allowed_google_groups: { 'uni.edu': ['staff'] } }, '403'],
      [
        'an administrator',
        ada,
        { 'ada@uni.edu': ['boss'] },
        { admin_google_groups: { 'uni.edu': ['boss'] } },
        'ada@uni.edu (admin)',
      ],
      [
        'a member by way of a group',
        ada,
        { 'ada@uni.edu': ['inner'], 'inner@uni.edu': ['staff', 'inner'] },
        { allowed_google_groups: { 'uni.edu': ['staff'] }, include_nested_groups: true },
        'ada@uni.edu',
      ],
      [
        'a group of a group, where these do not count',
        ada,
        { 'ada@uni.edu': ['inner'], 'inner@uni.edu': ['staff'] },
        { allowed_google_groups: { 'uni.edu': ['staff'] } },
        '403',
      ],
      [
        'a private account with an address there',
        { ...ada, hd: undefined },
        { 'ada@uni.edu': ['staff'] },
        { allowed_google_groups: { 'uni.edu': ['staff'] } },
        '403',
      ],
    ])('%s', async (_what, user, groups, traits, expected) => {
      writeFileSync(
        keyFile,
        JSON.stringify({
          client_email: 'robot@project.example',
          private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
          token_uri: `${fake.url}/token`,
        }),
      );
      google(user, inGroups(groups));
      const outcome = await signIn(
        settingsOf('google', {
          ...urls(),
          google_service_account_keys: { 'uni.edu': keyFile },
          gsuite_administrator: { 'uni.edu': 'admin' },
          ...traits,
        }),
      );
      expect(outcomeOf(outcome)).toBe(expected);
      const asked = fake.requests.filter((request) => request.url.pathname === '/token');
      const claims = asked.map(({ form }) => decodeJwt(form.get('assertion') ?? ''));
      // Nothing is asked about a private account.
      expect(claims.map(({ iss, sub, aud }) => [iss, sub, aud])).toEqual(
        user.hd === undefined ? [] : [['robot@project.example', 'admin@uni.edu', `${fake.url}/token`]],
      );
    });

    test('a broken answer with the token of the service account is told, and does not come into the log', async () => {
      const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
      const account = { client_email: 'r@x.example', private_key: key, token_uri: `${fake.url}/token` };
      writeFileSync(keyFile, JSON.stringify(account));
      google(ada, { '/token': { body: 'secret-of-google' } });
      const traits = {
        google_service_account_keys: { 'uni.edu': keyFile },
        gsuite_administrator: { 'uni.edu': 'admin' },
        allowed_google_groups: { 'uni.edu': ['staff'] },
      };
      const { status, world } = await signIn(settingsOf('google', { ...urls(), ...traits }));
      expect(status).toBe(502);
      expect(world.logged.join('')).not.toContain('secret');
    });
  });
});

describe('CILogon (CVE-2022-31027)', () => {
  const github = 'http://github.com/login/oauth/authorize';
  const google = 'http://google.com/accounts/o8/id';
  const urls = () => ({
    authorize_url: `${fake.url}/authorize`,
    token_url: `${fake.url}/token`,
    userdata_url: `${fake.url}/userinfo`,
  });
  const email = { username_claim: 'email' };
  const ada = { sub: 's1', idp: google, email: 'Ada@Uni.edu', eppn: 'ada@uni.edu' };
  async function visit(
    user: Record<string, unknown>,
    idps: Classes['cilogon']['idps'] & object,
    settings: Settings = {},
  ) {
    fake.routes = { '/token': { body: token }, '/userinfo': { body: user } };
    return signIn(settingsOf('cilogon', { ...urls(), idps }, settings));
  }
  test.each<[string, Record<string, unknown>, Classes['cilogon']['idps'] & object, Settings, string]>([
    [
      'allow_all of the provider',
      ada,
      { [google]: { username_derivation: email, allow_all: true } },
      {},
      'ada@uni.edu',
    ],
    ['without a rule', ada, { [google]: { username_derivation: email } }, {}, '403'],
    [
      'allow_all of another provider',
      ada,
      { [google]: { username_derivation: email }, [github]: { username_derivation: email, allow_all: true } },
      {},
      '403',
    ],
    [
      'a provider that is not named',
      { ...ada, idp: 'https://evil.example/idp' },
      { [google]: { username_derivation: email, allow_all: true } },
      { allowAll: true },
      '403',
    ],
    [
      'no provider at all',
      { ...ada, idp: undefined },
      { [google]: { username_derivation: email, allow_all: true } },
      {},
      '502',
    ],
    [
      'allowed_domains, in any case',
      ada,
      { [google]: { username_derivation: email, allowed_domains: ['uni.EDU'] } },
      {},
      'ada@uni.edu',
    ],
    [
      'a pattern',
      { ...ada, email: 'ada@cs.uni.edu' },
      { [google]: { username_derivation: email, allowed_domains: ['*.uni.edu'] } },
      {},
      'ada@cs.uni.edu',
    ],
    [
      'a look-alike domain',
      { ...ada, email: 'ada@uniXedu' },
      { [google]: { username_derivation: email, allowed_domains: ['uni.edu'] } },
      {},
      '403',
    ],
    [
      'an address with two @',
      { ...ada, email: 'ada@uni.edu@evil.org' },
      { [google]: { username_derivation: email, allowed_domains: ['uni.edu'] } },
      {},
      '403',
    ],
    [
      'allowed_domains_claim',
      { ...ada, email: 'ada@home.org' },
      { [google]: { username_derivation: email, allowed_domains: ['uni.edu'], allowed_domains_claim: 'eppn' } },
      {},
      'ada@home.org',
    ],
    [
      'a prefix',
      { ...ada, preferred_username: 'ada' },
      {
        [google]: {
          username_derivation: { username_claim: 'preferred_username', action: 'prefix', prefix: 'g' },
          allow_all: true,
        },
      },
      {},
      'g:ada',
    ],
    [
      'a domain that is stripped',
      ada,
      {
        [google]: { username_derivation: { ...email, action: 'strip_idp_domain', domain: 'uni.edu' }, allow_all: true },
      },
      {},
      'ada',
    ],
    [
      'another domain, that stays',
      { ...ada, email: 'ada@x.org' },
      {
        [google]: { username_derivation: { ...email, action: 'strip_idp_domain', domain: 'uni.edu' }, allow_all: true },
      },
      {},
      'ada@x.org',
    ],
    [
      'allowed_users by the name here',
      ada,
      { [google]: { username_derivation: email } },
      { allowedUsers: ['ada@uni.edu'] },
      'ada@uni.edu',
    ],
  ])('%s', async (_what, user, idps, settings, expected) => {
    expect(outcomeOf(await visit(user, idps, settings))).toBe(expected);
  });

  test('the same name of two providers is not the same person', async () => {
    const idps = {
      [google]: { username_derivation: email, allow_all: true },
      [github]: { username_derivation: email, allow_all: true },
    };
    const { world, visitor } = await visit(ada, idps);
    fake.routes['/userinfo'] = { body: { ...ada, sub: 's2', idp: github } };
    expect((await again(world, visitor)).status).toBe(403);
  });

  test('CILogon is told which providers to offer, the default one first', async () => {
    const world = await openIdentityWorld({
      authentication: settingsOf('cilogon', {
        ...urls(),
        skin: 'uni',
        idps: { [google]: { username_derivation: email }, [github]: { username_derivation: email, default: true } },
      }),
    });
    opened.push(world);
    const location = new URL((await new PageVisitor(world).get('/hub/oauth_login')).headers.get('location') ?? '');
    expect(location.searchParams.get('selected_idp')).toBe(`${github},${google}`);
    expect(location.searchParams.get('skin')).toBe('uni');
    expect(location.searchParams.get('scope')?.split(' ')).toContain('org.cilogon.userinfo');
  });

  test('without providers it is not configured', async () => {
    await expect(visit(ada, {})).rejects.toMatchObject({ code: 'ATOLL_AUTHENTICATOR_INCOMPLETE' });
  });
});

describe('Globus (GHSA-gprj-3p75-f996)', () => {
  const urls = () => ({
    authorize_url: `${fake.url}/authorize`,
    token_url: `${fake.url}/token`,
    userdata_url: `${fake.url}/userinfo`,
    globus_groups_url: `${fake.url}/groups`,
    revocation_url: `${fake.url}/revoke`,
  });
  const ada = { sub: 'uuid', preferred_username: 'ada@uni.edu', email: 'ada.l@uni.edu' };
  const other_tokens = [
    {
      access_token: 'transfer-token',
      refresh_token: 'transfer-refresh',
      resource_server: 'transfer.api.globus.org',
      token_type: 'Bearer',
    },
    { access_token: 'groups-token', resource_server: 'groups.api.globus.org', token_type: 'Bearer' },
  ];
  function globus(user: Record<string, unknown>, groups: unknown[] = []): void {
    fake.routes = {
      '/token': { body: { ...token, resource_server: 'auth.globus.org', other_tokens } },
      '/userinfo': { body: user },
      '/groups': ({ headers }) =>
        headers.authorization === 'Bearer groups-token' ? { body: groups } : { status: 401 },
      '/revoke': { body: {} },
    };
  }
  test.each<[string, Record<string, unknown>, unknown[], Classes['globus'], Settings, string]>([
    ['the name before the @', ada, [], {}, { allowAll: true }, 'ada'],
    ['the mail address', ada, [], { username_from_email: true }, { allowAll: true }, 'ada.l'],
    ['of the institution', ada, [], { identity_provider: 'uni.edu' }, { allowAll: true }, 'ada'],
    ['of the institution, without an allow rule', ada, [], { identity_provider: 'uni.edu' }, {}, '403'],
    [
      'of another institution',
      { ...ada, preferred_username: 'ada@evil.org' },
      [],
      { identity_provider: 'uni.edu' },
      { allowAll: true, adminUsers: ['ada'] },
      '403',
    ],
    [
      'with the institution after another',
      { ...ada, preferred_username: 'ada@evil.org@uni.edu' },
      [],
      { identity_provider: 'uni.edu' },
      { allowAll: true },
      '403',
    ],
    ['a member of a group', ada, [{ id: 'g1' }], { allowed_globus_groups: ['g1'] }, {}, 'ada'],
    [
      'who is only invited',
      ada,
      [{ id: 'g1', my_memberships: [{ status: 'invited' }] }],
      { allowed_globus_groups: ['g1'] },
      {},
      '403',
    ],
    [
      'a member of whose status nothing is said',
      ada,
      [{ id: 'g1', my_memberships: [{ role: 'member' }] }],
      { allowed_globus_groups: ['g1'] },
      {},
      'ada',
    ],
    [
      'an administrator by a group',
      ada,
      [{ id: 'g2', my_memberships: [{ status: 'active' }] }],
      { admin_globus_groups: ['g2'] },
      {},
      'ada (admin)',
    ],
    ['of another group', ada, [{ id: 'g3' }], { allowed_globus_groups: ['g1'] }, {}, '403'],
  ])('%s', async (_what, user, groups, traits, settings, expected) => {
    globus(user, groups);
    expect(outcomeOf(await signIn(settingsOf('globus', { ...urls(), scope: ['profile'], ...traits }, settings)))).toBe(
      expected,
    );
  });

  test('servers get tokens by resource server, without those that are excluded; signing out revokes them', async () => {
    globus(ada);
    const { user, world, visitor } = await signIn(
      settingsOf(
        'globus',
        { ...urls(), scope: ['profile'], revoke_tokens_on_logout: true },
        { allowAll: true, enableAuthState: true },
      ),
    );
    const state = user && (await world.identity.authStateOf(user));
    expect(Object.keys(state?.tokens as object)).toEqual(['transfer.api.globus.org']);
    await visitor.get('/hub/logout');
    await expect
      .poll(() => fake.requests.filter(({ url }) => url.pathname === '/revoke').map(({ form }) => form.get('token')))
      .toEqual(['transfer-token', 'transfer-refresh']);
  });
});

describe('Auth0 (CVE-2026-33175)', () => {
  const urls = () => ({
    auth0_domain: 'uni.eu.auth0.com',
    authorize_url: `${fake.url}/authorize`,
    token_url: `${fake.url}/token`,
    userdata_url: `${fake.url}/userinfo`,
    scope: ['email'],
  });
  const ada = { sub: 'auth0|1', email: 'ada@uni.edu', email_verified: true };
  test.each<[string, Record<string, unknown>, Classes['auth0'], string]>([
    ['a verified address', ada, {}, 'ada@uni.edu'],
    ['an address that is not verified', { ...ada, email_verified: false }, {}, '403'],
    ['an address of which nothing is said', { ...ada, email_verified: undefined }, {}, '403'],
    ['"true" as a text', { ...ada, email_verified: 'true' }, {}, '403'],
    ['one that need not be', { ...ada, email_verified: false }, { allow_unverified_email: true }, 'ada@uni.edu'],
  ])('%s', async (_what, user, traits, expected) => {
    fake.routes = { '/token': { body: token }, '/userinfo': { body: user } };
    const outcome = await signIn(settingsOf('auth0', { ...urls(), ...traits }, { allowedUsers: ['ada@uni.edu'] }));
    expect(outcomeOf(outcome)).toBe(expected);
  });

  test('signing out leads to signing out there', async () => {
    fake.routes = { '/token': { body: token }, '/userinfo': { body: ada } };
    const { visitor } = await signIn(settingsOf('auth0', urls(), { allowAll: true }));
    expect((await visitor.get('/hub/logout')).headers.get('location')).toBe('https://uni.eu.auth0.com/v2/logout');
  });
});

describe('Azure AD', () => {
  const tenant = '11111111-2222-3333-4444-555555555555';
  async function visit(claims: Record<string, unknown>, traits: Classes['azuread'] = {}, settings: Settings = {}) {
    const idToken = await new SignJWT({ name: 'Ada Lovelace', oid: 'o1', sub: 's1', tid: tenant, ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(`https://sts.windows.net/${tenant}/`)
      .setAudience(typeof claims.aud === 'string' ? claims.aud : 'hub')
      .setIssuedAt()
      .setExpirationTime(typeof claims.exp === 'number' ? claims.exp : '5m')
      .sign(new Uint8Array(32));
    fake.routes = { [`/${tenant}/oauth2/token`]: { body: { ...token, expires_in: '3599', id_token: idToken } } };
    return signIn(
      settingsOf('azuread', { graph_url: fake.url, tenant_id: tenant, ...traits }, { allowAll: true, ...settings }),
    );
  }
  test('the ID token says who somebody is, and in which groups', async () => {
    const outcome = await visit({ groups: ['g1', 'g2'] }, { admin_groups: ['g2'] }, { manageGroups: true });
    expect(outcomeOf(outcome)).toBe('ada lovelace (admin)');
    expect((await outcome.world.identity.groups.ofUsers(['ada lovelace'])).get('ada lovelace')).toEqual(['g1', 'g2']);
    expect(outcome.user?.vouchedBy?.subject).toBe('o1');
  });
  test.each<[string, Record<string, unknown>, string]>([
    ['another tenant', { tid: '99999999-2222-3333-4444-555555555555' }, '403'],
    ['an ID token for another application', { aud: 'other' }, '502'],
    ['one that has expired', { exp: 1000 }, '502'],
    ['one without the claim', { name: undefined }, '502'],
  ])('%s is refused', async (_what, claims, expected) => {
    expect(outcomeOf(await visit(claims))).toBe(expected);
  });
});

describe('Bitbucket', () => {
  const urls = () => ({
    authorize_url: `${fake.url}/authorize`,
    token_url: `${fake.url}/token`,
    userdata_url: `${fake.url}/2.0/user`,
  });
  test.each<[string, string[], string]>([
    ['a member', ['lab'], 'ada'],
    ['a member, by the second page', ['second'], 'ada'],
    ['of a workspace that only shows that name', ['The Lab'], '403'],
    ['nobody', ['x'], '403'],
  ])('allowed_teams: %s', async (_what, allowed_teams, expected) => {
    fake.routes = {
      '/token': { body: { ...token, scopes: 'account' } },
      '/2.0/user': { body: { username: 'ada', account_id: 'a1' } },
      '/2.0/workspaces': ({ url }) =>
        url.searchParams.get('page') === '2'
          ? { body: { values: [{ slug: 'second' }], next: 'https://evil.example/' } }
          : {
              body: {
                values: [
                  { slug: 'lab', name: 'Lab' },
                  { slug: 'q', name: 'The Lab' },
                ],
                next: `${fake.url}/2.0/workspaces?page=2`,
              },
            },
    };
    expect(outcomeOf(await signIn(settingsOf('bitbucket', { ...urls(), allowed_teams })))).toBe(expected);
  });
});

describe('OpenShift', () => {
  test('the cluster says where people sign in, who they are, and in which groups', async () => {
    fake.routes = {
      '/.well-known/oauth-authorization-server': { body: { issuer: fake.url } },
      '/oauth/token': { body: token },
      '/apis/user.openshift.io/v1/users/~': { body: { metadata: { name: 'ada', uid: 'u1' }, groups: ['staff'] } },
    };
    const outcome = await signIn(
      settingsOf('openshift', { openshift_url: fake.url, allowed_groups: ['staff'] }, { manageGroups: true }),
    );
    expect(outcomeOf(outcome)).toBe('ada');
  });
});

describe('any OAuth 2.0 provider, by its addresses', () => {
  const urls = () => ({
    authorize_url: `${fake.url}/authorize`,
    token_url: `${fake.url}/token`,
    userdata_url: `${fake.url}/me`,
  });
  test('gets what the settings say: parameters, the secret in a header, the token in the address', async () => {
    fake.routes = { '/token': { body: { ...token, token_type: 'Bearer' } }, '/me': { body: { username: 'ada' } } };
    const outcome = await signIn(
      settingsOf(
        'generic',
        {
          ...urls(),
          basic_auth: true,
          enable_pkce: false,
          token_params: { audience: 'x' },
          userdata_params: { fields: 'name' },
          userdata_token_method: 'url',
        },
        { allowAll: true },
      ),
    );
    expect(outcomeOf(outcome)).toBe('ada');
    const [exchange, userdata] = fake.requests;
    expect(exchange?.headers.authorization).toBe(`Basic ${Buffer.from('hub:secret-of-the-hub').toString('base64')}`);
    expect(exchange?.form.get('audience')).toBe('x');
    expect(exchange?.form.has('client_secret')).toBe(false);
    expect(exchange?.form.has('code_verifier')).toBe(false);
    expect(Object.fromEntries(userdata?.url.searchParams ?? [])).toEqual({
      fields: 'name',
      access_token: 'token-of-ada',
    });
  });

  test.each<[string, (nonce: string) => Record<string, unknown>, string]>([
    ['for this very sign-in', (nonce) => ({ nonce }), 'ada'],
    ['for another sign-in', () => ({ nonce: 'another' }), '502'],
    ['for none', () => ({}), '502'],
    ['about somebody else', (nonce) => ({ nonce, sub: 's2' }), '502'],
    ['for another application', (nonce) => ({ nonce, aud: 'other' }), '502'],
  ])('an ID token %s', async (_what, claimsFor, expected) => {
    const world = await openIdentityWorld({
      authentication: settingsOf('generic', { ...urls(), scope: ['openid'] }, { allowAll: true }),
    });
    opened.push(world);
    const visitor = new PageVisitor(world);
    const there = new URL((await visitor.get('/hub/oauth_login')).headers.get('location') ?? '').searchParams;
    const idToken = await new SignJWT({ sub: 's1', aud: 'hub', ...claimsFor(there.get('nonce') ?? '') })
      .setProtectedHeader({ alg: 'RS512' })
      .setIssuer('https://id.example')
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey);
    fake.routes = {
      '/token': { body: { ...token, id_token: idToken } },
      '/me': { body: { username: 'ada', sub: 's1' } },
    };
    const answer = await visitor.get(`/hub/oauth_callback?code=c&state=${there.get('state')}`);
    expect(answer.status).toBe(expected === 'ada' ? 302 : Number(expected));
    expect((await world.identity.users.get('ada'))?.name).toBe(expected === 'ada' ? 'ada' : undefined);
  });

  test.each<[string, FakeProvider['routes']]>([
    ['an error page', { '/token': { status: 500, body: '<html>' } }],
    ['no token', { '/token': { body: { token_type: 'bearer' } } }],
    ['no JSON', { '/token': { body: 'access_token=x' } }],
    ['a token of an unknown kind', { '/token': { body: { ...token, token_type: 'mac' } } }],
    ['a redirect', { '/token': { status: 302, headers: { location: '/elsewhere' } } }],
    ['nothing about the user', { '/token': { body: token }, '/me': { body: [] } }],
    ['a token that is not taken', { '/token': { body: token }, '/me': { status: 401 } }],
  ])('a provider that answers with %s is told as one', async (_what, routes) => {
    fake.routes = routes;
    const outcome = await signIn(settingsOf('generic', urls(), { allowAll: true }));
    expect(outcome.status).toBe(502);
    expect(outcome.text).toMatch(/OAuth 2.0 (gave an answer that cannot be used|cannot answer at the moment|refused)/);
    expect(outcome.user).toBeUndefined();
  });

  test.each<[string, Classes['generic']]>([
    ['client_id', { client_id: '' }],
    ['token_url', { token_url: undefined as never }],
    ['userdata_url', { userdata_url: undefined as never }],
  ])('no %s: told at start', async (_what, traits) => {
    await expect(signIn(settingsOf('generic', { ...urls(), ...traits }))).rejects.toMatchObject({
      code: 'ATOLL_AUTHENTICATOR_INCOMPLETE',
    });
  });

  test.each<[string, Classes['generic']]>([
    ['allowed_scopes that are not asked for', { allowed_scopes: ['x'] }],
    ['certificates that are not there', { http_request_kwargs: { ca_certs: '/nowhere/ca.pem' } }],
  ])('%s: told at start', async (_what, traits) => {
    await expect(signIn(settingsOf('generic', { ...urls(), ...traits }))).rejects.toMatchObject({
      code: 'ATOLL_AUTHENTICATOR_INVALID',
    });
  });

  test('signing out leads where the settings say', async () => {
    fake.routes = { '/token': { body: token }, '/me': { body: { username: 'ada' } } };
    const { visitor } = await signIn(
      settingsOf('generic', urls(), { allowAll: true, logoutRedirectUrl: 'https://id.example/logout?client_id=hub' }),
    );
    expect((await visitor.get('/hub/logout')).headers.get('location')).toBe('https://id.example/logout?client_id=hub');
  });
});
