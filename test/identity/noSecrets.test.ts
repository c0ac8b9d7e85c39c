import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FakeProvider, startFakeProvider } from '../support/fakeProvider.ts';
import { type IdentityWorld, openIdentityWorld, type TestSettings } from '../support/identityWorld.ts';
import { PageVisitor, typed } from '../support/pageVisitor.ts';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());

/** A way to sign in or to present a credential, and what happens with secrets on it. Returns those that must be nowhere. */
interface Flow {
  settings(): TestSettings;
  run(world: IdentityWorld, visitor: PageVisitor): Promise<string[]>;
}

const canary = (what: string): string => `canary-${what}-0123456789-0123456789`;
const json = (body: unknown): RequestInit => ({ method: 'POST', body: JSON.stringify(body) });
const presenting = (secret: string): RequestInit => ({ headers: { authorization: `token ${secret}` } });

/** What the browser got by signing in. (Its XSRF token stands in forms.) */
const cookiesOf = (visitor: PageVisitor): string[] =>
  ['jupyterhub-hub-login', 'atoll-view'].map((name) => visitor.cookie(name)?.value ?? '');

const flows: Record<string, Flow> = {
  'accounts of the hub': {
    settings: () => ({ authentication: { authenticator: 'native', classes: { native: { open_signup: true } } } }),
    async run(_world, visitor) {
      const [right, wrong, next] = [canary('right'), canary('wrong'), canary('next')];
      await visitor.submit('/hub/signup', { username: 'ada', password: right, repeated: right });
      await visitor.submit('/hub/login', { username: 'ada', password: wrong });
      await visitor.submit('/hub/login', { username: 'ada', password: right });
      await visitor.submit('/hub/change-password', { old: wrong, password: next, repeated: next });
      const changed = await visitor.submit('/hub/change-password', { old: right, password: next, repeated: next });
      expect(changed.status).toBe(200);
      return [right, wrong, next, ...cookiesOf(visitor)];
    },
  },
  'shared passwords': {
    settings: () => ({
      authentication: {
        authenticator: 'sharedpassword',
        allowAll: true,
        adminUsers: ['root'],
        classes: { sharedpassword: { user_password: canary('users'), admin_password: canary('administrators') } },
      },
    }),
    async run(_world, visitor) {
      await visitor.submit('/hub/login', { username: 'root', password: canary('users') });
      await visitor.submit('/hub/login', { username: 'root', password: canary('administrators') });
      return [canary('users'), canary('administrators'), ...cookiesOf(visitor)];
    },
  },
  'a provider': {
    settings: () => ({
      authentication: {
        authenticator: 'generic',
        allowAll: true,
        enableAuthState: true,
        classes: {
          generic: {
            client_id: 'hub',
            client_secret: canary('client'),
            authorize_url: `${provider.url}/authorize`,
            token_url: `${provider.url}/token`,
            userdata_url: `${provider.url}/me`,
          },
        },
      },
    }),
    async run(world, visitor) {
      const tokens = { access_token: canary('access'), refresh_token: canary('refresh'), token_type: 'bearer' };
      const failing = [
        { status: 400, body: { error: 'invalid_grant', error_description: canary('description') } },
        { status: 200, body: { error: `not a code: ${canary('error')}` } },
        { status: 200, body: canary('plain') },
        { status: 200, body: { ...tokens, token_type: canary('type') } },
        { status: 500, body: { ...tokens, stack: canary('stack') } },
      ];
      const signIn = async (): Promise<Response> => {
        const there = (await visitor.get('/hub/oauth_login')).headers.get('location') ?? '';
        const state = new URL(there).searchParams.get('state') ?? '';
        return visitor.get(`/hub/oauth_callback?code=${canary('code')}&state=${state}`);
      };
      provider.routes = { '/me': { body: { username: 'ada' } } };
      for (const answer of failing) {
        provider.routes['/token'] = answer;
        expect((await signIn()).status).toBeGreaterThanOrEqual(400);
      }
      provider.routes = { '/token': { body: tokens }, '/me': { status: 500, body: { text: canary('me') } } };
      expect((await signIn()).status).toBe(502);
      provider.routes['/me'] = { body: { username: 'ada' } };
      expect((await signIn()).status).toBe(302);
      // And when the provider is asked again, and is broken then.
      provider.routes['/me'] = { status: 401, body: { text: canary('me') } };
      provider.routes['/token'] = { status: 500, body: canary('plain') };
      world.clock.advance(301);
      await visitor.get('/hub/token');
      const words = ['client', 'access', 'refresh', 'code', 'description', 'error', 'plain', 'type', 'stack', 'me'];
      return [...words.map(canary), ...cookiesOf(visitor)];
    },
  },
  'a proxy in front': {
    settings: () => ({
      authentication: {
        authenticator: 'remoteuser',
        allowAll: true,
        classes: { remoteuser: { trusted_proxies: ['10.0.0.1'], proxy_secret: canary('proxy') } },
      },
    }),
    async run(_world, visitor) {
      for (const secret of [canary('wrong'), canary('proxy')])
        await visitor.get('/hub/login', { ...typed, REMOTE_USER: 'ada', 'x-atoll-proxy-secret': secret });
      return [canary('wrong'), canary('proxy'), ...cookiesOf(visitor)];
    },
  },
  'links, tokens, codes': {
    settings: () => ({
      services: {
        forms: {
          name: 'forms',
          apiToken: canary('service'),
          admin: true,
          url: 'http://127.0.0.1:1',
          display: true,
          oauthNoConfirm: false,
          oauthClientAllowedScopes: [],
          info: {},
        },
      },
    }),
    async run(world, visitor) {
      const ada = await world.user('ada', true);
      const { path } = await world.identity.links.create(ada);
      await visitor.get(path, typed);
      await visitor.get(path, typed);
      const token = await world.token('ada');
      const made = await world.request('/hub/api/users/ada/tokens', { ...json({ note: 'x' }), ...presenting(token) });
      const { token: second } = (await made.json()) as { token: string };
      await world.request('/hub/api/user', presenting(canary('service')));
      await world.request('/hub/api/user', presenting(canary('unknown')));
      await world.request(`/hub/api/user?token=${canary('address')}`);
      await world.request('/hub/api/users/ada/tokens', json({ auth: { username: 'ada', password: canary('typed') } }));
      const server = await world.identity.issueServerCredentials({ user: 'ada', serverName: '' });
      const principal = await world.identity.principalOf('ada');
      const { session } = await world.identity.sessions.begin(ada.id);
      if (!principal) throw new Error('no principal');
      const outcome = await world.identity.oauth.authorize(
        { response_type: 'code', client_id: server.clientId },
        { principal, session },
      );
      if (outcome.kind !== 'redirect') throw new Error('no code');
      const code = new URL(outcome.location, 'http://hub.test').searchParams.get('code') ?? '';
      const redeem = async (client_secret: string): Promise<{ access_token?: string }> => {
        const form = { client_id: server.clientId, client_secret, grant_type: 'authorization_code', code };
        const body = new URLSearchParams({ ...form, redirect_uri: '/user/ada/oauth_callback' });
        return (await world.request('/hub/api/oauth2/token', { method: 'POST', body })).json() as object;
      };
      await redeem(canary('wrong'));
      const { access_token = '' } = await redeem(server.token);
      expect(access_token).not.toBe('');
      await world.server('ada', '');
      const shared = await world.identity.shares.server('ada', '');
      if (!shared) throw new Error('no server');
      const share = await world.identity.shares.createCode(shared, ['access:servers'], 3600);
      await visitor.get(`/hub/accept-share?code=${share.secret}`);
      await world.identity.setAuthState(ada, { password: canary('state') });
      const link = new URL(path, 'http://hub.test').searchParams.get('link') ?? '';
      const words = ['service', 'unknown', 'address', 'typed', 'wrong', 'state'].map(canary);
      return [link, token, second, server.token, code, access_token, share.secret, ...words, ...cookiesOf(visitor)];
    },
  },
};

test.each(Object.entries(flows))(
  '%s: no secret is in the log, the store, or what a refused person reads',
  async (_, flow) => {
    const folder = mkdtempSync(join(tmpdir(), 'atoll-secrets-'));
    const world = await openIdentityWorld(flow.settings(), { database: join(folder, 'atoll.db') });
    const refusals: string[] = [];
    const watched: IdentityWorld = {
      ...world,
      async request(path, init) {
        const answer = await world.request(path, init);
        if (answer.status >= 400) refusals.push(await answer.clone().text());
        return answer;
      },
    };
    const secrets = await flow.run(watched, new PageVisitor(watched));
    const inStore = (): string =>
      readdirSync(folder)
        .map((file) => readFileSync(join(folder, file), 'latin1'))
        .join('');
    // What SQLite holds back for its journal counts too; afterwards all of it is in the file.
    const stored = inStore();
    await world.close();
    const places = { log: world.logged.join(''), store: stored + inStore(), refusals: refusals.join('') };
    rmSync(folder, { recursive: true });
    expect(refusals.length).toBeGreaterThan(0);
    expect(world.logged.length).toBeGreaterThan(0);
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(10);
      for (const [place, text] of Object.entries(places))
        expect(text.includes(secret), `${secret} in the ${place}`).toBe(false);
    }
  },
);
