import { afterEach, describe, expect, test } from 'vitest';
import { defaultSettings, type RoleSettings } from '../../src/config/settings.ts';
import type { BrowserSession } from '../support/browserSession.ts';
import { FakeRuntime } from '../support/fakeRuntime.ts';
import { press } from '../support/press.ts';
import { signIn } from '../support/signIn.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';
import { until } from '../support/until.ts';

let hub: SmallHub | undefined;
let runtime: FakeRuntime;
afterEach(async () => {
  await hub?.close();
  await runtime.close();
});

async function start(roles: RoleSettings[] = []): Promise<SmallHub> {
  runtime = new FakeRuntime();
  const { authentication } = defaultSettings();
  const dummy = { ...authentication, authenticator: 'dummy' as const, configured: true, allowAll: true };
  hub = await startSmallHub({ runtime, settings: { roles, authentication: { ...dummy, adminUsers: ['root'] } } });
  return hub;
}

const role = (name: string, scopes: string[], users: string[], groups: string[] = []): RoleSettings => ({
  name,
  description: '',
  scopes,
  users,
  groups,
  services: [],
});

const textOf = async (browser: BrowserSession, path: string): Promise<string> => {
  const answer = await browser.request(path);
  expect(answer.status).toBe(200);
  return answer.text();
};

describe('an administrator', () => {
  test('adds people, finds them, and pages through them', async () => {
    const { identity } = await start();
    const root = await signIn(hub as SmallHub, 'root');
    const page = await textOf(root, '/hub/admin');
    const added = await press(root, page, '/hub/admin/users', {
      names: 'Ada, bob\neve  <b>x</b>'.replace('<b>x</b>', 'zoe'),
    });
    expect(added.status).toBe(302);
    expect(await identity.users.get('ada')).toMatchObject({ admin: false });
    expect(await identity.users.get('zoe')).toBeDefined();
    await identity.users.create(Array.from({ length: 70 }, (_, n) => `student-${n}`));
    const first = await textOf(root, '/hub/admin');
    expect(first).toContain('1 to 50 of 75');
    const second = await textOf(root, '/hub/admin?offset=50');
    expect(second).toContain('51 to 75 of 75');
    const found = await textOf(root, '/hub/admin?q=AD');
    expect(found).toContain('>ada</a>');
    expect(found).not.toContain('>bob</a>');
    expect(await textOf(root, '/hub/admin?q=%25')).toContain('Nobody fits');
    expect(await textOf(root, '/hub/admin?offset=abc&state=nonsense')).toContain('>ada</a>');
  });

  test.each([
    ['new a/b', 400, 'cannot be a user name'],
    [' , ', 400, 'No name was given'],
    ['root', 409, 'users already'],
  ])('is told about %j, and nothing is half-made', async (names, status, text) => {
    const { identity } = await start();
    const root = await signIn(hub as SmallHub, 'root');
    const answer = await press(root, await textOf(root, '/hub/admin'), '/hub/admin/users', { names });
    expect(answer.status).toBe(status);
    expect(await answer.text()).toContain(text);
    expect(await identity.users.get('new')).toBeUndefined();
  });

  test('sees what somebody else’s server does, starts and stops it', async () => {
    const { servers, identity } = await start();
    await identity.users.create(['ada']);
    const root = await signIn(hub as SmallHub, 'root');
    const page = await textOf(root, '/hub/admin');
    expect((await press(root, page, '/hub/spawn/ada')).status).toBe(302);
    await until('ready', async () => (await servers.get('ada', ''))?.phase === 'ready');
    const running = await textOf(root, '/hub/admin?state=active');
    expect(running).toContain('aria-label="Stop the server of ada"');
    expect(running).not.toContain('>root</a></th>');
    const stopped = await press(root, running, '/hub/admin/users/ada', { do: 'stop-server', server: '' });
    expect(stopped.headers.get('location')).toBe('/hub/admin/users/ada');
    await until('stopped', async () => (await servers.get('ada', ''))?.phase === 'stopped');
  });

  test('stops everybody’s servers, when sure', async () => {
    const { servers, identity } = await start();
    await identity.users.create(['ada', 'bob']);
    for (const user of ['ada', 'bob']) await servers.start(user, '');
    const root = await signIn(hub as SmallHub, 'root');
    const page = await textOf(root, '/hub/admin');
    expect((await press(root, page, '/hub/admin/stop-all')).status).toBe(400);
    expect(runtime.live).not.toEqual([]);
    expect((await press(root, page, '/hub/admin/stop-all', { sure: 'yes' })).status).toBe(302);
    await until('all to be stopped', () => runtime.live.length === 0);
    expect(await textOf(root, '/hub/admin?state=active')).toContain('Nobody fits');
  });

  test('gives and takes the rights of administrators, but not their own', async () => {
    const { identity } = await start();
    await identity.users.create(['ada']);
    const root = await signIn(hub as SmallHub, 'root');
    const action = '/hub/admin/users/ada';
    await press(root, await textOf(root, action), action, { do: 'make-admin' });
    expect(await identity.users.get('ada')).toMatchObject({ admin: true });
    await press(root, await textOf(root, action), action, { do: 'take-admin' });
    expect(await identity.users.get('ada')).toMatchObject({ admin: false });
    const own = await textOf(root, '/hub/admin/users/root');
    expect(own).not.toContain('take-admin');
    const refused = await press(
      root,
      own.replaceAll('/hub/spawn/root', '/hub/admin/users/root'),
      '/hub/admin/users/root',
      {
        do: 'take-admin',
      },
    );
    expect(refused.status).toBe(403);
    expect(await identity.users.get('root')).toMatchObject({ admin: true });
  });

  test('deletes somebody with their server, when the name is written', async () => {
    const { servers, identity } = await start();
    await identity.users.create(['ada']);
    await servers.start('ada', '');
    const root = await signIn(hub as SmallHub, 'root');
    const action = '/hub/admin/users/ada';
    const page = await textOf(root, action);
    expect((await press(root, page, action, { do: 'delete', confirm: 'eve' })).status).toBe(400);
    expect(await identity.users.get('ada')).toBeDefined();
    expect((await press(root, page, action, { do: 'delete', confirm: 'ada' })).headers.get('location')).toBe(
      '/hub/admin',
    );
    expect(await identity.users.get('ada')).toBeUndefined();
    expect(runtime.live).toEqual([]);
    expect((await root.request(action)).status).toBe(404);
  });

  test('signs somebody out everywhere', async () => {
    await start();
    const ada = await signIn(hub as SmallHub, 'ada');
    const root = await signIn(hub as SmallHub, 'root');
    expect((await ada.request('/hub/token')).status).toBe(200);
    await press(root, await textOf(root, '/hub/admin/users/ada'), '/hub/admin/users/ada', { do: 'sign-out' });
    expect((await ada.request('/hub/token')).status).toBe(302);
  });

  test('makes groups, and decides who is in them', async () => {
    const { identity } = await start();
    await identity.users.create(['ada', 'bob']);
    const root = await signIn(hub as SmallHub, 'root');
    const page = await textOf(root, '/hub/admin/groups');
    expect((await press(root, page, '/hub/admin/groups', { name: '' })).status).toBe(400);
    const made = await press(root, page, '/hub/admin/groups', { name: 'lab & co' });
    const group = made.headers.get('location') ?? '';
    expect(group).toBe('/hub/admin/groups/lab%20%26%20co');
    expect((await press(root, page, '/hub/admin/groups', { name: 'lab & co' })).status).toBe(409);
    await press(root, await textOf(root, group), group, { do: 'add', user: 'Ada' });
    expect((await press(root, await textOf(root, group), group, { do: 'add', user: 'nobody' })).status).toBe(400);
    expect((await identity.groups.get('lab & co'))?.users).toEqual(['ada']);
    expect(await textOf(root, '/hub/admin/users/ada')).toContain('lab &amp; co');
    await press(root, await textOf(root, group), group, { do: 'remove', user: 'ada' });
    expect((await identity.groups.get('lab & co'))?.users).toEqual([]);
    await press(root, await textOf(root, group), group, { do: 'delete' });
    expect(await identity.groups.get('lab & co')).toBeUndefined();
  });

  test('reads in the audit log what was done, and finds it again', async () => {
    await start();
    const root = await signIn(hub as SmallHub, 'root');
    await press(root, await textOf(root, '/hub/admin'), '/hub/admin/users', { names: 'ada' });
    const all = await textOf(root, '/hub/admin/audit');
    expect(all).toContain('user.create');
    expect(all).toContain('session.begin');
    const some = await textOf(root, '/hub/admin/audit?actor=root&target=ada');
    expect(some).toContain('user.create');
    expect(some).not.toContain('session.begin');
  });
});

describe('who is no administrator', () => {
  const paths = ['/hub/admin', '/hub/admin/users/root', '/hub/admin/groups', '/hub/admin/services', '/hub/admin/audit'];

  test.each(paths)('does not see %s, nor the way there', async (path) => {
    await start();
    const ada = await signIn(hub as SmallHub, 'ada');
    expect((await ada.request(path)).status).toBe(403);
    expect(await textOf(ada, '/hub/home')).not.toContain('/hub/admin');
  });

  test('does nothing by sending the forms', async () => {
    const { identity } = await start();
    const ada = await signIn(hub as SmallHub, 'ada');
    const own = await textOf(ada, '/hub/token');
    const _xsrf = /name="_xsrf" value="([^"]+)"/.exec(own)?.[1] ?? '';
    for (const [path, form] of [
      ['/hub/admin/users', { names: 'eve' }],
      ['/hub/admin/users/ada', { do: 'make-admin' }],
      ['/hub/admin/users/root', { do: 'delete', confirm: 'root' }],
      ['/hub/admin/groups', { name: 'g' }],
      ['/hub/admin/stop-all', { sure: 'yes' }],
    ] as const)
      expect((await ada.request(path, { form: { _xsrf, ...form } })).status).toBe(403);
    expect(await identity.users.get('eve')).toBeUndefined();
    expect(await identity.users.get('ada')).toMatchObject({ admin: false });
  });

  test('an administrator’s browser does nothing for a page of another site', async () => {
    const { identity } = await start();
    const root = await signIn(hub as SmallHub, 'root');
    const answer = await root.request('/hub/admin/users', {
      form: { names: 'eve' },
      headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    });
    expect(answer.status).toBe(403);
    expect((await root.request('/hub/admin/users', { form: { names: 'eve' } })).status).toBe(403);
    expect(await identity.users.get('eve')).toBeUndefined();
  });
});

describe('who may do a part only', () => {
  test('sees the users of a group, and cannot touch an administrator', async () => {
    const scopes = ['self', 'admin-ui', 'list:users!group=lab', 'read:users!group=lab', 'admin:users!group=lab'];
    const { identity } = await start([role('teacher', scopes, ['ada'])]);
    await identity.users.create(['bob', 'eve']);
    await identity.groups.create(['lab'], ['bob', 'root']);
    const ada = await signIn(hub as SmallHub, 'ada');
    const page = await textOf(ada, '/hub/admin');
    expect(page).toContain('>bob</a>');
    expect(page).not.toContain('>eve</a>');
    expect(page).not.toContain('Add people');
    expect((await ada.request('/hub/admin/users/eve')).status).toBe(404);
    const _xsrf = /name="_xsrf" value="([^"]+)"/.exec(page)?.[1] ?? '';
    const send = async (path: string, form: Record<string, string>): Promise<number> =>
      (await ada.request(path, { form: { _xsrf, ...form } })).status;
    expect(await send('/hub/admin/users/root', { do: 'take-admin' })).toBe(403);
    expect(await send('/hub/admin/users/root', { do: 'sign-out' })).toBe(403);
    expect(await send('/hub/admin/users/bob', { do: 'make-admin' })).toBe(403);
    expect(await identity.users.get('bob')).toMatchObject({ admin: false });
    expect(await send('/hub/admin/users', { names: 'new' })).toBe(403);
  });

  test('nobody joins a group that gives more than they have', async () => {
    const { identity } = await start([
      role('helper', ['self', 'admin-ui', 'groups', 'list:groups'], ['ada']),
      role('mighty', ['admin:users'], [], ['mighty']),
    ]);
    await identity.groups.create(['mighty'], []);
    const ada = await signIn(hub as SmallHub, 'ada');
    const page = await textOf(ada, '/hub/admin/groups/mighty');
    const answer = await press(ada, page, '/hub/admin/groups/mighty', { do: 'add', user: 'ada' });
    expect(answer.status).toBe(403);
    expect((await identity.groups.get('mighty'))?.users).toEqual([]);
  });
});

describe('a share', () => {
  test('is accepted by its link, and then stands on the home page', async () => {
    const { identity, servers } = await start();
    await identity.users.create(['bob']);
    await servers.start('bob', '');
    await until('ready', async () => (await servers.get('bob', ''))?.phase === 'ready');
    const server = await identity.shares.server('bob', '');
    if (!server) throw new Error('no server');
    const { secret } = await identity.shares.createCode(server, ['access:servers'], 3600);
    const ada = await signIn(hub as SmallHub, 'ada');
    expect(await textOf(ada, '/hub/home')).not.toContain('Shared with you');
    const path = `/hub/accept-share?code=${secret}`;
    const page = await textOf(ada, path);
    expect(page).toContain('The server of bob is shared with you');
    // Looking is not accepting.
    expect(await textOf(ada, '/hub/home')).not.toContain('Shared with you');
    const accepted = await press(ada, page, '/hub/accept-share', { code: secret });
    expect(accepted.headers.get('location')).toBe('/user/bob/');
    expect(await textOf(ada, '/hub/home')).toContain('Shared with you');
    const bob = await signIn(hub as SmallHub, 'bob');
    expect((await bob.request(path)).headers.get('location')).toBe('/user/bob/');
  });

  test.each([
    ['https://evil.example/', '/user/bob/'],
    ['//evil.example', '/user/bob/'],
    ['/user/bob/lab/tree/a.ipynb', '/user/bob/lab/tree/a.ipynb'],
  ])('leads on to %s: %s', async (next, location) => {
    const { identity, servers } = await start();
    await identity.users.create(['bob']);
    await servers.start('bob', '');
    const server = await identity.shares.server('bob', '');
    if (!server) throw new Error('no server');
    const { secret } = await identity.shares.createCode(server, ['access:servers'], 3600);
    const ada = await signIn(hub as SmallHub, 'ada');
    const page = await textOf(ada, `/hub/accept-share?code=${secret}`);
    const accepted = await press(ada, page, '/hub/accept-share', { code: secret, next });
    expect(accepted.headers.get('location')).toBe(location);
  });

  test.each(['', 'nonsense', 'x'.repeat(5000)])('with the code %j is a page that says so', async (code) => {
    await start();
    const ada = await signIn(hub as SmallHub, 'ada');
    const answer = await ada.request(`/hub/accept-share?code=${code}`);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain('ATOLL_SHARE_CODE_INVALID');
  });
});

test.each([
  ['503', 'The server does not answer'],
  ['404', 'Nothing here'],
  ['%3Cb%3E', 'Something went wrong'],
])('the proxy’s error %s is a page', async (code, title) => {
  const { url } = await start();
  const answer = await fetch(`${url}/hub/error/${code}?url=%2Fuser%2Fx`);
  expect(answer.status).toBe(200);
  const text = await answer.text();
  expect(text).toContain(title);
  expect(text).not.toContain('<b>');
});
