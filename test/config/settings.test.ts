import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { loadSettings } from '../../src/config/loadSettings.ts';
import { defaultSettings, type Settings } from '../../src/config/settings.ts';
import { load, settingsFrom, short } from './settingsFrom.ts';

const GiB = 2 ** 30;

/** A values file for some traits of JupyterHub's classes. */
const traits = (text: string): string => `jupyterhub: {hub: {config: {${text}}}}`;
const authenticator = (name: string, more = ''): string =>
  traits(`JupyterHub: {authenticator_class: ${name}}, Authenticator: {allow_all: true}${more && `, ${more}`}`);

test('no files: the defaults', async () => {
  expect(await loadSettings([])).toMatchObject({ settings: defaultSettings(), problems: [] });
});

test('without files, neither the YAML parser nor the table of keys is loaded', async () => {
  const program = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    const { loadSettings } = await import(process.argv[1]);
    await loadSettings([]);
    const without = loaded.length;
    await loadSettings([{ name: 'a.yaml', text: 'atoll: {}' }]);
    console.log(JSON.stringify({ without: loaded.slice(0, without), all: loaded }));`;
  const file = resolve(import.meta.dirname, '../../src/config/loadSettings.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program, file]);
  const { without, all } = JSON.parse(stdout) as Record<'without' | 'all', string[]>;
  const heavy = /node_modules|\/keys\//;
  expect(all.filter((url) => heavy.test(url)).length).toBeGreaterThan(10);
  expect(without.filter((url) => heavy.test(url))).toEqual([]);
  expect(without.length).toBeGreaterThan(0);
});

test('an empty file says nothing', async () => expect(await settingsFrom('', '# nothing')).toEqual(defaultSettings()));

describe('servers', () => {
  test.each<[string, Partial<Settings['servers']>]>([
    ['singleuser: {memory: {limit: 2G, guarantee: " 1G"}}', { memoryLimit: 2 * GiB, memoryGuarantee: GiB }],
    ['singleuser: {memory: {limit: 2147483648}}', { memoryLimit: 2 * GiB }],
    ['singleuser: {cpu: {limit: 2, guarantee: 0.5}}', { coreLimit: 2, coreGuarantee: 0.5 }],
    ['singleuser: {cpu: {limit: 1500m}}', { coreLimit: 1.5 }],
    ['singleuser: {defaultUrl: /lab}', { defaultUrl: '/lab' }],
    ['singleuser: {cmd: /start.sh}', { command: ['/start.sh'] }],
    ['singleuser: {cmd: [jupyterhub-singleuser, --debug]}', { command: ['jupyterhub-singleuser', '--debug'] }],
    ['singleuser: {startTimeout: 900}', { startTimeoutSeconds: 900 }],
    [
      'singleuser: {extraEnv: {A: x, B: 1.10, C: true, D: 0644, E: ""}}',
      { environment: { A: 'x', B: '1.10', C: 'true', D: '0644', E: '' } },
    ],
    ['singleuser: {extraEnv: {A: {value: 5}}}', { environment: { A: '5' } }],
    ['singleuser: {extraEnv: [{name: A, value: x}, {name: B}]}', { environment: { A: 'x', B: '' } }],
    ['hub: {allowNamedServers: true, namedServerLimitPerUser: 3}', { allowNamedServers: true, namedServerLimit: 3 }],
    ['hub: {concurrentSpawnLimit: 5, activeServerLimit: 9}', { concurrentStartLimit: 5, activeServerLimit: 9 }],
    ['hub: {redirectToServer: false}', { redirectToServer: false }],
    ['hub: {config: {JupyterHub: {allow_named_servers: true}}}', { allowNamedServers: true }],
    [
      'hub: {config: {Spawner: {args: [--debug], start_timeout: 10}}}',
      { extraArguments: ['--debug'], startTimeoutSeconds: 10 },
    ],
    [
      'hub: {config: {Spawner: {server_token_scopes: [self], oauth_client_allowed_scopes: [shares!user]}}}',
      { tokenScopes: ['self'], oauthClientAllowedScopes: ['shares!user'] },
    ],
    [
      'hub: {config: {KubeSpawner: {mem_limit: 1G, cpu_limit: 0.5, default_url: /tree}}}',
      { memoryLimit: GiB, coreLimit: 0.5, defaultUrl: '/tree' },
    ],
  ])('%s', async (text, expected) => {
    expect((await settingsFrom(text)).servers).toEqual({ ...defaultSettings().servers, ...expected });
  });

  test('zero takes a limit away; the plain command is the default one', async () => {
    const settings = await settingsFrom(
      'singleuser: {memory: {limit: 1G}, cmd: x}',
      'singleuser: {memory: {limit: 0}, cmd: jupyterhub-singleuser}',
    );
    expect(settings.servers).toEqual(defaultSettings().servers);
  });

  test('traits of KubeSpawner win over those of Spawner, and these over singleuser', async () => {
    const settings = await settingsFrom(
      'hub: {config: {KubeSpawner: {mem_limit: 3G}, Spawner: {mem_limit: 2G, default_url: /b, environment: {B: b}}}}',
      'singleuser: {memory: {limit: 1G}, defaultUrl: /a, extraEnv: {A: a}}',
    );
    expect(settings.servers).toMatchObject({ memoryLimit: 3 * GiB, defaultUrl: '/b', environment: { B: 'b' } });
  });

  test('a variable that only Kubernetes could fill is not set, and told', async () => {
    const { settings, problems } = await load(
      'singleuser: {extraEnv: {A: x, B: {valueFrom: {secretKeyRef: {name: s, key: k}}}}}',
    );
    expect(settings.servers.environment).toEqual({ A: 'x' });
    expect(problems.map(short)).toEqual([
      '1.yaml:1:34 ATOLL_SETTINGS_NOT_SUPPORTED jupyterhub.singleuser.extraEnv.B: The variable B is not set: valueFrom needs Kubernetes. Write {fromEnv: NAME} or {fromFile: path}.',
    ]);
  });
});

describe('sign-in', () => {
  test.each<[string, Settings['authentication']['authenticator']]>([
    ['native', 'native'],
    ['nativeauthenticator.NativeAuthenticator', 'native'],
    ['link', 'link'],
    ['none', 'link'],
    ['"null"', 'null'],
    ['jupyterhub.auth.NullAuthenticator', 'null'],
    ['github', 'github'],
    ['github-oauth', 'github'],
    ['generic-oauth', 'generic'],
    ['oauthenticator.google.GoogleOAuthenticator', 'google'],
    ['oauthenticator.github.LocalGitHubOAuthenticator', 'github'],
    ['cilogon', 'cilogon'],
    ['azuread', 'azuread'],
    ['oauthenticator.mediawiki.MWOAuthenticator', 'mediawiki'],
    ['pam', 'pam'],
    ['jupyterhub.auth.PAMAuthenticator', 'pam'],
    ['default', 'pam'],
    ['ldapauthenticator.LDAPAuthenticator', 'ldap'],
    ['ltiauthenticator.lti13.auth.LTI13Authenticator', 'lti13'],
    ['tmp', 'tmp'],
    ['jhub_remote_user_authenticator.remote_user_auth.RemoteUserAuthenticator', 'remoteuser'],
  ])('authenticator_class: %s', async (name, expected) => {
    const { authentication } = await settingsFrom(authenticator(name));
    expect(authentication).toMatchObject({ authenticator: expected, configured: true, allowAll: true });
  });

  test.each([
    'dummy',
    'DummyAuthenticator',
    'jupyterhub.auth.DummyAuthenticator',
    'dummyauthenticator.DummyAuthenticator',
  ])('authenticator_class: %s', async (name) => {
    const { authentication } = await settingsFrom(authenticator(name, 'DummyAuthenticator: {password: hello}'));
    expect(authentication).toMatchObject({
      authenticator: 'dummy',
      configured: true,
      classes: { dummy: { password: 'hello' } },
    });
  });

  test.each(['shared-password', 'sharedpassword', 'jupyterhub.authenticators.shared.SharedPasswordAuthenticator'])(
    'authenticator_class: %s',
    async (name) => {
      const own = `SharedPasswordAuthenticator: {user_password: password, admin_password: ${'x'.repeat(32)}}`;
      const { authentication } = await settingsFrom(authenticator(name, own));
      expect(authentication).toMatchObject({
        authenticator: 'sharedpassword',
        configured: true,
        classes: { sharedpassword: { user_password: 'password', admin_password: 'x'.repeat(32) } },
      });
    },
  );

  test.each([
    ['firstuseauthenticator.FirstUseAuthenticator', 'first-use'],
    ['lti11', 'LTI'],
    ['mine.MyAuthenticator', 'MyAuthenticator'],
    // A class of this name from elsewhere may do anything.
    ['mine.DummyAuthenticator', 'DummyAuthenticator'],
  ])('authenticator_class: %s is told, and lets nobody in', async (name, title) => {
    const { settings, problems } = await load(authenticator(name));
    expect(problems.map(({ code, severity, message }) => [code, severity, message.split(' ')[0]])).toEqual([
      ['ATOLL_SETTINGS_AUTHENTICATOR', 'warning', title.split(' ')[0]],
    ]);
    expect(settings.authentication).toMatchObject({ authenticator: 'link', configured: false });
  });

  test('null without quotes is told', async () => {
    const { settings, problems } = await load(authenticator('null'));
    expect(problems.map(({ code, line, column }) => [code, line, column])).toEqual([
      ['ATOLL_SETTINGS_NO_EFFECT', 1, 63],
    ]);
    expect(settings.authentication.configured).toBe(false);
  });

  test('who may sign in', async () => {
    const { authentication } = await settingsFrom(
      traits(
        'JupyterHub: {authenticator_class: native}, Authenticator: {admin_users: [ada], allowed_users: [bob], blocked_users: [eve],' +
          ' username_pattern: "[a-z]+", username_map: {Ada: ada}}, NativeAuthenticator: {open_signup: true, minimum_password_length: 12}',
      ),
    );
    expect(authentication).toEqual({
      authenticator: 'native',
      configured: true,
      adminUsers: ['ada'],
      allowedUsers: ['bob'],
      blockedUsers: ['eve'],
      allowAll: false,
      allowExistingUsers: true,
      usernamePattern: '[a-z]+',
      usernameMap: { Ada: 'ada' },
      manageGroups: false,
      authRefreshAgeSeconds: 300,
      authRefreshStrict: false,
      deleteInvalidUsers: false,
      cryptKeys: [],
      classes: { native: { open_signup: true, minimum_password_length: 12 } },
      members: [],
    });
  });

  test('allow_existing_users follows allowed_users unless it is written', async () => {
    const existing = async (text: string): Promise<boolean> =>
      (await settingsFrom(traits(`Authenticator: {${text}}`))).authentication.allowExistingUsers;
    expect(await existing('allowed_users: [a]')).toBe(true);
    expect(await existing('allowed_users: []')).toBe(false);
    expect(await existing('allow_existing_users: false, allowed_users: [a]')).toBe(false);
    expect(await existing('allow_existing_users: true')).toBe(true);
    const github = 'allowed_users: [a]}, JupyterHub: {authenticator_class: github}, X: {y: z';
    const { settings } = await load(traits(`Authenticator: {${github}}`));
    expect(settings.authentication).toMatchObject({ allowedUsers: ['a'], allowExistingUsers: false });
    expect(await existing('allow_existing_users: false, whitelist: [a]')).toBe(false);
    expect(
      await existing(
        'allow_existing_users: false}, JupyterHub: {authenticator_class: native}, NativeAuthenticator: {allowed_users: [a]',
      ),
    ).toBe(false);
  });

  test('old spellings keep people out and let them in as before', async () => {
    const { authentication } = await settingsFrom(traits('Authenticator: {whitelist: [a], blacklist: [b]}'));
    expect(authentication).toMatchObject({ allowedUsers: ['a'], blockedUsers: ['b'], allowExistingUsers: true });
  });

  test.each<[string, object]>([
    [
      'type: github, github: {clientId: a, clientSecret: b, callbackUrl: "https://x.example/hub/oauth_callback", orgWhitelist: [o]}, scopes: [read:org], admin: {users: [ada]}, whitelist: {users: [bob]}',
      {
        authenticator: 'github',
        adminUsers: ['ada'],
        allowedUsers: ['bob'],
        classes: {
          github: {
            client_id: 'a',
            client_secret: 'b',
            oauth_callback_url: 'https://x.example/hub/oauth_callback',
            allowed_organizations: ['o'],
            scope: ['read:org'],
          },
        },
      },
    ],
    [
      'type: dummy, dummy: {password: p}, whitelist: {users: [bob]}',
      { authenticator: 'dummy', classes: { dummy: { password: 'p' } } },
    ],
    [
      'type: ldap, ldap: {server: {address: ldap.example.org}, dn: {templates: ["uid={username},dc=x"], user: {attribute: uid}}, allowedGroups: ["cn=g"]}',
      {
        authenticator: 'ldap',
        classes: {
          ldap: {
            server_address: 'ldap.example.org',
            bind_dn_template: ['uid={username},dc=x'],
            user_attribute: 'uid',
            allowed_groups: ['cn=g'],
          },
        },
      },
    ],
    [
      'type: custom, custom: {className: oauthenticator.generic.GenericOAuthenticator, config: {client_id: a, username_key: sub}}, whitelist: {users: [bob]}, state: {enabled: true, cryptoKey: "' +
        `${'0f'.repeat(32)}"}`,
      {
        authenticator: 'generic',
        enableAuthState: true,
        cryptKeys: ['0f'.repeat(32)],
        classes: { generic: { client_id: 'a', username_claim: 'sub' } },
      },
    ],
  ])('auth of old charts: %s', async (text, expected) => {
    expect((await settingsFrom(`jupyterhub: {auth: {${text}}}`)).authentication).toMatchObject(expected);
  });

  test('hub.config wins over auth of old charts', async () => {
    const { settings } = await load(
      'jupyterhub: {auth: {type: dummy, dummy: {password: a}, whitelist: {users: [bob]}}, hub: {config: {DummyAuthenticator: {password: b}}}}',
    );
    expect(settings.authentication).toMatchObject({ allowedUsers: ['bob'], classes: { dummy: { password: 'b' } } });
  });

  test('allowed_groups and the like need manage_groups', async () => {
    const { problems } = await load(
      traits(
        'JupyterHub: {authenticator_class: generic-oauth}, GenericOAuthenticator: {client_id: a, allow_all: true, allowed_groups: [x]}',
      ),
    );
    expect(problems.map(({ code }) => code)).toEqual(['ATOLL_SETTINGS_NO_EFFECT']);
  });

  test('traits of OAuthenticator hold for each of them, those of the class win, old spellings lose', async () => {
    const { authentication } = await settingsFrom(
      traits(
        'JupyterHub: {authenticator_class: github}, OAuthenticator: {scope: [a], client_id: general, allow_all: true},' +
          ' GitHubOAuthenticator: {client_id: own, github_client_id: old, allowed_organizations: org, enable_auth_state: true, manage_groups: true}',
      ),
    );
    expect(authentication).toMatchObject({
      allowAll: true,
      enableAuthState: true,
      manageGroups: true,
      classes: { github: { scope: ['a'], client_id: 'own', allowed_organizations: ['org'] } },
    });
  });

  test('CryptKeeper.keys', async () => {
    const key = 'ab'.repeat(32);
    expect((await settingsFrom(traits(`CryptKeeper: {keys: [${key}]}`))).authentication.cryptKeys).toEqual([key]);
    const { problems } = await load(traits('CryptKeeper: {keys: [short-one]}'));
    expect(problems.map(({ code, severity }) => [code, severity])).toEqual([['ATOLL_SETTINGS_VALUE', 'error']]);
    expect(JSON.stringify(problems)).not.toContain('short-one');
  });

  test("a trait of the class in use wins over Authenticator's; one of another class is told", async () => {
    const { settings, problems } = await load(
      traits(
        'JupyterHub: {authenticator_class: native}, NativeAuthenticator: {admin_users: [nat]}, Authenticator: {admin_users: [ada]},' +
          ' DummyAuthenticator: {admin_users: [dum]}',
      ),
    );
    expect(settings.authentication.adminUsers).toEqual(['nat']);
    expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual([
      'ATOLL_SETTINGS_NO_EFFECT jupyterhub.hub.config.DummyAuthenticator.admin_users',
    ]);
  });

  test.each([
    ['Authenticator: {admin_users: [ada]}, JupyterHub: {authenticator_class: dummy}', 'WEAK_SECRET'],
    ['DummyAuthenticator: {password: x}, JupyterHub: {authenticator_class: dummy}', 'NOBODY_MAY_SIGN_IN'],
  ])('%s is accepted with a warning', async (text, code) => {
    const { problems } = await load(traits(text));
    expect(problems.map((problem) => [problem.code, problem.severity])).toEqual([
      [`ATOLL_SETTINGS_${code}`, 'warning'],
    ]);
  });

  test('administrators and people may not share their password', async () => {
    const own = `SharedPasswordAuthenticator: {user_password: ${'x'.repeat(32)}, admin_password: ${'x'.repeat(32)}}`;
    const { problems } = await load(authenticator('shared-password', own));
    expect(problems.map(({ code, severity }) => [code, severity])).toEqual([['ATOLL_SETTINGS_CONFLICT', 'error']]);
  });
});

describe('roles, groups and services', () => {
  const role = {
    name: 'teacher',
    description: 'Teaches.',
    scopes: ['self'],
    users: ['ada'],
    groups: ['g'],
    services: ['s'],
  };
  const written = '{description: Teaches., scopes: [self], users: [ada], groups: [g], services: [s]}';
  test.each([
    `hub: {loadRoles: {teacher: ${written}}}`,
    `hub: {loadRoles: {any-key: ${written.replace('{', '{name: teacher, ')}}}`,
    `hub: {loadRoles: [${written.replace('{', '{name: teacher, ')}]}`,
    `hub: {config: {JupyterHub: {load_roles: [${written.replace('{', '{name: teacher, ')}]}}}`,
  ])('%s', async (text) => expect((await settingsFrom(text)).roles).toEqual([role]));

  test('scopes of one’s own, more scopes for everybody, and how long tokens last', async () => {
    const settings = await settingsFrom(
      'hub: {config: {JupyterHub: {custom_scopes: {"custom:grader:read": {description: Read}, "custom:grader:all": ' +
        '{description: All, subscopes: ["custom:grader:read"]}}, extra_user_scopes: ["custom:grader:read!user"], ' +
        'token_expires_in_max_seconds: 60, oauth_token_expires_in: 30, oauth_require_pkce: true}}}',
    );
    expect(settings.customScopes).toEqual({
      'custom:grader:read': { description: 'Read', scopes: [] },
      'custom:grader:all': { description: 'All', scopes: ['custom:grader:read'] },
    });
    expect(settings.extraUserScopes).toEqual(['custom:grader:read!user']);
    expect(settings.tokens).toEqual({ longestSeconds: 60, oauthSeconds: 30, requirePkce: true });
  });

  test('layers of roles merge by name', async () => {
    const { roles } = await settingsFrom(
      'hub: {loadRoles: {one: {}, two: {users: [a]}}}',
      'hub: {loadRoles: {two: {scopes: [self]}}}',
    );
    expect(roles.map(({ name, scopes, users }) => ({ name, scopes, users }))).toEqual([
      { name: 'one', scopes: [], users: [] },
      { name: 'two', scopes: ['self'], users: ['a'] },
    ]);
  });

  test.each([
    'hub: {loadGroups: {a: [x], b: {users: [bob], properties: {p: 1}}, c: {}}}',
    'hub: {config: {JupyterHub: {load_groups: {a: [x], b: {users: [bob], properties: {p: 1}}, c: {}}}}}',
  ])('%s', async (text) => {
    expect(structuredClone((await settingsFrom(text)).groups)).toEqual({
      a: { users: ['x'], properties: {} },
      b: { users: ['bob'], properties: { p: 1 } },
      c: { users: [], properties: {} },
    });
  });

  test.each([
    '{s: {apiToken: 0123456789abcdef, ',
    '{s: {api_token: 0123456789abcdef, ',
    '[{name: s, apiToken: 0123456789abcdef, ',
  ])('a service as %s…', async (begin) => {
    const rest =
      'admin: true, url: "http://127.0.0.1:9", display: false, oauth_no_confirm: true, oauth_client_id: service-s,' +
      ' oauth_redirect_uri: /x, oauth_client_allowed_scopes: [self], info: {a: 1}}';
    const { services } = await settingsFrom(`hub: {services: ${begin}${rest}${begin.startsWith('[') ? ']' : '}'}}`);
    expect(structuredClone(services)).toEqual({
      s: {
        name: 's',
        apiToken: '0123456789abcdef',
        admin: true,
        url: 'http://127.0.0.1:9',
        display: false,
        oauthNoConfirm: true,
        oauthClientId: 'service-s',
        oauthRedirectUri: '/x',
        oauthClientAllowedScopes: ['self'],
        info: { a: 1 },
      },
    });
  });

  test('a service with nothing but a name', async () => {
    expect((await settingsFrom('hub: {services: {s: {}}}')).services).toEqual({
      s: { name: 's', admin: false, display: true, oauthNoConfirm: false, oauthClientAllowedScopes: [], info: {} },
    });
  });

  test('a service that the hub runs', async () => {
    const { settings, problems } = await load(
      'hub: {services: {s: {command: [python, x.py], cwd: /srv, user: ada, environment: {A: b}}, t: {command: x}}}',
    );
    expect(problems).toEqual([]);
    expect(settings?.services.s?.managed).toEqual({
      command: ['python', 'x.py'],
      cwd: '/srv',
      user: 'ada',
      environment: { A: 'b' },
    });
    expect(settings?.services.t?.managed).toEqual({ command: ['x'], environment: {} });
  });

  test.each([
    ['{cwd: /srv}', 'NO_EFFECT jupyterhub.hub.services.s.cwd'],
    ['{environment: {A: b}}', 'NO_EFFECT jupyterhub.hub.services.s.environment'],
    ['{url: "https://a.example"}', 'NOT_SUPPORTED jupyterhub.hub.services.s.url'],
  ])('a service as %s is told about', async (service, problem) => {
    const { settings, problems } = await load(`hub: {services: {s: ${service}}}`);
    expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual([`ATOLL_SETTINGS_${problem}`]);
    expect(settings?.services.s).not.toHaveProperty('managed');
    expect(settings?.services.s).not.toHaveProperty('url');
  });
});

describe('clusters', () => {
  const clusters = defaultSettings().clusters;
  test.each<[string, Partial<Settings['clusters']>]>([
    [
      'worker: {memory: {request: 4G}, cores: {request: 2}, threads: 4}',
      { worker: { memory: 4 * GiB, cores: 2, threads: 4 } },
    ],
    [
      'worker: {memory: {limit: 4G, request: 1G}, cores: {limit: "2", request: 500m}}',
      { worker: { memory: GiB, memoryLimit: 4 * GiB, cores: 0.5, coreLimit: 2 } },
    ],
    // As in Kubernetes, what may be used at most is set aside when nothing else is said.
    [
      'worker: {memory: {limit: 4G}, cores: {limit: 2}}',
      { worker: { memory: 4 * GiB, memoryLimit: 4 * GiB, cores: 2, coreLimit: 2 } },
    ],
    [
      'scheduler: {memory: {request: 128M, limit: 1G}, cores: {request: 0.01, limit: 1}}',
      { scheduler: { memory: 128 * 2 ** 20, memoryLimit: GiB, cores: 0.01, coreLimit: 1 } },
    ],
    ['environment: {A: x}', { environment: { A: 'x' } }],
  ])('dask-gateway.gateway.backend: %s', async (text, expected) => {
    const settings = await settingsFrom(`dask-gateway: {gateway: {backend: {${text}}}}`);
    expect(structuredClone(settings.clusters)).toEqual({ ...clusters, ...expected });
  });

  test('atoll.clusters', async () => {
    const settings = await settingsFrom(
      'atoll: {clusters: {maxWorkers: 10, maxCores: 20, maxMemory: 64G, idleTimeout: 1800, adaptivePeriod: 0.5, startTimeout: 20}}',
    );
    expect(settings.clusters).toEqual({
      ...clusters,
      maxWorkers: 10,
      maxCores: 20,
      maxMemory: 64 * GiB,
      idleTimeoutSeconds: 1800,
      adaptivePeriodSeconds: 0.5,
      startTimeoutSeconds: 20,
    });
  });

  test('who may use clusters is left to roles where the name of their service is given', async () => {
    const named = (name: string): string => `gateway: {auth: {jupyterhub: {jupyterhubServiceName: ${name}}}}`;
    expect((await settingsFrom(named('dask-gateway'))).clusters.accessByRole).toBe(true);
    expect((await settingsFrom(named('null'))).clusters.accessByRole).toBeUndefined();
    const { problems } = await load(named('other'));
    expect(problems).toMatchObject([
      { severity: 'error', message: expect.stringContaining('"dask-gateway"') as string },
    ]);
  });

  test('what equals the way Atoll works needs no warning', async () => {
    const settings = await settingsFrom(
      'dask-gateway: {enabled: true, gateway: {prefix: /services/dask-gateway, auth: {type: jupyterhub}}}\n' +
        'jupyterhub: {cull: {enabled: false}, proxy: {https: {enabled: false}}, hub: {baseUrl: /, config: {JupyterHub: {admin_access: true}}}, singleuser: {profileList: []}}',
    );
    expect(settings).toEqual(defaultSettings());
  });
});

test.each([
  ['singleuser: {memory: {limit: 1G, guarantee: 2G}}', 'jupyterhub.singleuser.memory.guarantee', '2 GiB', '1 GiB'],
  ['singleuser: {cpu: {limit: 1, guarantee: 2}}', 'jupyterhub.singleuser.cpu.guarantee', '2 cores', '1 core'],
  [
    'gateway: {backend: {worker: {memory: {limit: 1G, request: 2G}}}}',
    'dask-gateway.gateway.backend.worker.memory.request',
    '2 GiB',
    '1 GiB',
  ],
])('%s contradicts itself', async (text, path, more, less) => {
  const { problems } = await load(text);
  expect(problems).toMatchObject([{ code: 'ATOLL_SETTINGS_CONFLICT', severity: 'error', path }]);
  expect(problems[0]?.message).toContain(more);
  expect(problems[0]?.message).toContain(less);
});

test('a cluster that could never start is refused', async () => {
  const { problems } = await load('atoll: {clusters: {maxMemory: 1G, maxCores: 0.5}}');
  expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual([
    'ATOLL_SETTINGS_CONFLICT atoll.clusters.maxMemory',
    'ATOLL_SETTINGS_CONFLICT atoll.clusters.maxCores',
  ]);
});

test('a default for an option of clusters that nobody makes is told', async () => {
  const variable = `
jupyterhub:
  singleuser:
    extraEnv: { DASK_GATEWAY__CLUSTER__OPTIONS__IMAGE: 'a:b' }
`;
  const { problems } = await load(variable);
  expect(problems.map(short)).toEqual([
    '1.yaml:4:56 ATOLL_SETTINGS_NO_EFFECT jupyterhub.singleuser.extraEnv.DASK_GATEWAY__CLUSTER__OPTIONS__IMAGE: The variable DASK_GATEWAY__CLUSTER__OPTIONS__IMAGE is not set: clusters have no option "image".',
  ]);
  await settingsFrom(variable, 'atoll: { clusters: { options: { image: { type: string } } } }');
  await settingsFrom(variable, 'dask-gateway: { gateway: { extraConfig: "c.Backend.cluster_options = None" } }');
});
