import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../../../src/identity/http/client.ts';
import { load, short } from '../../config/settingsFrom.ts';
import { codeOf } from '../../support/codeOf.ts';
import { type FakeProvider, startFakeProvider } from '../../support/fakeProvider.ts';
import { type IdentityWorld, openIdentityWorld } from '../../support/identityWorld.ts';
import { PageVisitor } from '../../support/pageVisitor.ts';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
  provider.routes = {
    '/login/oauth/access_token': { body: { access_token: 'x', token_type: 'bearer' } },
    '/api/v3/user': { body: { login: 'ada', id: 1 } },
    '/oauth/token': { body: { access_token: 'x', token_type: 'bearer' } },
    '/api/v4/user': { body: { username: 'ada', id: 1 } },
  };
});
afterAll(() => provider.close());

const opened: IdentityWorld[] = [];
afterEach(async () => {
  for (const world of opened.splice(0)) await world.close();
});

const multi = (members: string, more = ''): string =>
  `jupyterhub: {hub: {config: {JupyterHub: {authenticator_class: multiauthenticator.MultiAuthenticator}, MultiAuthenticator: {authenticators: [${members}]${more}}}}}`;

async function open(text: string): Promise<IdentityWorld> {
  const { settings, problems } = await load(text);
  expect(problems.map(short)).toEqual([]);
  const world = await openIdentityWorld({ authentication: settings.authentication });
  opened.push(world);
  return world;
}

const github = (more = ''): string =>
  `{authenticator_class: github, url_prefix: /github, config: {client_id: a, client_secret: b, github_url: '${provider.url}'${more}}}`;
const gitlab = (more = ''): string =>
  `{authenticator_class: gitlab, url_prefix: /gitlab, config: {client_id: a, client_secret: b, gitlab_url: '${provider.url}'${more}}}`;
const guests = `{authenticator_class: dummy, url_prefix: /guests, config: {password: open-sesame, service_name: Guest, allow_all: true}}`;
const native = `{authenticator_class: native, url_prefix: /native, config: {open_signup: true, login_service: Local}}`;

async function signIn(world: IdentityWorld, path: string): Promise<number> {
  const visitor = new PageVisitor(world);
  const there = await visitor.get(`/hub/${path}/oauth_login`);
  const state = new URL(there.headers.get('location') ?? 'http://x').searchParams.get('state') ?? '';
  return (await visitor.get(`/hub/${path}/oauth_callback?code=c&state=${state}`)).status;
}

const client: Client = { address: '10.0.0.1', scheme: 'http', host: 'hub.test', userAgent: '' };
const textOf = async (answer: Response): Promise<string> => (await answer.text()).replace(/\s+/g, ' ');

describe('several ways to sign in', () => {
  test('stand on one page, in their order, each with its name, and forms that can be told apart', async () => {
    const world = await open(multi([github(', allow_all: true'), guests, native].join(', ')));
    const text = await textOf(await new PageVisitor(world).get('/hub/login?next=%2Fhub%2Ftoken'));
    expect(text).toMatch(
      /href="\/hub\/github\/oauth_login\?next=%2Fhub%2Ftoken">Sign in with GitHub<.*Sign in with Guest<.*Sign in with Local</,
    );
    const ids = [...text.matchAll(/ id="([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(text).toContain('href="/hub/signup"');
  });

  test('the same name by two of them is two people, whose rules are apart', async () => {
    const world = await open(
      multi([github(', allowed_users: [ada], admin_users: [ada]'), gitlab(', allow_all: true'), guests].join(', ')),
    );
    expect([await signIn(world, 'github'), await signIn(world, 'gitlab')]).toEqual([302, 302]);
    await world.identity.signIn.withForm({ method: 'guests', username: 'ada', password: 'open-sesame' }, client);
    const { users } = await world.identity.users.list({ offset: 0, limit: 9, sort: 'name' });
    expect(users.map(({ name, admin }) => [name, admin])).toEqual([
      ['github:ada', true],
      ['gitlab:ada', false],
      ['guest:ada', false],
    ]);
  });

  test('a form of one is not taken for that of another', async () => {
    const world = await open(multi([guests, native].join(', ')));
    const attempt = (method: string, password: string) =>
      codeOf(world.identity.signIn.withForm({ method, username: 'ada', password }, client));
    expect(await attempt('native', 'open-sesame')).toBe('ATOLL_SIGN_IN_FAILED');
    expect(await attempt('', 'open-sesame')).toBe('ATOLL_SIGN_IN_FAILED');
    expect(await attempt('guests', 'open-sesame')).toBe('ok');
  });

  test('a name with the prefix of another is not that other one', async () => {
    const world = await open(multi([guests, github(', allow_all: true')].join(', ')));
    await signIn(world, 'github');
    const user = await world.identity.signIn.withForm(
      { method: 'guests', username: 'github:ada', password: 'open-sesame' },
      client,
    );
    expect(user.name).toBe('guest:github:ada');
  });

  test('accounts of the hub are made, used and changed under the prefix', async () => {
    const world = await open(multi([guests, native].join(', ')));
    const visitor = new PageVisitor(world);
    const passwords = { password: 'a fine password', repeated: 'a fine password' };
    expect(await textOf(await visitor.submit('/hub/signup', { username: 'Ada', ...passwords }))).toContain('local:ada');
    const form = { method: 'native', username: 'ada', password: 'a fine password' };
    expect((await visitor.submit('/hub/login', form)).status).toBe(302);
    const change = { old: 'a fine password', password: 'another one', repeated: 'another one' };
    expect(await textOf(await visitor.submit('/hub/change-password', change))).toContain('Password changed');
    expect(await codeOf(world.identity.signIn.withForm({ ...form, password: 'another one' }, client))).toBe('ok');
  });

  test('without prefixes, whoever comes second under a name does not get the account of the first', async () => {
    const world = await open(
      multi([github(', allow_all: true'), gitlab(', allow_all: true'), guests].join(', '), ", username_prefix: ''"),
    );
    expect(await signIn(world, 'github')).toBe(302);
    expect(await signIn(world, 'gitlab')).toBe(403);
    const attempt = world.identity.signIn.withForm(
      { method: 'guests', username: 'ada', password: 'open-sesame' },
      client,
    );
    expect(await codeOf(attempt)).toBe('ATOLL_NAME_OF_ANOTHER');
    expect((await world.identity.users.list({ offset: 0, limit: 9 })).users.map(({ name }) => name)).toEqual(['ada']);
  });

  test('an answer for one is not taken by another (mix-up)', async () => {
    const world = await open(multi([github(', allow_all: true'), gitlab(', allow_all: true')].join(', ')));
    const visitor = new PageVisitor(world);
    const there = new URL((await visitor.get('/hub/github/oauth_login')).headers.get('location') ?? '').searchParams;
    expect(there.get('redirect_uri')).toBe('http://hub.test/hub/github/oauth_callback');
    expect((await visitor.get(`/hub/gitlab/oauth_callback?code=c&state=${there.get('state')}`)).status).toBe(400);
    expect((await visitor.get('/hub/oauth_callback?code=c&state=x')).status).toBe(404);
  });
});

describe('settings', () => {
  test.each<[string, string]>([
    ['{authenticator_class: githup, url_prefix: /a}', 'ATOLL_SETTINGS_VALUE'],
    ['{authenticator_class: multi, url_prefix: /a}', 'ATOLL_SETTINGS_VALUE'],
    ['{authenticator_class: dummy, url_prefix: /login}', 'ATOLL_SETTINGS_VALUE'],
    ['{authenticator_class: dummy, url_prefix: /a/b}', 'ATOLL_SETTINGS_VALUE'],
    ['{authenticator_class: dummy, url_prefix: /a, config: {password: 5}}', 'ATOLL_SETTINGS_VALUE'],
    [
      '{authenticator_class: github, url_prefix: /a, config: {allowed_orgs: [x], allow_all: true}}',
      'ATOLL_SETTINGS_NOT_SUPPORTED',
    ],
    [
      '{authenticator_class: dummy, url_prefix: /a, config: {password: p, allow_all: true, constructor: x}}',
      'ATOLL_SETTINGS_NOT_SUPPORTED',
    ],
    [
      '{authenticator_class: github, url_prefix: /a, config: {refresh_user_hook: x, allow_all: true}}',
      'ATOLL_SETTINGS_NO_EFFECT',
    ],
    ['{authenticator_class: github, url_prefix: /a}', 'ATOLL_SETTINGS_NOBODY_MAY_SIGN_IN'],
  ])('%s is told', async (member, code) => {
    expect((await load(multi(member))).problems.map((problem) => problem.code)).toEqual([code]);
  });

  test('what holds for all holds for each, unless it says otherwise', async () => {
    const text = `jupyterhub: {hub: {config: {JupyterHub: {authenticator_class: multi}, Authenticator: {allow_all: true, manage_groups: true, admin_users: ['github:root']},
      MultiAuthenticator: {authenticators: [{authenticator_class: github, url_prefix: /github, config: {allow_all: false, github_organization_whitelist: [org]}}, ${guests}]}}}}`;
    const { settings } = await load(text);
    const { members, adminUsers } = settings.authentication;
    expect(adminUsers).toEqual(['github:root']);
    expect(members).toMatchObject([
      {
        path: 'github',
        prefix: 'GitHub:',
        authentication: {
          authenticator: 'github',
          allowAll: false,
          manageGroups: true,
          classes: { github: { allowed_organizations: ['org'] } },
        },
      },
      {
        path: 'guests',
        prefix: 'Guest:',
        authentication: { allowAll: true, classes: { dummy: { password: 'open-sesame' } } },
      },
    ]);
  });
});
