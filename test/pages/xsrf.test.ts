import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';
import { clicked, type PageVisitor, signedInVisitor } from '../support/pageVisitor.ts';

let world: IdentityWorld;
let visitor: PageVisitor;
beforeAll(async () => {
  world = await openIdentityWorld({ authentication: { authenticator: 'dummy', adminUsers: ['ada'] } });
  visitor = await signedInVisitor(world, 'ada');
});
afterAll(() => world.close());

interface Case {
  method: string;
  mode?: string;
  site?: string;
  origin?: string;
  token?: 'query' | 'x-xsrftoken' | 'x-csrftoken' | 'wrong';
  type?: string;
}

/** Calls the API as a browser would, with ada's cookies. */
async function call({ method, mode, site, origin, token, type }: Case, authorization?: string) {
  const xsrf = token === 'wrong' ? 'v1.wrong' : (visitor.cookie('_xsrf')?.value ?? '');
  const headers = {
    cookie: visitor.cookieHeader('/hub/api/users'),
    ...(mode !== undefined && { 'sec-fetch-mode': mode }),
    ...(site !== undefined && { 'sec-fetch-site': site }),
    ...(origin !== undefined && { origin }),
    ...(type !== undefined && { 'content-type': type }),
    ...((token === 'x-xsrftoken' || token === 'x-csrftoken') && { [token]: xsrf }),
    ...(token === 'wrong' && { 'x-xsrftoken': xsrf }),
    ...(authorization !== undefined && { authorization }),
  };
  const query = token === 'query' ? `?_xsrf=${xsrf}` : '';
  const body = method === 'GET' || method === 'HEAD' ? {} : { body: '{"usernames": ["new"]}' };
  // Every time a user that does not exist yet, whoever made it before.
  await world.identity.users.delete('new');
  const bytes = 'body' in body ? { body: new TextEncoder().encode(body.body) } : {};
  return world.request(`/hub/api/users${query}`, { method, headers, ...bytes });
}

describe('the API with a login cookie (CVE-2026-40864, CVE-2024-28233)', () => {
  test.each<[Case, number]>([
    // Reading: a navigation cannot give the answer to somebody else.
    [{ method: 'GET' }, 200],
    [{ method: 'HEAD' }, 200],
    [{ method: 'GET', mode: 'navigate', site: 'cross-site' }, 200],
    [{ method: 'GET', mode: 'no-cors', site: 'same-site' }, 403],
    [{ method: 'GET', mode: 'no-cors', site: 'cross-site' }, 403],
    // A script on a user's server is of the same origin: it needs the token, which it cannot read.
    [{ method: 'GET', mode: 'no-cors', site: 'same-origin' }, 403],
    [{ method: 'GET', mode: 'cors', site: 'same-origin' }, 403],
    [{ method: 'GET', mode: 'same-origin', site: 'same-origin' }, 403],
    [{ method: 'GET', mode: 'websocket', site: 'same-origin' }, 403],
    [{ method: 'GET', mode: 'cors', site: 'same-origin', token: 'wrong' }, 403],
    [{ method: 'GET', mode: 'cors', site: 'same-origin', token: 'x-xsrftoken' }, 200],
    [{ method: 'GET', mode: 'cors', site: 'same-origin', token: 'x-csrftoken' }, 200],
    [{ method: 'GET', mode: 'cors', site: 'same-origin', token: 'query' }, 200],
    // Writing: the token always, and never from elsewhere.
    [{ method: 'POST' }, 403],
    [{ method: 'POST', mode: 'navigate', site: 'same-origin' }, 403],
    [{ method: 'POST', mode: 'no-cors', site: 'same-origin' }, 403],
    [{ method: 'POST', mode: 'websocket', site: 'same-origin' }, 403],
    [{ method: 'POST', mode: 'cors', site: 'same-origin', token: 'wrong' }, 403],
    [{ method: 'POST', token: 'x-xsrftoken' }, 201],
    [{ method: 'POST', mode: 'cors', site: 'same-origin', token: 'x-xsrftoken' }, 201],
    [{ method: 'POST', mode: 'cors', site: 'same-origin', token: 'query', type: 'application/json' }, 201],
    [
      { method: 'POST', mode: 'cors', site: 'same-origin', token: 'query', type: 'application/json; charset=utf-8' },
      201,
    ],
    [{ method: 'POST', mode: 'cors', site: 'cross-site', token: 'x-xsrftoken' }, 403],
    [{ method: 'POST', mode: 'cors', site: 'same-site', token: 'x-xsrftoken' }, 403],
    [{ method: 'POST', origin: 'http://hub.test', token: 'x-xsrftoken' }, 201],
    [{ method: 'POST', origin: 'https://evil.example', token: 'x-xsrftoken' }, 403],
    // As a pattern that is not anchored would let them pass (CVE-2026-40110).
    [{ method: 'POST', origin: 'http://hub.test.evil.example', token: 'x-xsrftoken' }, 403],
    [{ method: 'POST', origin: 'http://evil-hub.test', token: 'x-xsrftoken' }, 403],
    [{ method: 'POST', origin: 'http://hub.test@evil.example', token: 'x-xsrftoken' }, 403],
    [{ method: 'POST', origin: 'null', token: 'x-xsrftoken' }, 403],
    // A body that an HTML form can send is not believed, even with the token.
    [{ method: 'POST', token: 'query', type: 'text/plain' }, 403],
    [{ method: 'POST', token: 'query', type: 'application/x-www-form-urlencoded' }, 403],
    [{ method: 'POST', token: 'query', type: 'multipart/form-data; boundary=x' }, 403],
  ])('%j: %i', async (request, status) => {
    const response = await call(request);
    expect(response.status).toBe(status);
    expect((await world.identity.users.get('new')) !== undefined).toBe(status === 201);
  });

  test('says what is missing in JupyterHub’s words', async () => {
    const missing = await call({ method: 'POST' });
    expect(await missing.json()).toMatchObject({ message: "'_xsrf' argument missing from POST", code: 'ATOLL_XSRF' });
    const wrong = await call({ method: 'POST', token: 'wrong' });
    expect(await wrong.json()).toMatchObject({ message: 'XSRF cookie does not match POST argument' });
  });

  test('a token makes all of that needless; a bad token is not made good by the cookie', async () => {
    const token = await world.token('ada');
    expect((await call({ method: 'POST', mode: 'cors', site: 'cross-site' }, `token ${token}`)).status).toBe(201);
    expect((await call({ method: 'POST', token: 'x-xsrftoken' }, 'token nonsense')).status).toBe(403);
    expect((await call({ method: 'GET' }, 'Basic abc')).status).toBe(200);
  });

  test('the cookie alone shows a null session id in /user', async () => {
    const response = await world.request('/hub/api/user', {
      headers: { cookie: visitor.cookieHeader('/hub/api/user') },
    });
    expect(await response.json()).toMatchObject({ name: 'ada', token_id: null, session_id: null });
  });
});

describe('pages', () => {
  test('cannot be read by a script of the same origin that has no token', async () => {
    const cors = { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' };
    const answer = await visitor.get('/hub/token', cors);
    expect(answer.status).toBe(403);
    expect(await answer.text()).not.toMatch(/name="_xsrf"/);
  });

  test.each([{ 'sec-fetch-dest': 'empty' }, { 'service-worker-navigation-preload': 'true' }])(
    'cannot be read by a service worker that opens them in the place of the browser (%j)',
    async (headers) => {
      const answer = await visitor.get('/hub/token', { ...clicked, ...headers });
      expect(answer.status).toBe(403);
      expect(await answer.text()).not.toMatch(/name="_xsrf"/);
    },
  );

  test('a tossed login of somebody else leads to the sign-in page, not to their account', async () => {
    const ada = await signedInVisitor(world, 'ada');
    const mallory = await signedInVisitor(world, 'mallory');
    ada.toss('jupyterhub-hub-login', mallory.cookie('jupyterhub-hub-login')?.value ?? '', '/hub/token');
    const answer = await ada.get('/hub/token');
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('/hub/login?next=%2Fhub%2Ftoken');
    // Signing in again is possible at once: the tossed login has ended.
    expect((await ada.submit('/hub/login', { username: 'ada', password: 'x' })).status).toBe(302);
    expect(await (await ada.get('/hub/token')).text()).toContain('<span>ada</span>');
  });
});
