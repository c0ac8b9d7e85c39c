import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AuthenticationSettings } from '../../../src/config/settings.ts';
import type { Client } from '../../../src/identity/http/client.ts';
import { codeOf } from '../../support/codeOf.ts';
import { type IdentityWorld, openIdentityWorld } from '../../support/identityWorld.ts';
import { authenticatorContract } from '../authenticators.contract.ts';

const reason =
  process.getuid?.() !== 0
    ? 'only root can make accounts to try'
    : existsSync('/etc/pam.d')
      ? undefined
      : 'there is no /etc/pam.d';
if (reason !== undefined)
  process.stdout.write(`skipped: signing in with the accounts of the machine, because ${reason}\n`);

describe.skipIf(reason !== undefined)('the accounts of the machine', () => {
  const mark = randomBytes(4).toString('hex');
  const [name, locked, group, service] = [`pam${mark}`, `pamx${mark}`, `pamg${mark}`, `atoll-test-${mark}`];
  const password = randomBytes(12).toString('hex');
  const serviceFile = `/etc/pam.d/${service}`;
  beforeAll(() => {
    // No more than the check of the password, so that nothing of this machine's own rules matters.
    writeFileSync(serviceFile, 'auth required pam_unix.so nodelay\naccount required pam_unix.so\n');
    execFileSync('groupadd', [group]);
    execFileSync('useradd', ['--no-create-home', '--groups', group, name]);
    execFileSync('useradd', ['--no-create-home', '--expiredate', '2001-01-01', locked]);
    execFileSync('chpasswd', { input: `${name}:${password}\n${locked}:${password}\n` });
  });
  afterAll(() => {
    for (const user of [name, locked]) execFileSync('userdel', [user], { stdio: 'ignore' });
    execFileSync('groupdel', [group]);
    rmSync(serviceFile);
  });

  const opened: IdentityWorld[] = [];
  afterEach(async () => {
    for (const world of opened.splice(0)) await world.close();
  });
  async function open(
    settings: Partial<AuthenticationSettings> = {},
    traits: AuthenticationSettings['classes']['pam'] = {},
  ) {
    const world = await openIdentityWorld({
      authentication: { authenticator: 'pam', classes: { pam: { service, ...traits } }, ...settings },
    });
    opened.push(world);
    return world;
  }
  const client: Client = { address: '10.0.0.1', scheme: 'http', host: 'hub.test', userAgent: '' };
  const enter = (world: IdentityWorld, username: string, secret = password) =>
    world.identity.signIn.withForm({ username, password: secret }, client);

  authenticatorContract('pam', {
    open: async () => {
      const world = await openIdentityWorld({
        authentication: { authenticator: 'pam', classes: { pam: { service } } },
      });
      const [method] = world.identity.methods;
      if (!method) throw new Error('there is no way to sign in');
      return { authenticator: method.authenticator, close: () => world.close() };
    },
    right: { username: name, fields: { username: name, password } },
    wrong: [
      { what: 'another password', username: name, fields: { username: name, password: 'guess' } },
      { what: 'no password', username: name, fields: { username: name, password: '' } },
      { what: 'nobody of that name', username: 'nobody-here', fields: { username: 'nobody-here', password } },
      { what: 'a zero byte', username: name, fields: { username: name, password: `${password}\0x` } },
      { what: 'an account that has expired', username: locked, fields: { username: locked, password } },
    ],
  });

  test.each<[string, Partial<AuthenticationSettings>, AuthenticationSettings['classes']['pam'] & object, string]>([
    ['no rule', {}, {}, 'ATOLL_NOT_ALLOWED'],
    ['allow_all', { allowAll: true }, {}, 'user'],
    ['a group of the machine', {}, { allowed_groups: [group] }, 'user'],
    ['another group', {}, { allowed_groups: ['wheel'] }, 'ATOLL_NOT_ALLOWED'],
    ['administrators by a group', {}, { admin_groups: [group] }, 'admin'],
    ['the expired account, where that is not checked', { allowAll: true }, { check_account: false }, 'user'],
  ])('%s', async (_what, settings, traits, expected) => {
    const world = await open(settings, traits);
    const attempt = enter(world, traits.check_account === false ? locked : name);
    const code = await codeOf(attempt);
    expect(code === 'ok' ? ((await attempt).admin ? 'admin' : 'user') : code).toBe(expected);
  });

  test('an account is one in the spelling of the hub only', async () => {
    const world = await open({ allowAll: true });
    expect(await enter(world, name.toUpperCase())).toMatchObject({ name });
  });

  test('who leaves the group loses access', async () => {
    const world = await open({ manageGroups: true }, { allowed_groups: [group] });
    await enter(world, name);
    expect((await world.identity.groups.ofUsers([name])).get(name)).toContain(group);
    const token = await world.token(name);
    execFileSync('gpasswd', ['--delete', name, group], { stdio: 'ignore' });
    world.clock.advance(301);
    expect(await world.identity.fromToken(token)).toBeUndefined();
    execFileSync('gpasswd', ['--add', name, group], { stdio: 'ignore' });
  });

  test('the password is in no log', async () => {
    const world = await open({ allowAll: true });
    await enter(world, name);
    expect(world.logged.join('')).not.toContain(password);
  });
});
