import { Attribute, Change } from 'ldapts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { AuthenticationSettings } from '../../../src/config/settings.ts';
import { escapeDnValue, escapeFilterValue, fillTemplate } from '../../../src/identity/authenticators/ldap/escape.ts';
import type { Client } from '../../../src/identity/http/client.ts';
import { codeOf } from '../../support/codeOf.ts';
import { freePort } from '../../support/freePort.ts';
import { type IdentityWorld, openIdentityWorld } from '../../support/identityWorld.ts';
import { type LdapDirectory, noDirectoryReason, searcher, startLdapDirectory } from '../../support/ldapDirectory.ts';
import { authenticatorContract } from '../authenticators.contract.ts';

test.each([
  ['*', '\\2a'],
  ['a)(uid=*)', 'a\\29\\28uid=\\2a\\29'],
  ['back\\slash\0', 'back\\5cslash\\00'],
])('%j in a filter is %s', (text, expected) => expect(escapeFilterValue(text)).toBe(expected));

test.each([
  ['ada,ou=admins', 'ada\\,ou\\=admins'],
  [' #a+b"<>; ', '\\ #a\\+b\\"\\<\\>\\;\\ '],
  ['#x', '\\#x'],
])('%j in a DN is %s', (text, expected) => expect(escapeDnValue(text)).toBe(expected));

test('what is filled into a template is no template', () => {
  expect(fillTemplate('({login_attr}={login})', { login_attr: 'uid', login: '{login_attr}' })).toBe(
    '(uid={login_attr})',
  );
});

if (noDirectoryReason !== undefined)
  process.stdout.write(`skipped: signing in at a directory, because ${noDirectoryReason}\n`);

describe.skipIf(noDirectoryReason !== undefined)('an LDAP directory', () => {
  let directory: LdapDirectory;
  beforeAll(async () => {
    directory = await startLdapDirectory();
  });
  afterAll(() => directory.close());

  const opened: IdentityWorld[] = [];
  afterEach(async () => {
    for (const world of opened.splice(0)) await world.close();
  });

  type Traits = AuthenticationSettings['classes']['ldap'] & object;
  const staff = 'cn=staff,ou=groups,dc=example,dc=org';
  const boss = 'cn=boss,ou=groups,dc=example,dc=org';
  const byTemplate = (): Traits => ({
    server_address: '127.0.0.1',
    server_port: directory.port,
    tls_strategy: 'before_bind',
    tls_kwargs: { ca_certs_file: directory.certificate },
    bind_dn_template: ['uid={username},ou=people,dc=example,dc=org'],
  });
  const byLookUp = (): Traits => ({
    ...byTemplate(),
    bind_dn_template: [],
    lookup_dn: true,
    lookup_dn_search_user: searcher.dn,
    lookup_dn_search_password: searcher.password,
    user_search_base: 'ou=people,dc=example,dc=org',
    user_attribute: 'uid',
  });

  async function open(ldap: Traits, settings: Partial<AuthenticationSettings> = {}): Promise<IdentityWorld> {
    const world = await openIdentityWorld({
      authentication: { authenticator: 'ldap', allowAll: true, classes: { ldap }, ...settings },
    });
    opened.push(world);
    return world;
  }
  const client: Client = { address: '10.0.0.1', scheme: 'http', host: 'hub.test', userAgent: '' };
  const enter = (world: IdentityWorld, username: string, password: string) =>
    world.identity.signIn.withForm({ username, password }, client);

  const right = { username: 'ada', fields: { username: 'ada', password: 'ada-secret' } };
  const wrong = [
    { what: 'another password', username: 'ada', fields: { username: 'ada', password: 'grace-secret' } },
    { what: 'nobody of that name', username: 'nobody', fields: { username: 'nobody', password: 'ada-secret' } },
    { what: 'no password, which a directory takes for one of nobody', username: 'ada', fields: { username: 'ada' } },
    { what: 'a password of spaces', username: 'ada', fields: { username: 'ada', password: '  ' } },
  ];
  for (const traits of [byTemplate, byLookUp])
    authenticatorContract('ldap', {
      open: async () => {
        const world = await openIdentityWorld({
          authentication: { authenticator: 'ldap', classes: { ldap: traits() } },
        });
        const [method] = world.identity.methods;
        if (!method) throw new Error('there is no way to sign in');
        return { authenticator: method.authenticator, close: () => world.close() };
      },
      right,
      wrong,
    });

  test.each<[string, () => Traits]>([
    ['StartTLS', byTemplate],
    [
      'TLS from the first byte',
      () => ({ ...byTemplate(), tls_strategy: 'on_connect', server_port: directory.tlsPort }),
    ],
    ['ldaps:// in the address', () => ({ ...byTemplate(), server_address: `ldaps://127.0.0.1:${directory.tlsPort}` })],
    ['no protection, where that is wanted', () => ({ ...byTemplate(), tls_strategy: 'insecure' })],
  ])('%s', async (_what, traits) => {
    expect(await enter(await open(traits()), 'ada', 'ada-secret')).toMatchObject({ name: 'ada' });
  });

  test.each<[string, () => Traits]>([
    [
      'a certificate that is not trusted',
      () => ({ ...byTemplate(), tls_kwargs: { ca_certs_file: directory.otherCertificate } }),
    ],
    ['one of nobody known', () => ({ ...byTemplate(), tls_kwargs: {} })],
    [
      'one over ldaps',
      () => ({ ...byTemplate(), tls_kwargs: {}, tls_strategy: 'on_connect', server_port: directory.tlsPort }),
    ],
  ])('a directory with %s gets no password', async (_what, traits) => {
    expect(await codeOf(enter(await open(traits()), 'ada', 'ada-secret'))).toBe('ATOLL_PROVIDER_FAILED');
  });

  test('a directory that is away is told as that, not as a wrong password', async () => {
    const world = await open({ ...byTemplate(), server_port: await freePort() });
    await expect(enter(world, 'ada', 'ada-secret')).rejects.toMatchObject({
      code: 'ATOLL_PROVIDER_FAILED',
      status: 502,
    });
  });

  test.each<[string, () => Traits]>([
    ['a template', byTemplate],
    ['a look-up', byLookUp],
  ])('by %s, a name cannot be a pattern, a filter or another DN', async (_what, traits) => {
    const world = await open({ ...traits(), valid_username_regex: '.' });
    for (const name of [
      '*',
      'a*',
      'ada)(uid=*',
      '*)(uid=*))(|(uid=*',
      'ada,ou=people',
      'ada+cn=Ada Lovelace',
      'ada\\',
      '(ada)',
    ])
      expect(await codeOf(enter(world, name, 'ada-secret'))).toBe('ATOLL_SIGN_IN_FAILED');
    expect(await enter(world, 'o, connor', 'connor-secret')).toMatchObject({ name: 'o, connor' });
  });

  test('names that do not fit valid_username_regex never reach the directory', async () => {
    const world = await open({ ...byTemplate(), server_port: await freePort() });
    expect(await codeOf(enter(world, 'Ada', 'ada-secret'))).toBe('ATOLL_SIGN_IN_FAILED');
  });

  test.each<[string, string, Traits, Partial<AuthenticationSettings>, string]>([
    ['a member', 'ada', { allowed_groups: [staff] }, {}, 'user'],
    ['nobody of it', 'grace', { allowed_groups: [staff] }, {}, 'ATOLL_NOT_ALLOWED'],
    [
      'a group that does not exist',
      'ada',
      { allowed_groups: ['cn=x,ou=groups,dc=example,dc=org'] },
      {},
      'ATOLL_NOT_ALLOWED',
    ],
    ['no rule', 'ada', {}, {}, 'ATOLL_NOT_ALLOWED'],
    ['allowed_users', 'ada', {}, { allowedUsers: ['ada'] }, 'user'],
    ['an administrator by a group', 'grace', { admin_groups: [boss] }, {}, 'admin'],
    ['who is none', 'ada', { admin_groups: [boss], allowed_groups: [staff] }, {}, 'user'],
    [
      'a search filter that fits',
      'ada',
      {
        search_filter: '(&({userattr}={username})(mail=*@example.org))',
        user_attribute: 'uid',
        user_search_base: 'dc=example,dc=org',
      },
      { allowAll: true },
      'user',
    ],
    [
      'one that does not',
      'ada',
      {
        search_filter: '(&({userattr}={username})(mail=*@x.org))',
        user_attribute: 'uid',
        user_search_base: 'dc=example,dc=org',
      },
      { allowAll: true },
      'ATOLL_SIGN_IN_FAILED',
    ],
  ])('%s', async (_what, name, traits, settings, expected) => {
    const world = await open({ ...byTemplate(), ...traits }, { allowAll: false, ...settings });
    const attempt = enter(world, name, `${name}-secret`);
    const code = await codeOf(attempt);
    expect(code === 'ok' ? ((await attempt).admin ? 'admin' : 'user') : code).toBe(expected);
  });

  test('groups and attributes come along', async () => {
    const world = await open(
      { ...byTemplate(), allowed_groups: [staff], auth_state_attributes: ['mail', 'cn'] },
      { manageGroups: true, enableAuthState: true },
    );
    const user = await enter(world, 'ada', 'ada-secret');
    expect((await world.identity.groups.ofUsers(['ada'])).get('ada')).toEqual(['staff']);
    expect(await world.identity.authStateOf(user)).toEqual({
      login: 'ada',
      ldap_groups: [staff],
      user_attributes: { mail: ['ada@example.org'], cn: ['Ada Lovelace'] },
    });
  });

  test('who leaves the group, or the directory, loses access without signing in again', async () => {
    const world = await open({ ...byLookUp(), allowed_groups: [staff] }, { allowAll: false });
    await directory.asAdministrator(async (administrator) => {
      await administrator.add('uid=temp,ou=people,dc=example,dc=org', {
        objectClass: 'inetOrgPerson',
        uid: 'temp',
        cn: 'Temp',
        sn: 'Temp',
        userPassword: 'temp-secret',
      });
      const member = new Attribute({ type: 'member', values: ['uid=temp,ou=people,dc=example,dc=org'] });
      await administrator.modify(staff, new Change({ operation: 'add', modification: member }));
      await enter(world, 'temp', 'temp-secret');
      const token = await world.token('temp');
      world.clock.advance(301);
      expect((await world.identity.fromToken(token))?.name).toBe('temp');
      await administrator.modify(staff, new Change({ operation: 'delete', modification: member }));
      world.clock.advance(301);
      expect(await world.identity.fromToken(token)).toBeUndefined();
      await administrator.del('uid=temp,ou=people,dc=example,dc=org');
    });
    expect(await codeOf(enter(world, 'temp', 'temp-secret'))).toBe('ATOLL_SIGN_IN_FAILED');
  });

  test('neither the password nor that of the searcher is in the log', async () => {
    const world = await open({ ...byLookUp(), lookup_dn_search_password: 'not-the-right-one' });
    expect(await codeOf(enter(world, 'ada', 'ada-secret'))).toBe('ATOLL_PROVIDER_FAILED');
    expect(world.logged.join('')).not.toMatch(/ada-secret|not-the-right-one/);
  });
});
