import { afterEach, describe, expect, test } from 'vitest';
import type { Client } from '../../src/identity/http/client.ts';
import { codeOf } from '../support/codeOf.ts';
import { type IdentityWorld, openIdentityWorld, type TestSettings } from '../support/identityWorld.ts';

const sharedPassword = { sharedpassword: { user_password: 'a-good-password' } };

const opened: IdentityWorld[] = [];
afterEach(async () => {
  for (const world of opened.splice(0)) await world.close();
});

async function open(authentication: TestSettings['authentication'], more: TestSettings = {}): Promise<IdentityWorld> {
  const world = await openIdentityWorld({ ...more, authentication: { authenticator: 'dummy', ...authentication } });
  opened.push(world);
  return world;
}

const client = (address = '10.0.0.1'): Client => ({ address, scheme: 'http', host: 'hub.test', userAgent: '' });
const enter = (world: IdentityWorld, username: string, password = '', address?: string) =>
  world.identity.signIn.withForm({ username, password }, client(address));

describe('who may come in', () => {
  test.each<[string, TestSettings['authentication'], string, boolean]>([
    ['sharedpassword lets nobody in by default', { authenticator: 'sharedpassword' }, 'ada', false],
    ['allowed users', { authenticator: 'sharedpassword', allowedUsers: ['Ada'] }, 'ada', true],
    ['others than allowed users', { authenticator: 'sharedpassword', allowedUsers: ['ada'] }, 'mallory', false],
    ['everybody', { authenticator: 'sharedpassword', allowAll: true }, 'ada', true],
    ['everybody but blocked', { authenticator: 'sharedpassword', allowAll: true, blockedUsers: ['ADA'] }, 'ada', false],
    ['existing users', { authenticator: 'sharedpassword', allowExistingUsers: true }, 'existing', true],
    ['new ones when existing may', { authenticator: 'sharedpassword', allowExistingUsers: true }, 'ada', false],
    ['existing ones when they may not', { authenticator: 'sharedpassword' }, 'existing', false],
    ['dummy lets everybody in', {}, 'ada', true],
    ['dummy with allowed users only these', { allowedUsers: ['grace'] }, 'ada', false],
    ['administrators', { allowedUsers: ['grace'], adminUsers: ['ada'] }, 'ada', true],
    ['administrators where nobody else may', { authenticator: 'sharedpassword', adminUsers: ['boss'] }, 'ada', false],
    ['blocked administrators', { allowAll: true, adminUsers: ['ada'], blockedUsers: ['ada'] }, 'ada', false],
    [
      'blocked by the name before the map',
      { blockedUsers: ['Ada-GH'], usernameMap: { 'ada-gh': 'ada' } },
      'ada',
      false,
    ],
    ['allowed by the name before the map', { allowedUsers: ['ada-gh'], usernameMap: { 'ada-gh': 'ada' } }, 'ada', true],
    ['who is mapped on to a name of the list', { allowedUsers: ['ada'], usernameMap: { eve: 'ada-gh' } }, 'eve', false],
    ['names that do not match the pattern as a whole', { usernamePattern: '[a-c]+' }, 'abcd', false],
  ])('%s', async (_what, authentication, name, expected) => {
    const world = await open({ classes: sharedPassword, ...authentication });
    await world.user('existing');
    expect((await codeOf(enter(world, name, 'a-good-password'))) === 'ok').toBe(expected);
  });

  test('who is an administrator already still needs a rule: leaving the group that let them in ends their access too', async () => {
    const world = await open({ allowedUsers: ['ada'] });
    await world.user('grace', true);
    expect(await codeOf(enter(world, 'grace'))).toBe('ATOLL_NOT_ALLOWED');
    const existing = await open({ allowedUsers: ['ada'], allowExistingUsers: true });
    await existing.user('grace', true);
    expect(await enter(existing, 'grace')).toMatchObject({ admin: true });
  });

  test('somebody who is refused is not made a user', async () => {
    const world = await open({ allowedUsers: ['grace'] });
    await expect(enter(world, 'mallory')).rejects.toMatchObject({ code: 'ATOLL_NOT_ALLOWED' });
    expect(await world.identity.users.get('mallory')).toBeUndefined();
  });

  test('an administrator of the settings has the flag after signing in, others keep theirs', async () => {
    const world = await open({ adminUsers: ['Ada'] });
    await world.user('grace', true);
    expect((await enter(world, 'ADA')).admin).toBe(true);
    expect((await enter(world, 'grace')).admin).toBe(true);
    expect((await enter(world, 'alan')).admin).toBe(false);
  });
});

describe('names', () => {
  test('case and Unicode lead to one user', async () => {
    const world = await open({});
    const ids = new Set<number>();
    for (const name of ['ada', 'Ada', ' ADA ', 'ａｄａ']) ids.add((await enter(world, name)).id);
    expect(ids.size).toBe(1);
  });

  test('the map is applied once, so nobody is mapped on to somebody else', async () => {
    const world = await open({ usernameMap: { a: 'b', b: 'root' }, adminUsers: ['root'] });
    expect((await enter(world, 'a')).name).toBe('b');
  });

  test('sharedpassword judges the mapped name: nobody becomes administrator with the password of all', async () => {
    const world = await open({
      authenticator: 'sharedpassword',
      allowAll: true,
      classes: sharedPassword,
      usernameMap: { mallory: 'root' },
      adminUsers: ['root'],
    });
    await expect(enter(world, 'mallory', 'a-good-password')).rejects.toMatchObject({ code: 'ATOLL_SIGN_IN_FAILED' });
  });

  test.each(['', ' ', '..', 'a/b', 'a\nb', 'x'.repeat(1_000_000), '%2e%2e'])('%j cannot sign in', async (name) => {
    const world = await open({});
    await expect(enter(world, name)).rejects.toMatchObject({ code: 'ATOLL_SIGN_IN_FAILED' });
  });
});

test('what cannot be a name is not in the log, and nothing there is long, whatever is typed (CVE-2026-54338)', async () => {
  const world = await open({ authenticator: 'sharedpassword', allowAll: true, classes: sharedPassword });
  for (const name of [
    'x'.repeat(1_000_000),
    'x'.repeat(256),
    'a\nERROR forged',
    'a\u2028b',
    '\u202egnp.exe',
    'x'.repeat(255),
  ])
    await expect(enter(world, name, 'x'.repeat(100_000))).rejects.toMatchObject({ code: 'ATOLL_SIGN_IN_FAILED' });
  const log = world.logged.join('');
  expect(log).toContain('x'.repeat(255));
  expect(log).not.toMatch(/x{256}|forged|gnp/);
  for (const line of world.logged) expect(line.length).toBeLessThan(1000);
});

describe('guessing', () => {
  const settings = { authenticator: 'sharedpassword', allowAll: true, classes: sharedPassword } as const;

  test('is slowed down per user and address, and the right password waits too', async () => {
    const world = await open(settings);
    for (let attempt = 0; attempt < 6; attempt++)
      await expect(enter(world, 'ada', 'guess')).rejects.toMatchObject({ code: 'ATOLL_SIGN_IN_FAILED' });
    await expect(enter(world, 'ADA', 'a-good-password')).rejects.toMatchObject({
      code: 'ATOLL_SIGN_IN_THROTTLED',
      status: 429,
      retryAfterSeconds: 2,
    });
    expect(await enter(world, 'ada', 'a-good-password', '10.0.0.2')).toMatchObject({ name: 'ada' });
    expect(await enter(world, 'grace', 'a-good-password')).toMatchObject({ name: 'grace' });
    world.clock.advance(2);
    expect(await enter(world, 'ada', 'a-good-password')).toMatchObject({ name: 'ada' });
  });

  test('from many addresses of one IPv6 network counts as from one', async () => {
    const world = await open(settings);
    for (let n = 1; n <= 6; n++)
      await expect(enter(world, 'ada', 'guess', `2001:db8::${n}`)).rejects.toMatchObject({
        code: 'ATOLL_SIGN_IN_FAILED',
      });
    await expect(enter(world, 'ada', 'guess', '2001:db8::ffff')).rejects.toMatchObject({
      code: 'ATOLL_SIGN_IN_THROTTLED',
    });
    expect(await enter(world, 'ada', 'a-good-password', '2001:db8:0:1::1')).toMatchObject({ name: 'ada' });
  });

  test('one person from all over the world is slowed down, and does not shut them out where they usually are', async () => {
    const world = await open(settings);
    const home = '10.9.9.9';
    await enter(world, 'ada', 'a-good-password', home);
    for (let n = 1; n <= 51; n++)
      await expect(enter(world, 'ada', 'guess', `10.1.0.${n}`)).rejects.toMatchObject({ code: 'ATOLL_SIGN_IN_FAILED' });
    await expect(enter(world, 'ada', 'guess', '10.2.0.1')).rejects.toMatchObject({
      code: 'ATOLL_SIGN_IN_THROTTLED',
      retryAfterSeconds: 2,
    });
    expect(await enter(world, 'ada', 'a-good-password', home)).toMatchObject({ name: 'ada' });
    expect(await enter(world, 'grace', 'a-good-password', '10.2.0.1')).toMatchObject({ name: 'grace' });
    world.clock.advance(61);
    expect(await enter(world, 'ada', 'a-good-password', '10.2.0.2')).toMatchObject({ name: 'ada' });
  });

  test('in parallel does not get more attempts', async () => {
    const world = await open({ authenticator: 'native', classes: { native: { open_signup: true } } });
    await world.identity.accounts?.signUp('ada', 'a fine password');
    const guesses = await Promise.allSettled(Array.from({ length: 20 }, (_, n) => enter(world, 'ada', `guess ${n}`)));
    const codes = guesses.map((guess) => guess.status === 'rejected' && (guess.reason as { code: string }).code);
    expect(codes.filter((code) => code === 'ATOLL_SIGN_IN_FAILED')).toHaveLength(6);
    expect(codes.filter((code) => code === 'ATOLL_SIGN_IN_THROTTLED')).toHaveLength(14);
  });

  test('one password for many names from one address is slowed down as well', async () => {
    const world = await open(settings);
    for (let n = 0; n < 101; n++) {
      await expect(enter(world, `user${n}`, 'guess')).rejects.toMatchObject({ code: 'ATOLL_SIGN_IN_FAILED' });
      // An account of one's own does not help.
      if (n < 100) await enter(world, 'mallory', 'a-good-password');
    }
    await expect(enter(world, 'another', 'guess')).rejects.toMatchObject({ code: 'ATOLL_SIGN_IN_THROTTLED' });
  });
});

describe('login links', () => {
  const secretOf = (path: string): string => new URL(path, 'http://hub.test').searchParams.get('link') ?? '';

  test('sign in once, with every authenticator', async () => {
    const world = await open({ authenticator: 'native' });
    const { path } = await world.identity.links.create(await world.user('ada'));
    expect(await world.identity.links.peek(secretOf(path))).toMatchObject({ name: 'ada' });
    expect(await world.identity.signIn.withLink(secretOf(path))).toMatchObject({ name: 'ada' });
    await expect(world.identity.signIn.withLink(secretOf(path))).rejects.toMatchObject({ code: 'ATOLL_LINK_INVALID' });
    expect(await world.identity.links.peek(secretOf(path))).toBeUndefined();
  });

  test('used twice at the same moment, one use succeeds', async () => {
    const world = await open({});
    const { path } = await world.identity.links.create(await world.user('ada'));
    const uses = await Promise.allSettled([1, 2, 3].map(() => world.identity.signIn.withLink(secretOf(path))));
    expect(uses.filter((use) => use.status === 'fulfilled')).toHaveLength(1);
  });

  test('are good for 15 minutes', async () => {
    const world = await open({});
    const { path } = await world.identity.links.create(await world.user('ada'));
    world.clock.advance(15 * 60);
    await expect(world.identity.signIn.withLink(secretOf(path))).rejects.toMatchObject({ code: 'ATOLL_LINK_INVALID' });
  });

  test('do not let a blocked user in, and are stored as hashes', async () => {
    const world = await open({ blockedUsers: ['ada'] });
    const { path } = await world.identity.links.create(await world.user('ada'));
    const rows = await world.store.db.selectFrom('login_links').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(secretOf(path));
    await expect(world.identity.signIn.withLink(secretOf(path))).rejects.toMatchObject({ code: 'ATOLL_NOT_ALLOWED' });
  });
});
