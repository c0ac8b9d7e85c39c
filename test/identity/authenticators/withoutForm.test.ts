import { afterEach, describe, expect, test } from 'vitest';
import type { AuthenticationSettings } from '../../../src/config/settings.ts';
import { type IdentityWorld, openIdentityWorld } from '../../support/identityWorld.ts';
import { PageVisitor } from '../../support/pageVisitor.ts';

const opened: IdentityWorld[] = [];
afterEach(async () => {
  for (const world of opened.splice(0)) await world.close();
});

async function open(authentication: Partial<AuthenticationSettings>): Promise<IdentityWorld> {
  const world = await openIdentityWorld({ authentication });
  opened.push(world);
  return world;
}

const textOf = async (answer: Response): Promise<string> => (await answer.text()).replace(/\s+/g, ' ');

describe('a proxy that says who somebody is', () => {
  type Traits = AuthenticationSettings['classes']['remoteuser'] & object;
  const proxy_secret = 'between-the-proxy-and-the-hub';
  const behind = (remoteuser: Traits = {}, more: Partial<AuthenticationSettings> = {}) =>
    open({
      authenticator: 'remoteuser',
      allowAll: true,
      classes: { remoteuser: { trusted_proxies: ['10.1.2.3', '2001:db8::5'], ...remoteuser } },
      ...more,
    });
  const visit = (world: IdentityWorld, address: string, headers: Record<string, string> = { REMOTE_USER: 'Ada' }) =>
    world.request('/hub/login?next=%2Fhub%2Ftoken', { headers: { 'x-forwarded-for': address, ...headers } });

  test.each(['10.1.2.3', '2001:db8::5', '::ffff:10.1.2.3'])('is believed at %s, without a click', async (address) => {
    const world = await behind();
    const answer = await visit(world, address);
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/hub/token']);
    expect((await world.identity.users.get('ada'))?.name).toBe('ada');
  });

  test.each<[string, string, Record<string, string>]>([
    ['another address', '10.2.0.1', { REMOTE_USER: 'ada' }],
    ['an address of this machine', '127.0.0.1', { REMOTE_USER: 'ada' }],
    ['an address that the client wrote itself, before its own', '10.1.2.3, 10.2.0.1', { REMOTE_USER: 'ada' }],
    ['no address', 'unknown', { REMOTE_USER: 'ada' }],
    ['no header', '10.1.2.3', {}],
    ['an empty one', '10.1.2.3', { REMOTE_USER: ' ' }],
    ['two of them', '10.1.2.3', { REMOTE_USER: 'mallory, ada' }],
    ['a header of another name', '10.1.2.3', { 'remote-user': 'ada' }],
  ])('%s: nobody is signed in', async (_what, address, headers) => {
    const world = await behind();
    const answer = await visit(world, address, headers);
    expect(answer.status).toBe(403);
    expect(await textOf(answer)).toContain('Nobody says who you are');
    expect((await world.identity.users.list({ offset: 0, limit: 5 })).total).toBe(0);
  });

  test('is believed when the edge knows it too, and says whose request it is; its client is not', async () => {
    const world = await behind();
    const from = (peer: string, address: string) =>
      visit(world, address, { REMOTE_USER: 'ada', 'x-forwarded-peer': peer });
    expect((await from('10.1.2.3', '192.0.2.7')).status).toBe(302);
    expect((await from('192.0.2.7', '10.1.2.3')).status).toBe(403);
  });

  test('allow rules, blocked users and the name of the header are those of the settings', async () => {
    const world = await behind(
      { header_name: 'X-Uid' },
      { allowAll: false, allowedUsers: ['ada'], blockedUsers: ['eve'] },
    );
    expect((await visit(world, '10.1.2.3', { 'X-Uid': 'ada' })).status).toBe(302);
    for (const name of ['grace', 'eve', '../root'])
      expect((await visit(world, '10.1.2.3', { 'X-Uid': name })).status).toBe(403);
  });

  test('on this machine, the proxy has to know a secret', async () => {
    await expect(behind({ trusted_proxies: ['127.0.0.1'] })).rejects.toMatchObject({
      code: 'ATOLL_AUTHENTICATOR_INVALID',
    });
    await expect(behind({ trusted_proxies: ['::/1'] })).rejects.toMatchObject({ code: 'ATOLL_AUTHENTICATOR_INVALID' });
    const world = await behind({ trusted_proxies: ['127.0.0.1'], proxy_secret });
    const said = { REMOTE_USER: 'ada' };
    expect((await visit(world, '127.0.0.1', said)).status).toBe(403);
    expect((await visit(world, '127.0.0.1', { ...said, 'x-atoll-proxy-secret': `${proxy_secret}x` })).status).toBe(403);
    expect((await visit(world, '127.0.0.1', { ...said, 'x-atoll-proxy-secret': proxy_secret })).status).toBe(302);
  });

  test('attack: a server in the same network as the proxies poses as one, so that these have to know a secret', async () => {
    const trusted_proxies = ['10.0.0.0/8'];
    await expect(behind({ trusted_proxies })).rejects.toMatchObject({
      code: 'ATOLL_AUTHENTICATOR_INVALID',
      message: expect.stringContaining('10.0.0.0/8') as string,
    });
    const world = await behind({ trusted_proxies, proxy_secret });
    const server = '10.7.7.7';
    expect((await visit(world, server)).status).toBe(403);
    expect((await visit(world, server, { REMOTE_USER: 'ada', 'x-atoll-proxy-secret': 'guess' })).status).toBe(403);
    expect((await visit(world, '10.1.2.3', { REMOTE_USER: 'ada', 'x-atoll-proxy-secret': proxy_secret })).status).toBe(
      302,
    );
  });

  test.each([[[]], [['10.0.0.0/33']], [['proxy.example']], [['0.0.0.0/0']]])(
    'trusted_proxies %j is told at start',
    async (trusted_proxies) => {
      await expect(behind({ trusted_proxies })).rejects.toMatchObject({ code: 'ATOLL_AUTHENTICATOR_INVALID' });
    },
  );

  test('the header alone opens nothing else', async () => {
    const world = await behind();
    const answer = await world.request('/hub/api/user', {
      headers: { 'x-forwarded-for': '10.1.2.3', REMOTE_USER: 'ada' },
    });
    expect(answer.status).toBe(403);
  });
});

describe('temporary users', () => {
  test('are somebody new each time, at once', async () => {
    const world = await open({ authenticator: 'tmp' });
    for (let visit = 0; visit < 2; visit++) {
      const visitor = new PageVisitor(world);
      expect((await visitor.get('/hub/login?next=%2Fhub%2Ftoken')).headers.get('location')).toBe('/hub/token');
      expect((await visitor.get('/hub/token')).status).toBe(200);
    }
    const { users } = await world.identity.users.list({ offset: 0, limit: 5 });
    expect(new Set(users.map(({ name }) => name.replace(/[\da-f]/g, 'x')))).toEqual(
      new Set(['xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx']),
    );
    expect(users).toHaveLength(2);
  });

  test('get a button where auto_login is off, and after signing out', async () => {
    const world = await open({ authenticator: 'tmp', autoLogin: false });
    const visitor = new PageVisitor(world);
    expect(await textOf(await visitor.get('/hub/login'))).toContain('Sign in with a temporary name');
    expect((await visitor.submit('/hub/login', { 'at-once': 'yes' })).status).toBe(302);
    expect((await visitor.post('/hub/login', { 'at-once': 'yes' })).status).toBe(403);
    expect((await world.identity.users.list({ offset: 0, limit: 5 })).total).toBe(1);
  });

  test('of one network are limited: the store is not filled by loading a page', async () => {
    const world = await open({ authenticator: 'tmp' });
    const answers: number[] = [];
    for (let visit = 0; visit < 70; visit++) answers.push((await world.request('/hub/login')).status);
    expect(answers.filter((status) => status === 302)).toHaveLength(61);
    expect(answers.at(-1)).toBe(429);
  });

  test('are not made by a script that loads the page', async () => {
    const world = await open({ authenticator: 'tmp' });
    const headers = { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' };
    expect((await world.request('/hub/login', { headers })).status).toBe(200);
    expect((await world.identity.users.list({ offset: 0, limit: 5 })).total).toBe(0);
  });
});

test('with the null authenticator nobody signs in but by a link', async () => {
  const world = await open({ authenticator: 'null', allowAll: true });
  const visitor = new PageVisitor(world);
  expect(await textOf(await visitor.get('/hub/login'))).toContain('People do not sign in to this hub');
  expect((await visitor.submit('/hub/login', { username: 'ada', password: 'x' }, '/hub/login')).status).toBe(403);
  const { path } = await world.identity.links.create(await world.user('ada'));
  expect(await world.identity.signIn.withLink(new URL(path, 'http://x').searchParams.get('link') ?? '')).toMatchObject({
    name: 'ada',
  });
});
