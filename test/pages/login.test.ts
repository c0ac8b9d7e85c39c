import { afterEach, describe, expect, test } from 'vitest';
import { type IdentityWorld, openIdentityWorld, type TestSettings } from '../support/identityWorld.ts';
import { clicked, PageVisitor, signedInVisitor, typed } from '../support/pageVisitor.ts';

const opened: IdentityWorld[] = [];
afterEach(async () => {
  for (const world of opened.splice(0)) await world.close();
});

async function open(authentication: TestSettings['authentication'] = {}): Promise<IdentityWorld> {
  const world = await openIdentityWorld({ authentication: { authenticator: 'dummy', ...authentication } });
  opened.push(world);
  return world;
}

describe('signing in with a form', () => {
  test('sets the cookies that JupyterHub’s clients know, and goes on', async () => {
    const world = await open();
    const visitor = new PageVisitor(world);
    const form = await visitor.get('/hub/login?next=%2Fuser%2Fada%2Flab%3Fx%3D1');
    expect(await form.text()).toContain('name="next" value="/user/ada/lab?x=1"');
    const answer = await visitor.submit('/hub/login?next=%2Fhub%2Ftoken', { username: 'Ada', password: 'x' });
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('/hub/token');
    expect(visitor.cookie('jupyterhub-hub-login')).toMatchObject({
      path: '/hub/',
      attributes: 'Path=/hub/; Max-Age=1209600; SameSite=Lax; HttpOnly',
    });
    expect(visitor.cookie('jupyterhub-session-id')).toMatchObject({
      path: '/',
      attributes: 'Path=/; SameSite=Lax; HttpOnly',
    });
    expect(visitor.cookie('jupyterhub-session-id')?.value).toMatch(/^[0-9a-f]{32}$/);
    expect(visitor.cookie('_xsrf')).toMatchObject({ path: '/hub/', attributes: 'Path=/hub/; SameSite=Lax; HttpOnly' });
    expect(visitor.cookie('atoll-view')).toMatchObject({ path: '/services/dask-gateway/' });
    expect(visitor.cookieHeader('/services/other/')).not.toContain('atoll-view');
    expect(visitor.cookieHeader('/user/mallory/')).toBe(
      `jupyterhub-session-id=${visitor.cookie('jupyterhub-session-id')?.value}`,
    );
    const page = await visitor.get('/hub/token');
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<span>ada</span>');
  });

  test('over https every cookie is for https only', async () => {
    const world = await open();
    const headers = { ...clicked, 'x-forwarded-proto': 'https' };
    const visitor = new PageVisitor(world);
    const html = await (await visitor.get('/hub/login', headers)).text();
    const xsrf = /name="_xsrf" value="([^"]+)"/.exec(html)?.[1] ?? '';
    const answer = await visitor.post('/hub/login', { username: 'ada', _xsrf: xsrf }, headers);
    const cookies = answer.headers.getSetCookie();
    expect(cookies.length).toBeGreaterThan(3);
    expect(cookies.filter((cookie) => !cookie.includes('Secure'))).toEqual([]);
  });

  test('wrong credentials show the form again, with the name, without the password', async () => {
    const world = await open({ classes: { dummy: { password: 'open sesame' } } });
    const visitor = new PageVisitor(world);
    const answer = await visitor.submit('/hub/login?next=/hub/token', {
      username: 'ada',
      password: 'my other password',
    });
    expect(answer.status).toBe(403);
    const html = await answer.text();
    expect(html).toContain('Invalid username or password');
    expect(html).toContain('value="ada"');
    expect(html).toContain('name="next" value="/hub/token"');
    expect(html).not.toContain('my other password');
    expect(visitor.cookie('jupyterhub-hub-login')).toBeUndefined();
  });

  test('too many failures: 429, and when to come back', async () => {
    const world = await open({ classes: { dummy: { password: 'open sesame' } } });
    const visitor = new PageVisitor(world);
    for (let attempt = 0; attempt < 6; attempt++)
      await visitor.submit('/hub/login', { username: 'ada', password: 'x' });
    const answer = await visitor.submit('/hub/login', { username: 'ada', password: 'open sesame' });
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(await answer.text()).toContain('Try again in 2 seconds');
  });

  test('a login replaces the one before: the old cookie is worth nothing', async () => {
    const world = await open();
    const visitor = await signedInVisitor(world, 'ada');
    const old = visitor.cookie('jupyterhub-hub-login')?.value;
    const session = visitor.cookie('jupyterhub-session-id')?.value;
    const html = await (await visitor.get('/hub/token')).text();
    const xsrf = /name="_xsrf" value="([^"]+)"/.exec(html)?.[1] ?? '';
    expect((await visitor.post('/hub/login', { username: 'grace', _xsrf: xsrf })).status).toBe(302);
    expect(visitor.cookie('jupyterhub-session-id')?.value).not.toBe(session);
    expect(await world.identity.fromCookies(`jupyterhub-hub-login=${old}`)).toBeUndefined();
  });

  test('a cookie that somebody planted before is not taken over', async () => {
    const world = await open();
    const visitor = new PageVisitor(world);
    visitor.toss('jupyterhub-hub-login', 'f'.repeat(43), '/hub/');
    visitor.toss('jupyterhub-session-id', 'f'.repeat(32), '/');
    await visitor.submit('/hub/login', { username: 'ada', password: 'x' });
    expect(visitor.cookie('jupyterhub-hub-login')?.value).not.toContain('ffff');
    expect(visitor.cookie('jupyterhub-session-id')?.value).not.toContain('ffff');
  });

  test.each(['//evil.example', 'https://evil.example/', '/\\evil.example', 'javascript:alert(1)', ''])(
    'next=%s leads to the hub’s own start page',
    async (next) => {
      const world = await open();
      const visitor = new PageVisitor(world);
      const answer = await visitor.submit(
        '/hub/login',
        { username: 'ada', next },
        `/hub/login?next=${encodeURIComponent(next)}`,
      );
      const location = new URL(answer.headers.get('location') ?? '', 'http://hub.test');
      expect(location.host).toBe('hub.test');
      expect(location.pathname).toBe(next.startsWith('/\\') ? '/%5Cevil.example' : '/hub/');
      const again = await visitor.get(`/hub/login?next=${encodeURIComponent(next)}`);
      expect(new URL(again.headers.get('location') ?? '', 'http://hub.test').host).toBe('hub.test');
    },
  );

  test('who is signed in is sent on at once', async () => {
    const world = await open();
    const visitor = await signedInVisitor(world, 'ada');
    const answer = await visitor.get('/hub/login?next=/hub/token');
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('/hub/token');
  });

  test('without any configured authenticator the page says where the link is', async () => {
    const world = await open({ authenticator: 'link' });
    const html = await (await new PageVisitor(world).get('/hub/login')).text();
    expect(html).toContain('printed on the terminal');
    expect(html).not.toContain('password');
    expect(html).toMatch(/<code>bin\/atoll login<\/code> prints a new one, with the <code>--data<\/code>/);
  });

  test('what became of a link is said once, and how to get another one', async () => {
    const world = await open({ authenticator: 'link' });
    const answer = await new PageVisitor(world).get('/hub/login?link=nonsense');
    expect(answer.status).toBe(403);
    const html = await answer.text();
    expect(html).toContain('has been used or is too old');
    expect(html.match(/bin\/atoll login/g)).toHaveLength(1);
  });
});

describe('the form’s XSRF token', () => {
  const fields = { username: 'ada', password: 'x' };

  test('is needed, and must be of this client', async () => {
    const world = await open();
    const [mine, other] = [new PageVisitor(world), new PageVisitor(world)];
    await mine.get('/hub/login');
    expect((await mine.post('/hub/login', fields)).status).toBe(403);
    expect((await mine.post('/hub/login', { ...fields, _xsrf: 'nonsense' })).status).toBe(403);
    await other.get('/hub/login', { ...clicked, 'x-forwarded-for': '10.9.9.9' });
    const foreign = other.cookie('_xsrf')?.value ?? '';
    mine.toss('_xsrf', foreign, '/hub/login');
    const answer = await mine.post('/hub/login', { ...fields, _xsrf: foreign });
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('Login form invalid or expired. Try again.');
    expect(mine.cookie('jupyterhub-hub-login')).toBeUndefined();
  });

  test('does not help a page of another site', async () => {
    const world = await open();
    const visitor = new PageVisitor(world);
    await visitor.get('/hub/login');
    const _xsrf = visitor.cookie('_xsrf')?.value ?? '';
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: 'http://hub.test.evil.example' },
    ])
      expect((await visitor.post('/hub/login', { ...fields, _xsrf }, headers)).status).toBe(403);
    expect((await visitor.post('/hub/login', { ...fields, _xsrf }, {})).status).toBe(302);
  });

  test('expires', async () => {
    const world = await open();
    const visitor = new PageVisitor(world);
    await visitor.get('/hub/login');
    const _xsrf = visitor.cookie('_xsrf')?.value ?? '';
    world.clock.advance(12 * 3600);
    expect((await visitor.post('/hub/login', { ...fields, _xsrf })).status).toBe(403);
  });

  test('of one login is worth nothing for another', async () => {
    const world = await open();
    const [ada, mallory] = [await signedInVisitor(world, 'ada'), await signedInVisitor(world, 'mallory')];
    ada.toss('_xsrf', mallory.cookie('_xsrf')?.value ?? '', '/hub/token');
    const answer = await ada.post('/hub/token', { note: 'x', _xsrf: mallory.cookie('_xsrf')?.value ?? '' });
    expect(answer.status).toBe(403);
    // And the tossed cookie does not get into the page.
    expect(await (await ada.get('/hub/token')).text()).not.toContain(mallory.cookie('_xsrf')?.value);
  });

  test('is set by navigations only: a script is not handed one', async () => {
    const world = await open();
    const visitor = new PageVisitor(world);
    await visitor.get('/hub/login', { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' });
    expect(visitor.cookie('_xsrf')).toBeUndefined();
  });
});

describe('a login link', () => {
  async function linkFor(world: IdentityWorld, name: string): Promise<string> {
    return (await world.identity.links.create(await world.user(name))).path;
  }

  test('signs in with one click from a terminal, once', async () => {
    const world = await open({ authenticator: 'link' });
    const path = await linkFor(world, 'ada');
    const visitor = new PageVisitor(world);
    const answer = await visitor.get(path, typed);
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('/hub/');
    expect(await (await visitor.get('/hub/token')).text()).toContain('<span>ada</span>');
    const second = await new PageVisitor(world).get(path, typed);
    expect(second.status).toBe(403);
    expect(await second.text()).toContain('has been used or is too old');
    expect((await visitor.get(path, typed)).headers.get('location')).toBe('/hub/');
  });

  test.each<[string, Record<string, string>]>([
    ['a preview of a chat program', {}],
    ['a browser that loads ahead', { ...typed, 'sec-purpose': 'prefetch;prerender' }],
    ['an old browser that loads ahead', { ...typed, purpose: 'prefetch' }],
    ['a link on another site', { ...typed, 'sec-fetch-site': 'cross-site' }],
    ['an image', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['a frame', { ...typed, 'sec-fetch-dest': 'iframe' }],
  ])('is not used up by %s: a button does', async (_what, headers) => {
    const world = await open({ authenticator: 'link' });
    const path = await linkFor(world, 'ada');
    const visitor = new PageVisitor(world);
    const answer = await visitor.get(path, headers);
    expect(answer.status).toBe(200);
    expect(visitor.cookie('jupyterhub-hub-login')).toBeUndefined();
    expect(await answer.text()).toContain('Sign in as ada');
    const link = new URL(path, 'http://hub.test').searchParams.get('link') ?? '';
    expect((await visitor.submit('/hub/login', { link }, path)).status).toBe(302);
    expect(visitor.cookie('jupyterhub-hub-login')).toBeDefined();
  });

  test('is not used up by HEAD', async () => {
    const world = await open({ authenticator: 'link' });
    const path = await linkFor(world, 'ada');
    const head = await world.request(path, { method: 'HEAD', headers: typed });
    expect(head.headers.getSetCookie().join()).not.toContain('hub-login');
    expect((await new PageVisitor(world).get(path, typed)).status).toBe(302);
  });

  test('leads whoever is signed in as that person on, and stays good for another browser', async () => {
    const world = await open();
    const path = await linkFor(world, 'ada');
    const visitor = await signedInVisitor(world, 'ada');
    const answer = await visitor.get(`${path}&next=%2Fhub%2Ftoken`, typed);
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/hub/token']);
    const other = new PageVisitor(world);
    await other.get(path, typed);
    expect(await (await other.get('/hub/token')).text()).toContain('<span>ada</span>');
  });

  test('asks before it replaces another login', async () => {
    const world = await open();
    const visitor = await signedInVisitor(world, 'grace');
    const path = await linkFor(world, 'ada');
    const html = await (await visitor.get(path, typed)).text();
    expect(html).toContain('You are signed in as grace now');
    const link = new URL(path, 'http://hub.test').searchParams.get('link') ?? '';
    await visitor.submit('/hub/login', { link }, path);
    expect(await (await visitor.get('/hub/token')).text()).toContain('<span>ada</span>');
  });
});

describe('logging out', () => {
  test('ends the login, its tokens and its cookies', async () => {
    const world = await open();
    const visitor = await signedInVisitor(world, 'ada');
    const copied = visitor.cookieHeader('/hub/');
    const answer = await visitor.get('/hub/logout');
    expect(answer.status).toBe(302);
    expect(answer.headers.get('location')).toBe('/hub/login?signed-out=yes');
    for (const name of ['jupyterhub-hub-login', 'jupyterhub-session-id', 'atoll-view'])
      expect(visitor.cookie(name)).toBeUndefined();
    expect(await world.identity.fromCookies(copied)).toBeUndefined();
  });

  test.each<[string, Record<string, string>, number]>([
    ['a link on another site', { ...typed, 'sec-fetch-site': 'cross-site' }, 200],
    ['a frame on a user’s server', { ...clicked, 'sec-fetch-dest': 'iframe' }, 200],
    [
      'an image on a user’s server',
      { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' },
      403,
    ],
  ])('is not done by %s', async (_what, headers, status) => {
    const world = await open();
    const visitor = await signedInVisitor(world, 'ada');
    expect((await visitor.get('/hub/logout', headers)).status).toBe(status);
    expect((await visitor.get('/hub/token')).status).toBe(200);
    expect((await visitor.submit('/hub/logout', {}, '/hub/token')).status).toBe(302);
    expect((await visitor.get('/hub/token')).status).toBe(302);
  });

  test('is possible for who is not signed in, and for old browsers', async () => {
    const world = await open();
    expect((await new PageVisitor(world).get('/hub/logout')).headers.get('location')).toBe('/hub/login?signed-out=yes');
    const visitor = await signedInVisitor(world, 'ada');
    expect((await visitor.get('/hub/logout', {})).status).toBe(302);
    expect((await visitor.get('/hub/token')).status).toBe(302);
  });
});
