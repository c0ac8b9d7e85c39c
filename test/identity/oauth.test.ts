import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuthorizeOutcome, AuthorizeParameters, TokenParameters } from '../../src/identity/oauth/provider.ts';
import type { Session } from '../../src/identity/sessions.ts';
import { codeOf } from '../support/codeOf.ts';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';

const verifier = 'v'.repeat(43);
const challenge = createHash('sha256').update(verifier).digest('base64url');
const formsSecret = 'the-secret-of-forms';
const docsSecret = 'the-secret-of-docs';

let world: IdentityWorld;
beforeEach(async () => {
  world = await openIdentityWorld({
    services: {
      forms: {
        name: 'forms',
        apiToken: formsSecret,
        admin: false,
        url: 'http://127.0.0.1:1',
        display: true,
        oauthNoConfirm: false,
        oauthRedirectUri: 'https://forms.example/callback?x=1',
        oauthClientAllowedScopes: ['read:users!user', 'servers!user'],
        info: {},
      },
      docs: {
        name: 'docs',
        apiToken: docsSecret,
        admin: false,
        url: 'http://127.0.0.1:1',
        display: true,
        oauthNoConfirm: true,
        oauthRedirectUri: 'https://hub.example/services/docs/oauth_callback',
        oauthClientAllowedScopes: [],
        info: {},
      },
    },
    roles: [
      {
        name: 'user',
        description: '',
        scopes: ['self', 'access:services'],
        users: [],
        groups: [],
        services: [],
      },
    ],
  });
});
afterEach(() => world.close());

interface Server {
  clientId: string;
  token: string;
}

async function serverOf(user: string): Promise<Server> {
  await world.user(user);
  return world.identity.issueServerCredentials({ user, serverName: '' });
}

async function signedIn(name: string) {
  const { session } = await world.identity.sessions.begin((await world.user(name)).id);
  const principal = await world.identity.principalOf(name);
  if (!principal) throw new Error('no principal');
  return { session, principal };
}

async function authorize(name: string, parameters: AuthorizeParameters, login?: { session: Session }) {
  const who = await signedIn(name);
  return world.identity.oauth.authorize(
    { response_type: 'code', ...parameters },
    { ...who, ...(login && { session: login.session }) },
  );
}

function locationOf(outcome: AuthorizeOutcome): URL {
  if (outcome.kind !== 'redirect') throw new Error('no redirect');
  return new URL(outcome.location, 'http://hub.test');
}

/** A code for ada's own server. */
async function codeFor(
  server: Server,
  parameters: AuthorizeParameters = {},
  login?: { session: Session },
): Promise<string> {
  const outcome = await authorize('ada', { client_id: server.clientId, ...parameters }, login);
  return locationOf(outcome).searchParams.get('code') ?? '';
}

function exchange(server: Server, code: string, parameters: TokenParameters = {}) {
  return world.identity.oauth.token({
    client_id: server.clientId,
    client_secret: server.token,
    grant_type: 'authorization_code',
    redirect_uri: '/user/ada/oauth_callback',
    code,
    ...parameters,
  });
}

describe('the authorize request', () => {
  test('for one’s own server goes straight back, with code and state', async () => {
    const server = await serverOf('ada');
    const location = locationOf(
      await authorize('ada', { client_id: server.clientId, redirect_uri: '/user/ada/oauth_callback', state: 'a b&c' }),
    );
    expect(location.pathname).toBe('/user/ada/oauth_callback');
    expect(location.searchParams.get('state')).toBe('a b&c');
    expect(location.searchParams.get('code')).toMatch(/^[\w-]{32}$/);
  });

  test.each<[string, AuthorizeParameters]>([
    ['no client', {}],
    ['an unknown client', { client_id: 'jupyterhub-user-nobody' }],
    ['another address', { client_id: 'jupyterhub-user-ada', redirect_uri: 'https://evil.example/' }],
    [
      'an address on another host',
      { client_id: 'jupyterhub-user-ada', redirect_uri: '//evil.example/user/ada/oauth_callback' },
    ],
    [
      'an address that begins the same',
      { client_id: 'jupyterhub-user-ada', redirect_uri: '/user/ada/oauth_callback/../../x' },
    ],
    ['an address with a query', { client_id: 'jupyterhub-user-ada', redirect_uri: '/user/ada/oauth_callback?x' }],
    ['an empty address', { client_id: 'jupyterhub-user-ada', redirect_uri: '' }],
  ])('with %s is an error page, never a redirect', async (_what, parameters) => {
    await serverOf('ada');
    await expect(authorize('ada', parameters)).rejects.toMatchObject({
      code: 'ATOLL_OAUTH_REQUEST_INVALID',
      status: 400,
    });
  });

  test.each<[string, AuthorizeParameters, string]>([
    ['another response type', { response_type: 'token' }, 'unsupported_response_type'],
    ['no response type', { response_type: undefined }, 'invalid_request'],
    ['an unknown scope', { scope: 'read:everything' }, 'invalid_scope'],
    ['a scope that the client may not have', { scope: 'admin:users' }, 'invalid_scope'],
    ['everything', { scope: 'inherit' }, 'invalid_scope'],
    ['an unknown PKCE method', { code_challenge: challenge, code_challenge_method: 'S512' }, 'invalid_request'],
    ['a PKCE method alone', { code_challenge_method: 'S256' }, 'invalid_request'],
    [
      'a PKCE challenge that is too short',
      { code_challenge: 'short', code_challenge_method: 'S256' },
      'invalid_request',
    ],
  ])('with %s goes back with an error and the state', async (_what, parameters, error) => {
    const server = await serverOf('ada');
    const location = locationOf(await authorize('ada', { client_id: server.clientId, state: 's', ...parameters }));
    expect(location.pathname).toBe('/user/ada/oauth_callback');
    expect(location.searchParams.get('error')).toBe(error);
    expect(location.searchParams.get('state')).toBe('s');
    expect(location.searchParams.has('code')).toBe(false);
  });

  test('for a server of somebody else is refused, unless one may open it', async () => {
    const server = await serverOf('ada');
    await expect(authorize('mallory', { client_id: server.clientId })).rejects.toMatchObject({
      code: 'ATOLL_FORBIDDEN',
      status: 403,
    });
    await world.user('root', true);
    expect(await authorize('root', { client_id: server.clientId })).toMatchObject({ kind: 'consent' });
  });

  test('identify is an old word for nothing', async () => {
    const server = await serverOf('ada');
    expect(await codeFor(server, { scope: 'identify' })).toMatch(/./);
  });
});

describe('consent', () => {
  const forms = { client_id: 'service-forms' };

  test('is asked for a service, with what it would get; the answer narrows it', async () => {
    const asked = await authorize('ada', forms);
    expect(asked.kind).toBe('consent');
    const scopes = asked.kind === 'consent' ? asked.scopes.map(({ scope }) => scope) : [];
    expect(scopes).toContain('servers!user=ada');
    const who = await signedIn('ada');
    const outcome = await world.identity.oauth.authorize({ response_type: 'code', ...forms }, who, {
      scopes: ['read:users!user=ada', 'admin:users', 'servers!user=grace'],
    });
    const location = locationOf(outcome);
    expect(location.href).toMatch(/^https:\/\/forms\.example\/callback\?x=1&code=/);
    const { access_token: token } = await world.identity.oauth.token({
      client_id: 'service-forms',
      client_secret: formsSecret,
      grant_type: 'authorization_code',
      code: location.searchParams.get('code') ?? '',
      redirect_uri: 'https://forms.example/callback?x=1',
    });
    const held = (await world.identity.fromToken(token))?.scopes;
    expect(held?.allows('read:users', { user: 'ada' })).toBe(true);
    expect(held?.allows('access:services', { service: 'forms' })).toBe(true);
    expect(held?.has('servers')).toBe(false);
    expect(held?.has('admin:users')).toBe(false);
  });

  test('the path of the registered address will do for it; the answer goes to the address, and the exchange repeats the path', async () => {
    const path = '/services/docs/oauth_callback';
    const docs = { client_id: 'service-docs', response_type: 'code' };
    const location = locationOf(await authorize('ada', { ...docs, redirect_uri: path }));
    expect(location.href).toMatch(/^https:\/\/hub\.example\/services\/docs\/oauth_callback\?code=/);
    const form = {
      client_id: 'service-docs',
      client_secret: docsSecret,
      grant_type: 'authorization_code',
      code: location.searchParams.get('code') ?? '',
    };
    await expect(world.identity.oauth.token({ ...form, redirect_uri: location.origin + path })).rejects.toThrow(
      'Mismatching redirect URI.',
    );
    expect(await world.identity.oauth.token({ ...form, redirect_uri: path })).toHaveProperty('access_token');
    for (const other of [`${path}/`, '/services/docs/', '//evil.example/services/docs/oauth_callback'])
      await expect(authorize('ada', { ...docs, redirect_uri: other })).rejects.toHaveProperty('status', 400);
  });

  test('is asked for somebody else’s server, with what it would get in the name of whoever opens it', async () => {
    await world.user('ada');
    const { clientId } = await world.identity.issueServerCredentials(
      { user: 'ada', serverName: '' },
      { oauthClientAllowedScopes: ['read:users:activity!user'] },
    );
    await world.user('root', true);
    const asked = await authorize('root', { client_id: clientId });
    const scopes = asked.kind === 'consent' ? asked.scopes.map(({ scope }) => scope) : [];
    expect(scopes).toContain('read:users:activity!user=root');
    expect(scopes).not.toContain('read:users:activity!user=ada');
  });

  test('refused: the client is told', async () => {
    const who = await signedIn('ada');
    const outcome = await world.identity.oauth.authorize({ response_type: 'code', ...forms }, who, 'denied');
    expect(locationOf(outcome).searchParams.get('error')).toBe('access_denied');
  });

  test('is not asked again for as much, but for more', async () => {
    const who = await signedIn('ada');
    const narrow = { response_type: 'code', ...forms, scope: 'read:users:name!user' };
    const first = await world.identity.oauth.authorize(narrow, who, { scopes: ['read:users:name!user=ada'] });
    await world.identity.oauth.token({
      client_id: 'service-forms',
      client_secret: formsSecret,
      grant_type: 'authorization_code',
      code: locationOf(first).searchParams.get('code') ?? '',
      redirect_uri: 'https://forms.example/callback?x=1',
    });
    expect((await world.identity.oauth.authorize(narrow, who)).kind).toBe('redirect');
    expect((await authorize('ada', forms)).kind).toBe('consent');
    expect((await authorize('grace', narrow)).kind).toBe('consent');
  });
});

describe('the token request', () => {
  test('answers with a token that says who the person is and opens the server', async () => {
    const server = await serverOf('ada');
    const answer = await exchange(server, await codeFor(server));
    expect(answer).toMatchObject({ token_type: 'Bearer', expires_in: 1_209_600 });
    const principal = await world.identity.fromToken(answer.access_token);
    expect(principal).toMatchObject({ kind: 'user', name: 'ada', oauthClientId: server.clientId });
    expect(principal?.scopes.toList()).toEqual([
      'access:servers!server=ada/',
      'read:users:groups!user=ada',
      'read:users:name!user=ada',
    ]);
  });

  test.each<[string, TokenParameters, string]>([
    ['no client', { client_id: undefined }, 'invalid_client'],
    ['no secret', { client_secret: undefined }, 'invalid_client'],
    ['a wrong secret', { client_secret: 'guess' }, 'invalid_client'],
    ['an empty secret', { client_secret: '' }, 'invalid_client'],
    ['another grant', { grant_type: 'password' }, 'unsupported_grant_type'],
    ['no grant', { grant_type: undefined }, 'unsupported_grant_type'],
    ['no code', { code: undefined }, 'invalid_request'],
    ['an unknown code', { code: 'x'.repeat(32) }, 'invalid_grant'],
    ['another address', { redirect_uri: '/user/mallory/oauth_callback' }, 'invalid_request'],
    ['no address', { redirect_uri: undefined }, 'invalid_request'],
    ['a verifier without a challenge', { code_verifier: verifier }, 'invalid_grant'],
  ])('with %s is an error, and does not use the code up', async (_what, parameters, code) => {
    const server = await serverOf('ada');
    const secret = await codeFor(server);
    await expect(exchange(server, secret, parameters)).rejects.toMatchObject({
      code,
      status: code === 'invalid_client' ? 401 : 400,
    });
    expect(await exchange(server, secret)).toHaveProperty('access_token');
  });

  test('the error of a wrong address has JupyterHub’s words', async () => {
    const server = await serverOf('ada');
    await expect(exchange(server, await codeFor(server), { redirect_uri: '/x' })).rejects.toMatchObject({
      description: 'Mismatching redirect URI.',
    });
  });

  test('a second use of a code is refused, and revokes what the first one got', async () => {
    const server = await serverOf('ada');
    const code = await codeFor(server);
    const { access_token: token } = await exchange(server, code);
    expect(await world.identity.fromToken(token)).toBeDefined();
    await expect(exchange(server, code)).rejects.toMatchObject({ code: 'invalid_grant' });
    expect(await world.identity.fromToken(token)).toBeUndefined();
    await expect(exchange(server, code)).rejects.toMatchObject({ code: 'invalid_grant' });
  });

  test('used twice at the same moment, a code gives one token at most, and no token that lives', async () => {
    const server = await serverOf('ada');
    const code = await codeFor(server);
    const uses = await Promise.allSettled([exchange(server, code), exchange(server, code)]);
    const tokens = uses.flatMap((use) => (use.status === 'fulfilled' ? [use.value.access_token] : []));
    expect(tokens).toHaveLength(1);
    expect(await world.identity.fromToken(tokens[0] ?? '')).toBeUndefined();
  });

  test('a code is good for its own client only, and for five minutes', async () => {
    const [server, other] = [await serverOf('ada'), await serverOf('mallory')];
    const code = await codeFor(server);
    await expect(exchange(other, code)).rejects.toMatchObject({ code: 'invalid_grant' });
    world.clock.advance(300);
    await expect(exchange(server, code)).rejects.toMatchObject({ code: 'invalid_grant' });
  });

  test('a code that was taken before a logout is worth nothing after it', async () => {
    const server = await serverOf('ada');
    const login = await signedIn('ada');
    const code = await codeFor(server, {}, login);
    await world.identity.sessions.end(login.session.sessionId);
    await expect(exchange(server, code)).rejects.toMatchObject({ code: 'invalid_grant' });
  });

  test('a token ends with the login that it came from, at the latest', async () => {
    const server = await serverOf('ada');
    const login = await signedIn('ada');
    world.clock.advance(13 * 24 * 3600);
    const answer = await exchange(server, await codeFor(server, {}, login));
    expect(answer.expires_in).toBe(24 * 3600);
    expect((await world.identity.fromToken(answer.access_token))?.sessionId).toBe(login.session.sessionId);
    await world.identity.sessions.end(login.session.sessionId);
    expect(await world.identity.fromToken(answer.access_token)).toBeUndefined();
  });

  test('codes and tokens are kept as hashes', async () => {
    const server = await serverOf('ada');
    const code = await codeFor(server);
    const { access_token: token } = await exchange(server, code);
    const rows = [
      ...(await world.store.db.selectFrom('oauth_codes').selectAll().execute()),
      ...(await world.store.db.selectFrom('api_tokens').selectAll().execute()),
      ...(await world.store.db.selectFrom('oauth_clients').selectAll().execute()),
    ];
    for (const secret of [code, token, server.token]) expect(JSON.stringify(rows)).not.toContain(secret);
  });
});

describe('PKCE', () => {
  const s256 = { code_challenge: challenge, code_challenge_method: 'S256' };

  test.each<[string, AuthorizeParameters, TokenParameters, boolean]>([
    ['S256', s256, { code_verifier: verifier }, true],
    ['plain', { code_challenge: verifier, code_challenge_method: 'plain' }, { code_verifier: verifier }, true],
    ['plain by default', { code_challenge: verifier }, { code_verifier: verifier }, true],
    ['a wrong verifier', s256, { code_verifier: 'w'.repeat(43) }, false],
    ['no verifier', s256, {}, false],
    ['the challenge for a verifier', s256, { code_verifier: challenge }, false],
    ['an empty verifier', s256, { code_verifier: '' }, false],
    ['none at all', {}, {}, true],
  ])('%s', async (_what, request, answer, expected) => {
    const server = await serverOf('ada');
    const outcome = exchange(server, await codeFor(server, request), answer);
    expect(await codeOf(outcome)).toBe(expected ? 'ok' : 'invalid_grant');
  });
});

describe('settings', () => {
  test('may require PKCE of every client', async () => {
    await world.close();
    world = await openIdentityWorld({ tokens: { longestSeconds: 0, oauthSeconds: 60, requirePkce: true } });
    const server = await serverOf('ada');
    const without = locationOf(await authorize('ada', { client_id: server.clientId })).searchParams;
    expect(without.get('error')).toBe('invalid_request');
    expect(without.get('code')).toBeNull();
    const challenge = 'x'.repeat(43);
    const withIt = locationOf(await authorize('ada', { client_id: server.clientId, code_challenge: challenge }));
    const answer = await world.identity.oauth.token({
      client_id: server.clientId,
      client_secret: server.token,
      grant_type: 'authorization_code',
      code: withIt.searchParams.get('code') ?? '',
      redirect_uri: '/user/ada/oauth_callback',
      code_verifier: challenge,
    });
    expect(answer.expires_in).toBe(60);
  });

  test('give everybody more, of what there is', async () => {
    await world.close();
    const custom = { 'custom:grader:mark': { description: 'Mark', scopes: [] } };
    const extraUserScopes = ['custom:grader:mark!user', 'read:hub'];
    world = await openIdentityWorld({ customScopes: custom, extraUserScopes });
    const { principal } = await signedIn('ada');
    expect(principal.scopes.toList()).toEqual(expect.arrayContaining(['custom:grader:mark!user=ada', 'read:hub']));
    await expect(openIdentityWorld({ extraUserScopes: ['nonsense'] })).rejects.toMatchObject({
      code: 'ATOLL_SCOPE_INVALID',
    });
  });
});
