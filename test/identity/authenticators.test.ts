import { describe, expect, test } from 'vitest';
import { type AuthenticationSettings, type AuthenticatorName, defaultSettings } from '../../src/config/settings.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Accounts, Authenticator } from '../../src/identity/authenticators/contract.ts';
import { createSignInMethods } from '../../src/identity/authenticators/createAuthenticator.ts';
import { Users } from '../../src/identity/users.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { authenticatorContract } from './authenticators.contract.ts';

interface Opened {
  authenticator: Authenticator;
  store: Store;
  close: () => Promise<void>;
}

async function open(authenticator: AuthenticatorName, more: Partial<AuthenticationSettings> = {}): Promise<Opened> {
  const store = await openSqlite(':memory:');
  const settings = { ...defaultSettings().authentication, authenticator, ...more };
  const [method] = await createSignInMethods(settings, { store, clock: systemClock, log: silentLogger() });
  if (!method) throw new Error('there is no way to sign in');
  return { store, authenticator: method.authenticator, close: () => store.close() };
}

const userPassword = 'for-all-users';
const adminPassword = 'for-the-administrators-only-0123456789';
const shared = {
  classes: { sharedpassword: { user_password: userPassword, admin_password: adminPassword } },
  adminUsers: ['Boss'],
};

authenticatorContract('link', { open: () => open('link'), wrong: [] });

authenticatorContract('dummy', {
  open: () => open('dummy', { classes: { dummy: { password: 'open sesame' } } }),
  right: { username: 'ada', fields: { username: 'ada', password: 'open sesame' } },
  wrong: [
    { what: 'another password', username: 'ada', fields: { password: 'open' } },
    { what: 'none', username: 'ada', fields: {} },
  ],
});

authenticatorContract('sharedpassword', {
  open: () => open('sharedpassword', shared),
  right: { username: 'ada', fields: { username: 'ada', password: userPassword } },
  wrong: [
    { what: "a user with the administrators' password", username: 'ada', fields: { password: adminPassword } },
    { what: "an administrator with the users' password", username: 'boss', fields: { password: userPassword } },
    { what: 'no password', username: 'ada', fields: {} },
  ],
});

authenticatorContract('native', {
  open: async () => {
    const opened = await open('native', { classes: { native: { open_signup: true } } });
    await opened.authenticator.accounts?.signUp('ada', 'a fine password');
    return opened;
  },
  right: { username: 'ada', fields: { username: 'ada', password: 'a fine password' } },
  wrong: [
    { what: 'another password', username: 'ada', fields: { password: 'a fine passwort' } },
    { what: 'nobody of that name', username: 'grace', fields: { password: 'a fine password' } },
    { what: 'no password', username: 'ada', fields: {} },
  ],
});

test('dummy without a password takes any', async () => {
  const { authenticator, close } = await open('dummy');
  expect(await authenticator.authenticate({ username: 'ada', fields: {} })).toEqual({ name: 'ada' });
  await close();
});

describe('shared passwords', () => {
  test('make an administrator of nobody but the named ones', async () => {
    const { authenticator, close } = await open('sharedpassword', shared);
    const boss = { username: 'boss', fields: { password: adminPassword } };
    expect(await authenticator.authenticate(boss)).toEqual({ name: 'boss', admin: true });
    const ada = { username: 'ada', fields: { password: userPassword } };
    expect(await authenticator.authenticate(ada)).toEqual({ name: 'ada' });
    await close();
  });

  test('of groups put people into exactly these', async () => {
    const password_groups = { 'for-the-physicists': ['physics', 'lab'] };
    const sharedpassword = { ...shared.classes.sharedpassword, password_groups };
    const { authenticator, close } = await open('sharedpassword', {
      ...shared,
      manageGroups: true,
      classes: { sharedpassword },
    });
    const enter = (username: string, password: string) =>
      authenticator.authenticate({ username, fields: { password } });
    expect(await enter('ada', 'for-the-physicists')).toEqual({ name: 'ada', groups: ['physics', 'lab'] });
    expect(await enter('ada', userPassword)).toEqual({ name: 'ada', groups: [] });
    expect(await enter('boss', 'for-the-physicists')).toBeUndefined();
    expect(await enter('ada', 'for-the-physicist')).toBeUndefined();
    await close();
    await expect(open('sharedpassword', { classes: { sharedpassword } })).rejects.toMatchObject({
      code: 'ATOLL_AUTHENTICATOR_INVALID',
    });
  });

  test('somebody who was made an administrator here needs theirs: everybody else knows the other one', async () => {
    const { authenticator, store, close } = await open('sharedpassword', shared);
    await new Users(store, systemClock).ensure('grace', true);
    expect(await authenticator.authenticate({ username: 'grace', fields: { password: userPassword } })).toBeUndefined();
    const right = { username: 'grace', fields: { password: adminPassword } };
    expect(await authenticator.authenticate(right)).toEqual({ name: 'grace' });
    await close();
  });

  test('none at all: told as missing', async () => {
    await expect(open('sharedpassword', { classes: { sharedpassword: {} } })).rejects.toMatchObject({
      code: 'ATOLL_AUTHENTICATOR_INCOMPLETE',
    });
  });

  test('those of groups alone are enough', async () => {
    const sharedpassword = { password_groups: { 'for-the-physicists': ['physics'] } };
    const { authenticator, close } = await open('sharedpassword', { manageGroups: true, classes: { sharedpassword } });
    const fields = { password: 'for-the-physicists' };
    expect(await authenticator.authenticate({ username: 'ada', fields })).toEqual({ name: 'ada', groups: ['physics'] });
    await close();
  });

  test.each<[string, AuthenticationSettings['classes']['sharedpassword'] & object]>([
    ['a short user password', { user_password: '1234567' }],
    ['a short administrator password', { admin_password: 'x'.repeat(31) }],
    [
      'that of administrators for a group',
      { admin_password: 'x'.repeat(32), password_groups: { ['x'.repeat(32)]: ['a'] } },
    ],
    ['the same for both', { user_password: 'x'.repeat(40), admin_password: 'x'.repeat(40) }],
  ])('%s: refused', async (_what, sharedpassword) => {
    await expect(open('sharedpassword', { classes: { sharedpassword } })).rejects.toMatchObject({
      code: 'ATOLL_AUTHENTICATOR_INVALID',
    });
  });
});

describe('native accounts', () => {
  async function accountsOf(more: Partial<AuthenticationSettings> = {}): Promise<Opened & { accounts: Accounts }> {
    const opened = await open('native', more);
    if (!opened.authenticator.accounts) throw new Error('native has no accounts');
    return { ...opened, accounts: opened.authenticator.accounts };
  }
  const attempt = (password: string) => ({ username: 'ada', fields: { password } });

  test('wait for approval, and say so only to who knows the password', async () => {
    const { accounts, authenticator, close } = await accountsOf();
    expect(await accounts.signUp('ada', 'a fine password')).toEqual({ approved: false });
    expect(await authenticator.authenticate(attempt('guess'))).toBeUndefined();
    await expect(authenticator.authenticate(attempt('a fine password'))).rejects.toMatchObject({
      code: 'ATOLL_ACCOUNT_PENDING',
    });
    expect(await accounts.list()).toMatchObject([{ name: 'ada', approved: false }]);
    await accounts.approve('ada');
    expect(await authenticator.authenticate(attempt('a fine password'))).toEqual({ name: 'ada', admitted: true });
    await accounts.remove('ada');
    expect(await authenticator.authenticate(attempt('a fine password'))).toBeUndefined();
    await close();
  });

  test('open sign-up never hands over a name that means somebody: a user, or an administrator to be', async () => {
    const { accounts, store, close } = await accountsOf({
      classes: { native: { open_signup: true } },
      adminUsers: ['Boss'],
    });
    await store.db.insertInto('users').values({ name: 'grace', admin: 0, created_at: 0 }).execute();
    expect(await accounts.signUp('grace', 'a fine password')).toEqual({ approved: false });
    expect(await accounts.signUp('boss', 'a fine password')).toEqual({ approved: false });
    expect(await accounts.signUp('new', 'a fine password')).toEqual({ approved: true });
    await close();
  });

  test('a name can be taken once, and its password is not replaced', async () => {
    const { accounts, authenticator, close } = await accountsOf({ classes: { native: { open_signup: true } } });
    await accounts.signUp('ada', 'a fine password');
    await expect(accounts.signUp('ada', 'another password')).rejects.toMatchObject({ code: 'ATOLL_ACCOUNT_EXISTS' });
    expect(await authenticator.authenticate(attempt('another password'))).toBeUndefined();
    await close();
  });

  test('two sign-ups at the same time: one succeeds', async () => {
    const { accounts, close } = await accountsOf();
    const outcomes = await Promise.allSettled([
      accounts.signUp('ada', 'a fine password'),
      accounts.signUp('ada', 'another password'),
    ]);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
    await close();
  });

  test.each([
    ['short', '1234567'],
    ['the name', 'ada-lovelace'],
    ['the name in capitals', 'ADA-LOVELACE'],
    ['endless', 'x'.repeat(1025)],
  ])('a password that is %s is not taken', async (_what, password) => {
    const { accounts, close } = await accountsOf();
    await expect(accounts.signUp('ada-lovelace', password)).rejects.toMatchObject({ code: 'ATOLL_PASSWORD_UNFIT' });
    expect(await accounts.list()).toEqual([]);
    await close();
  });

  test('a password is changed by who knows the old one; an account without one may set it', async () => {
    const { accounts, authenticator, close } = await accountsOf({ classes: { native: { open_signup: true } } });
    await accounts.changePassword('ada', '', 'a fine password');
    await expect(accounts.changePassword('ada', 'wrong', 'another password')).rejects.toMatchObject({
      code: 'ATOLL_SIGN_IN_FAILED',
    });
    await accounts.changePassword('ada', 'a fine password', 'another password');
    expect(await authenticator.authenticate(attempt('a fine password'))).toBeUndefined();
    expect(await authenticator.authenticate(attempt('another password'))).toMatchObject({ name: 'ada' });
    await close();
  });

  test('changing the password of a pending account does not approve it', async () => {
    const { accounts, close } = await accountsOf();
    await accounts.signUp('ada', 'a fine password');
    await accounts.changePassword('ada', 'a fine password', 'another password');
    expect(await accounts.list()).toMatchObject([{ approved: false }]);
    await close();
  });

  test('the store holds no password', async () => {
    const { accounts, store, close } = await accountsOf();
    await accounts.signUp('ada', 'a fine password');
    const rows = await store.db.selectFrom('passwords').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain('a fine password');
    expect(rows[0]?.hash).toContain('$argon2id$');
    await close();
  });
});
