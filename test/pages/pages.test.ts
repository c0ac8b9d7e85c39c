import { afterEach, describe, expect, test } from 'vitest';
import { type IdentityWorld, openIdentityWorld, type TestSettings } from '../support/identityWorld.ts';
import { clicked, PageVisitor, signedInVisitor, typed } from '../support/pageVisitor.ts';

const opened: IdentityWorld[] = [];
afterEach(async () => {
  for (const world of opened.splice(0)) await world.close();
});

async function open(settings: TestSettings = {}): Promise<IdentityWorld> {
  const world = await openIdentityWorld({
    ...settings,
    authentication: { authenticator: 'dummy', ...settings.authentication },
  });
  opened.push(world);
  return world;
}

const hostile = `"><script>alert('x')</script>&amp;<img src=x onerror=alert(1)>`;

describe('every page', () => {
  test.each(['/hub/login', '/hub/token', '/hub/nothing', '/hub/logout', '/nothing'])(
    '%s has its security headers',
    async (path) => {
      const world = await open();
      const visitor = await signedInVisitor(world, 'ada');
      const { headers } = await visitor.get(path, { ...typed, 'sec-fetch-site': 'cross-site', accept: 'text/html' });
      const policy = headers.get('content-security-policy') ?? '';
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain('report-uri /hub/security/csp-report');
      expect(policy).not.toContain('unsafe');
      expect(policy).not.toContain('script-src');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cross-origin-opener-policy')).toBe('noopener-allow-popups');
      expect(headers.get('x-jupyterhub-version')).toBe('6.1.1');
    },
  );

  test('has no inline script, style or handler', async () => {
    const world = await open({
      authentication: { authenticator: 'native', classes: { native: { open_signup: true } } },
    });
    await world.identity.accounts?.signUp('ada', 'a fine password');
    const visitor = await signedInVisitor(world, 'ada', 'a fine password');
    await world.identity.users.setAdmin('ada', true);
    const wrong: string[] = [];
    for (const path of [
      '/hub/login',
      '/hub/signup',
      '/hub/token',
      '/hub/change-password',
      '/hub/authorize',
      '/hub/x',
    ]) {
      const html = await (await visitor.get(path, { ...clicked, accept: 'text/html' })).text();
      const parts = html.match(/<script(?! src="\/hub\/static)|<style|\sstyle=|\son\w+=|(?:href|src)="(?!\/hub\/|#)/gi);
      wrong.push(...(parts ?? []).map((part) => `${path}: ${part}`));
    }
    expect(wrong).toEqual([]);
  });

  test('whatever people type is escaped (GHSA-c4gm-pwx9-9w8j, CVE-2024-35225)', async () => {
    const world = await open({ authentication: { authenticator: 'native' } });
    const visitor = new PageVisitor(world);
    const pages = [
      await visitor.get(
        `/hub/login?next=${encodeURIComponent(`/x${hostile}`)}&username=${encodeURIComponent(hostile)}`,
      ),
      await visitor.submit('/hub/login', { username: hostile, password: hostile, next: `/x${hostile}` }),
      await visitor.submit('/hub/signup', { username: hostile, password: hostile, repeated: hostile }),
      await visitor.get(`/hub/${encodeURIComponent(hostile)}`, { ...clicked, accept: 'text/html' }),
    ];
    for (const page of pages) {
      const html = await page.text();
      expect(html).toContain('<!doctype html>');
      expect(html).not.toContain('<script>alert');
      expect(html).not.toContain('<img src=x');
    }
  });

  test('a user of a hostile name is harmless', async () => {
    const name = `<b onclick="x">'&amp;`;
    const world = await open();
    const visitor = await signedInVisitor(world, name);
    await visitor.submit('/hub/token', { note: hostile, days: '1' });
    const html = await (await visitor.get('/hub/token')).text();
    expect(html).toContain('&lt;b onclick=&quot;x&quot;&gt;&#39;&amp;amp;');
    expect(html).not.toContain('<b onclick');
    expect(html).not.toContain('<script>alert');
  });
});

describe('errors', () => {
  test('are pages for people, and JSON for programs', async () => {
    const world = await open();
    const page = await world.request('/hub/nothing', { headers: { accept: 'text/html,*/*' } });
    expect(page.status).toBe(404);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(await page.text()).toContain('ATOLL_NOT_FOUND');
    const json = await world.request('/hub/nothing', { headers: { accept: 'application/json' } });
    expect(json.status).toBe(404);
    expect(await json.json()).toMatchObject({ status: 404, code: 'ATOLL_NOT_FOUND' });
  });

  test('who is not signed in is sent to the sign-in page, with the way back', async () => {
    const world = await open();
    const page = await world.request('/hub/token?x=1&y=2');
    expect(page.status).toBe(302);
    expect(page.headers.get('location')).toBe('/hub/login?next=%2Fhub%2Ftoken%3Fx%3D1%26y%3D2');
    expect((await world.request('/hub/token', { headers: { accept: 'application/json' } })).status).toBe(403);
  });

  test('a token opens no page', async () => {
    const world = await open();
    const authorization = `token ${await world.token('ada')}`;
    expect((await world.request('/hub/token', { headers: { authorization } })).status).toBe(302);
  });

  test('a form that is too large, or none, is refused', async () => {
    const world = await open();
    const visitor = await signedInVisitor(world, 'ada');
    expect((await visitor.post('/hub/token', { note: 'x'.repeat(300_000) })).status).toBe(413);
    const cookie = visitor.cookieHeader('/hub/token');
    const headers = { cookie, 'content-type': 'application/json' };
    expect((await world.request('/hub/token', { method: 'POST', headers, body: '{}' })).status).toBe(400);
    const broken = { cookie, 'content-type': 'multipart/form-data; boundary=x' };
    expect((await world.request('/hub/token', { method: 'POST', headers: broken, body: 'nonsense' })).status).toBe(400);
  });
});

test('static files have a type and a lifetime, and nothing else is served', async () => {
  const world = await open();
  const css = await world.request('/hub/static/atoll.css?v=1');
  expect(css.headers.get('content-type')).toBe('text/css; charset=utf-8');
  expect(css.headers.get('cache-control')).toContain('immutable');
  expect(await css.text()).toContain('prefers-color-scheme: dark');
  for (const path of ['nothing.css', '..%2fpageFrame.ts', '%2e%2e/%2e%2e/main.ts', 'atoll.css/x'])
    expect((await world.request(`/hub/static/${path}`)).status).toBe(404);
  expect((await world.request('/hub/logo')).headers.get('content-type')).toBe('image/svg+xml');
  expect((await world.request('/hub/health')).status).toBe(200);
  const report = { method: 'POST', body: '{"csp-report": {}}' };
  expect((await world.request('/hub/security/csp-report', report)).status).toBe(204);
});

describe('the token page', () => {
  test('makes a token, shows it once, and revokes it', async () => {
    const world = await open();
    const visitor = await signedInVisitor(world, 'ada');
    const made = await visitor.submit('/hub/token', { note: 'for <cron>', days: '7', scopes: 'read:servers!user' });
    const secret = /<pre id="new-token">([0-9a-f]{32})<\/pre>/.exec(await made.text())?.[1] ?? '';
    const principal = await world.identity.fromToken(secret);
    expect(principal?.scopes.allows('read:servers', { user: 'ada' })).toBe(true);
    expect(principal?.scopes.has('servers')).toBe(false);
    const html = await (await visitor.get('/hub/token')).text();
    expect(html).not.toContain(secret);
    expect(html).toContain('for &lt;cron&gt;');
    expect((await visitor.submit('/hub/token', { revoke: principal?.tokenId ?? '' })).status).toBe(302);
    expect(await world.identity.fromToken(secret)).toBeUndefined();
  });

  test.each([
    [{}, 30],
    [{ days: '1' }, 1],
    [{ days: '0' }, null],
  ])('%j makes one that is good for %s days', async (fields, days) => {
    const world = await open();
    const visitor = await signedInVisitor(world, 'alan');
    expect((await visitor.submit('/hub/token', fields)).status).toBe(200);
    const token = (await world.identity.tokens.list((await world.user('alan')).id)).at(-1);
    expect(token?.expiresAt).toBe(days === null ? null : world.clock.now() + days * 86_400_000);
  });

  test.each(['', '5', '-1', 'NaN', '1e9'])('a lifetime of %j is refused, and does not mean for ever', async (days) => {
    const world = await open();
    const visitor = await signedInVisitor(world, 'alan');
    expect((await visitor.submit('/hub/token', { days })).status).toBe(400);
    expect(await world.identity.tokens.list((await world.user('alan')).id)).toEqual([]);
  });

  test('says what is wrong with the scopes', async () => {
    const world = await open();
    const visitor = await signedInVisitor(world, 'ada');
    const answer = await visitor.submit('/hub/token', { scopes: 'admin:users' });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('not held by User ada');
  });

  test('does not revoke what belongs to others', async () => {
    const world = await open();
    const secret = await world.token('grace');
    const visitor = await signedInVisitor(world, 'ada');
    await visitor.submit('/hub/token', { revoke: (await world.identity.fromToken(secret))?.tokenId ?? '' });
    expect(await world.identity.fromToken(secret)).toBeDefined();
  });
});

describe('accounts', () => {
  const native = { authentication: { authenticator: 'native' as const, adminUsers: ['root'] } };

  async function adminVisitor(world: IdentityWorld): Promise<PageVisitor> {
    const visitor = new PageVisitor(world);
    await visitor.get((await world.identity.links.create(await world.user('root'))).path, typed);
    return visitor;
  }

  test('from sign-up by approval to signing in', async () => {
    const world = await open(native);
    const ada = new PageVisitor(world);
    const fields = { username: 'Ada', password: 'a fine password', repeated: 'a fine password' };
    expect(await (await ada.submit('/hub/signup', fields)).text()).toContain('has to approve');
    const early = await ada.submit('/hub/login', { username: 'ada', password: 'a fine password' });
    expect(early.status).toBe(403);
    expect(await early.text()).toContain('waits for an administrator');
    const root = await adminVisitor(world);
    expect(await (await root.get('/hub/authorize')).text()).toContain('waits for approval');
    expect((await root.submit('/hub/authorize', { username: 'ada', do: 'approve' })).status).toBe(302);
    expect((await ada.submit('/hub/login', { username: 'ada', password: 'a fine password' })).status).toBe(302);
    // Removing the account ends what it let in.
    await root.submit('/hub/authorize', { username: 'ada', do: 'remove' });
    expect((await ada.get('/hub/token')).status).toBe(302);
  });

  test.each(['Ada', 'ADA', '\uff21da', ' ada '])(
    'of somebody else cannot be taken over by signing up as %j (CVE-2021-41194)',
    async (username) => {
      const world = await open({
        authentication: { authenticator: 'native', classes: { native: { open_signup: true } } },
      });
      await world.identity.accounts?.signUp('ada', 'a fine password');
      const mallory = new PageVisitor(world);
      const fields = { username, password: 'of the attacker', repeated: 'of the attacker' };
      expect((await mallory.submit('/hub/signup', fields)).status).toBe(409);
      expect((await mallory.submit('/hub/login', { username, password: 'of the attacker' })).status).toBe(403);
      expect((await mallory.submit('/hub/login', { username: 'ada', password: 'a fine password' })).status).toBe(302);
    },
  );

  test('are approved by administrators only', async () => {
    const world = await open({
      authentication: { authenticator: 'native', classes: { native: { open_signup: true } } },
    });
    await world.identity.accounts?.signUp('ada', 'a fine password');
    const ada = await signedInVisitor(world, 'ada', 'a fine password');
    expect((await ada.get('/hub/authorize')).status).toBe(403);
    const _xsrf = ada.cookie('_xsrf')?.value ?? '';
    expect((await ada.post('/hub/authorize', { username: 'x', do: 'approve', _xsrf })).status).toBe(403);
  });

  test('are listed a page at a time, those that wait first', async () => {
    const world = await open(native);
    const row = { hash: 'x', approved: 1, created_at: 5 };
    const names = Array.from({ length: 60 }, (_, index) => `user-${index + 10}`);
    await world.store.db
      .insertInto('passwords')
      .values([...names.map((user_name) => ({ ...row, user_name })), { ...row, user_name: 'zoe', approved: 0 }])
      .execute();
    const root = await adminVisitor(world);
    const namesOn = async (path: string) =>
      [...(await (await root.get(path)).text()).matchAll(/<th scope="row">([^<]+)</g)].map((match) => match[1]);
    const first = await namesOn('/hub/authorize');
    expect([first.length, first[0], first[1]]).toEqual([50, 'zoe', 'user-10']);
    const second = await namesOn('/hub/authorize?offset=50');
    expect([second.length, second.at(-1)]).toEqual([11, 'user-69']);
  });

  test('of somebody with more rights than the one who approves waits for one who has them', async () => {
    const role = { description: '', groups: [], services: [] };
    const world = await open({
      authentication: { authenticator: 'native', classes: { native: { open_signup: true } } },
      roles: [
        { ...role, name: 'helping', scopes: ['self', 'admin:users'], users: ['helper'] },
        { ...role, name: 'operating', scopes: ['admin:servers'], users: ['operator'] },
      ],
    });
    const password = { password: 'a fine password', repeated: 'a fine password' };
    for (const username of ['operator', 'helper'])
      await new PageVisitor(world).submit('/hub/signup', { username, ...password });
    const helper = new PageVisitor(world);
    await helper.get((await world.identity.links.create(await world.user('helper'))).path, typed);
    const approve = (username: string) => helper.submit('/hub/authorize', { username, do: 'approve' });
    expect([(await approve('operator')).status, (await approve('helper')).status]).toEqual([403, 302]);
  });

  test('of an administrator is approved by administrators only', async () => {
    const world = await open({
      authentication: { authenticator: 'native', classes: { native: { open_signup: true } }, adminUsers: ['boss'] },
      roles: [
        {
          name: 'helping',
          description: '',
          scopes: ['self', 'admin:users'],
          users: ['helper'],
          groups: [],
          services: [],
        },
      ],
    });
    const password = { password: 'a fine password', repeated: 'a fine password' };
    await new PageVisitor(world).submit('/hub/signup', { username: 'boss', ...password });
    const helper = new PageVisitor(world);
    await helper.get((await world.identity.links.create(await world.user('helper'))).path, typed);
    expect((await helper.get('/hub/authorize')).status).toBe(200);
    for (const what of ['approve', 'remove'])
      expect((await helper.submit('/hub/authorize', { username: 'boss', do: what })).status).toBe(403);
    const login = await new PageVisitor(world).submit('/hub/login', { username: 'boss', password: password.password });
    expect(await login.text()).toContain('waits for an administrator');
  });

  test('do not let anybody try names, or keep the hub hashing, for long', async () => {
    const world = await open(native);
    await world.identity.accounts?.signUp('taken', 'some password');
    const visitor = new PageVisitor(world);
    const fields = { username: 'taken', password: 'a fine password', repeated: 'a fine password' };
    for (let n = 0; n < 6; n++) expect((await visitor.submit('/hub/signup', fields)).status).toBe(409);
    expect((await visitor.submit('/hub/signup', fields)).status).toBe(429);
  });

  test.each([
    [{ username: 'a/b', password: 'a fine password', repeated: 'a fine password' }, 400, 'cannot be a user name'],
    [{ username: 'ada', password: 'short', repeated: 'short' }, 400, 'at least 8 characters'],
    [{ username: 'ada', password: 'a fine password', repeated: 'another' }, 400, 'not the same'],
    [{ username: 'taken', password: 'a fine password', repeated: 'a fine password' }, 409, 'account of that name'],
  ])('%j is not taken: %i', async (fields, status, text) => {
    const world = await open(native);
    await world.identity.accounts?.signUp('taken', 'some password');
    const answer = await new PageVisitor(world).submit('/hub/signup', fields);
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(text);
  });

  test('are made by the dozen from one address only slowly', async () => {
    const world = await open(native);
    const visitor = new PageVisitor(world);
    const password = { password: 'a fine password', repeated: 'a fine password' };
    for (let n = 0; n < 11; n++)
      expect((await visitor.submit('/hub/signup', { username: `user${n}`, ...password })).status).toBe(200);
    expect((await visitor.submit('/hub/signup', { username: 'another', ...password })).status).toBe(429);
  });

  test('who came by a link sets a password; a change ends the other logins (CVE-2026-40934)', async () => {
    const world = await open(native);
    const root = await adminVisitor(world);
    const first = { password: 'a fine password', repeated: 'a fine password' };
    expect((await root.submit('/hub/change-password', first)).status).toBe(200);
    const elsewhere = await signedInVisitor(world, 'root', 'a fine password');
    const change = { old: 'a fine password', password: 'another password', repeated: 'another password' };
    expect((await root.submit('/hub/change-password', { ...change, old: 'guess' })).status).toBe(403);
    expect((await elsewhere.get('/hub/token')).status).toBe(200);
    expect((await root.submit('/hub/change-password', change)).status).toBe(200);
    expect((await root.get('/hub/token')).status).toBe(200);
    expect((await elsewhere.get('/hub/token')).status).toBe(302);
    await signedInVisitor(world, 'root', 'another password');
  });

  test('without accounts there are no such pages', async () => {
    const world = await open();
    const visitor = await signedInVisitor(world, 'ada');
    for (const path of ['/hub/signup', '/hub/change-password', '/hub/authorize'])
      expect((await visitor.get(path)).status).toBe(404);
  });
});

describe('the consent page', () => {
  const forms = {
    name: 'forms',
    apiToken: 'the-token-of-forms',
    admin: false,
    display: true,
    oauthNoConfirm: false,
    oauthRedirectUri: 'https://forms.example/callback',
    oauthClientAllowedScopes: ['read:servers!user'],
    info: {},
  };
  const settings = {
    services: { forms },
    roles: [
      { name: 'user', description: '', scopes: ['self', 'access:services'], users: [], groups: [], services: [] },
    ],
  };
  const query = '?client_id=service-forms&response_type=code&state=s%22%3E%3Cb%3E';

  test('asks, and leads back with a code', async () => {
    const world = await open(settings);
    const visitor = await signedInVisitor(world, 'ada');
    const page = await visitor.get(`/hub/api/oauth2/authorize${query}`);
    const html = await page.text();
    expect(page.status).toBe(200);
    expect(html).toContain('Read server models');
    expect(html).not.toContain('"><b>');
    // Browsers check a form's redirects too.
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self' https://forms.example");
    const allowed = await visitor.submit(`/hub/api/oauth2/authorize${query}`, {
      answer: 'allow',
      scopes: 'read:servers!user=ada',
    });
    const location = new URL(allowed.headers.get('location') ?? '');
    expect(location.origin).toBe('https://forms.example');
    expect(location.searchParams.get('state')).toBe('s"><b>');
    expect(location.searchParams.get('code')).toMatch(/./);
  });

  test.each(['deny', 'maybe', ''])('takes no for an answer, and what it does not know for no: %j', async (said) => {
    const world = await open(settings);
    const visitor = await signedInVisitor(world, 'ada');
    const refused = await visitor.submit(`/hub/api/oauth2/authorize${query}`, { answer: said });
    expect(new URL(refused.headers.get('location') ?? '').searchParams.get('error')).toBe('access_denied');
  });

  test('takes the form of JupyterHub, which has no other answer, for a yes', async () => {
    const world = await open(settings);
    const visitor = await signedInVisitor(world, 'ada');
    const allowed = await visitor.submit(`/hub/api/oauth2/authorize${query}`, { scopes: 'read:servers!user=ada' });
    expect(new URL(allowed.headers.get('location') ?? '').searchParams.get('code')).toMatch(/./);
  });

  test('cannot be answered by another page', async () => {
    const world = await open(settings);
    const visitor = await signedInVisitor(world, 'ada');
    const path = `/hub/api/oauth2/authorize${query}`;
    expect((await visitor.post(path, { answer: 'allow' })).status).toBe(403);
    const cors = { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' };
    expect((await visitor.get(path, cors)).status).toBe(403);
  });

  test('asks for a sign-in first, on the way to the service', async () => {
    const world = await open(settings);
    const visitor = new PageVisitor(world);
    const path = `/hub/api/oauth2/authorize${query}`;
    const asked = await visitor.get(path);
    const location = asked.headers.get('location') ?? '';
    expect(location).toMatch(/^\/hub\/login\?next=%2Fhub%2Fapi%2Foauth2%2Fauthorize/);
    const form = await visitor.get(location);
    expect(form.headers.get('content-security-policy')).toContain("form-action 'self' https://forms.example");
    const entered = await visitor.submit(location, { username: 'ada', password: 'x' });
    expect(entered.headers.get('location')).toContain('/hub/api/oauth2/authorize?client_id=service-forms');
  });

  test.each([
    ['?response_type=code', 400],
    ['?client_id=service-nothing&response_type=code', 400],
    ['?client_id=service-forms&client_id=service-forms&response_type=code', 400],
    ['?client_id=service-forms&response_type=code&redirect_uri=https://evil.example/', 400],
    ['?client_id=service-dask-gateway&response_type=code', 400],
  ])('%s is an error page', async (wrong, status) => {
    const world = await open(settings);
    const visitor = await signedInVisitor(world, 'ada');
    const answer = await visitor.get(`/hub/api/oauth2/authorize${wrong}`, { ...clicked, accept: 'text/html' });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('location')).toBeNull();
    expect(await answer.text()).toContain('ATOLL_OAUTH_REQUEST_INVALID');
  });
});

test('a page tells the browser its session id again when it was lost', async () => {
  const world = await open();
  const visitor = await signedInVisitor(world, 'ada');
  const sessionId = visitor.cookie('jupyterhub-session-id')?.value;
  visitor.toss('jupyterhub-session-id', 'tossed', '/');
  await visitor.get('/hub/token');
  expect(visitor.cookie('jupyterhub-session-id')?.value).toBe(sessionId);
});
