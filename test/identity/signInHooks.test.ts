import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { defaultSettings } from '../../src/config/settings.ts';
import { AtollError } from '../../src/core/errors.ts';
import { Sealer } from '../../src/core/sealer.ts';
import type { Authenticated } from '../../src/identity/authenticators/contract.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import type { SignInHooks } from '../../src/identity/signInHooks.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';

const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const plain: SignInHooks = {
  afterSignIn: (person) => Promise.resolve(person),
  modifyAuthState: (state) => Promise.resolve(state),
  groupsOf: () => Promise.resolve(undefined),
  userNameOf: () => Promise.resolve(undefined),
  isStillGood: () => Promise.resolve(undefined),
};

/** Identity where anybody signs in with any password, and this function has the last word. */
async function identityWith(afterSignIn: SignInHooks['afterSignIn']): Promise<Identity> {
  const store = await openSqlite(':memory:');
  const settings = defaultSettings();
  Object.assign(settings.authentication, {
    authenticator: 'dummy',
    allowAll: true,
    adminUsers: ['root-of-all'],
    blockedUsers: ['mallory'],
  });
  const identity = await createIdentity({
    store,
    settings,
    sealer: new Sealer(randomBytes(32)),
    log: silentLogger(),
    hooks: { ...plain, afterSignIn },
  });
  open.push(async () => {
    await identity.close();
    await store.close();
  });
  return identity;
}

const signIn = (identity: Identity, username: string) =>
  identity.signIn.withForm({ username, password: 'x' }, { address: '127.0.0.1' } as never);

test('it gives another name, groups, and the admin flag', async () => {
  const seen: Authenticated[] = [];
  const identity = await identityWith((person) => {
    seen.push(person);
    return Promise.resolve({ ...person, name: `${person.name}-x`, groups: ['people'] });
  });
  expect(await signIn(identity, 'Ada')).toMatchObject({ name: 'ada-x', admin: false });
  expect((await identity.groups.ofUsers(['ada-x'])).get('ada-x')).toEqual(['people']);
  expect(await identity.users.get('ada')).toBeUndefined();
  // Whether somebody is an administrator is decided by the name with which they came.
  expect(await signIn(identity, 'root-of-all')).toMatchObject({ name: 'root-of-all-x', admin: true });
  expect(seen.map(({ name, admin }) => [name, admin ?? false])).toEqual([
    ['ada', false],
    ['root-of-all', true],
  ]);
});

test('it lets somebody not in, and nothing is left of them', async () => {
  const identity = await identityWith(() => Promise.resolve(undefined));
  await expect(signIn(identity, 'ada')).rejects.toMatchObject({ code: 'ATOLL_NOT_ALLOWED' });
  expect(await identity.users.get('ada')).toBeUndefined();
});

test('when it fails, nobody comes in, and its reason is told', async () => {
  const identity = await identityWith(() =>
    Promise.reject(new AtollError('ATOLL_PYTHON_FAILED', "KeyError: 'x' (config.yaml:3)")),
  );
  await expect(signIn(identity, 'ada')).rejects.toMatchObject({
    code: 'ATOLL_PYTHON_FAILED',
    message: "KeyError: 'x' (config.yaml:3)",
  });
  expect(await identity.users.get('ada')).toBeUndefined();
});

test('a name that it gives is no way around being blocked, and cannot be an impossible one', async () => {
  const identity = await identityWith((person) =>
    Promise.resolve({ ...person, name: person.name === 'ada' ? 'mallory' : 'a/../b' }),
  );
  await expect(signIn(identity, 'ada')).rejects.toMatchObject({ code: 'ATOLL_NOT_ALLOWED' });
  await expect(signIn(identity, 'bob')).rejects.toMatchObject({ code: 'ATOLL_SIGN_IN_FAILED' });
  // Who is blocked does not even get there.
  await expect(signIn(identity, 'mallory')).rejects.toMatchObject({ code: 'ATOLL_NOT_ALLOWED' });
});

test('when a provider is asked again, it has the last word too', async () => {
  let isIn = true;
  const identity = await identityWith((person) =>
    Promise.resolve(isIn ? { ...person, name: `${person.name}-x` } : undefined),
  );
  const user = await signIn(identity, 'ada');
  const [method] = identity.methods;
  if (!method) throw new Error('no way to sign in');
  expect(await identity.signIn.readmit(method, { name: 'ada' }, user)).toBe(true);
  expect(await identity.signIn.readmit(method, { name: 'bob' }, user)).toBe(false);
  isIn = false;
  expect(await identity.signIn.readmit(method, { name: 'ada' }, user)).toBe(false);
});
