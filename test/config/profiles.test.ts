import { describe, expect, test } from 'vitest';
import { overrideServers } from '../../src/config/overrideServers.ts';
import { load, settingsFrom, short } from './settingsFrom.ts';

const list = (profiles: string): string => `jupyterhub:\n  singleuser:\n    profileList:\n${profiles}`;

describe('singleuser.profileList', () => {
  test('is read as 2i2c writes it', async () => {
    const { profiles } = await settingsFrom(
      list(`
    - display_name: Small (2 GB), café
      description: <b>Most</b> people
      default: true
      allowed_groups: [research, 'org:team']
      kubespawner_override: { mem_limit: 2G, cpu_limit: null }
      profile_options:
        image:
          display_name: Environment
          unlisted_choice:
            enabled: true
            display_name: Custom image
            display_name_in_choices: Bring your own
            validation_regex: '^.+:.+$'
            validation_message: NAME:TAG
            allowed_groups: [power]
            kubespawner_override: { image: '{value}' }
          choices:
            01-python: { display_name: Python, slug: python, default: true, kubespawner_override: { image: 'a:1' } }
            02-r: { display_name: R, allowed_users: [ada], kubespawner_override: { default_url: /rstudio } }
        none: { display_name: Nothing, unlisted_choice: { enabled: false } }
`),
      'atoll: { runtime: { kind: kubernetes } }',
    );
    expect(profiles).toEqual([
      {
        slug: 'small-2-gb-cafe',
        displayName: 'Small (2 GB), café',
        description: '<b>Most</b> people',
        allowedGroups: ['research', 'org:team'],
        isDefault: true,
        override: { mem_limit: '2G', cpu_limit: null },
        options: [
          {
            name: 'image',
            displayName: 'Environment',
            choices: [
              { name: '01-python', slug: 'python', displayName: 'Python', isDefault: true, override: { image: 'a:1' } },
              {
                name: '02-r',
                displayName: 'R',
                allowedUsers: ['ada'],
                isDefault: false,
                override: { default_url: '/rstudio' },
              },
            ],
            unlisted: {
              displayName: 'Custom image',
              displayNameInChoices: 'Bring your own',
              pattern: '^.+:.+$',
              message: 'NAME:TAG',
              allowedGroups: ['power'],
              override: { image: '{value}' },
            },
          },
          { name: 'none', displayName: 'Nothing', choices: [] },
        ],
      },
    ]);
  });

  test('nothing in it is passed over in silence: slips of the pen, names that nobody reads, a second default, what has no effect here', async () => {
    const { problems } = await load(
      list(`
    - display_name: Small
      default: true
      kubespawner_override: { mem_limt: 2G, node_selector: { pool: a }, grant_of: me }
      profile_options:
        image: { display_nam: Image, choices: { a: { display_name: A, descripton: b } } }
    - { slug: other, default: true }
`),
    );
    expect(problems.map(short)).toEqual([
      expect.stringMatching(/:7:\d+ ATOLL_SETTINGS_UNKNOWN_KEY .*no "mem_limt" in kubespawner.*\[mem_limit\]$/),
      expect.stringMatching(/:9:\d+ ATOLL_SETTINGS_UNKNOWN_KEY .*no "display_nam" in an option.*\[display_name\]$/),
      expect.stringMatching(/:9:\d+ ATOLL_SETTINGS_UNKNOWN_KEY .*no "descripton" in a choice.*\[description\]$/),
      expect.stringMatching(/:7:\d+ ATOLL_SETTINGS_NO_EFFECT .*node_selector: This has no effect here, because/),
      expect.stringMatching(
        /:7:\d+ ATOLL_SETTINGS_NO_EFFECT .*Atoll does not read "grant_of" in kubespawner_override\.$/,
      ),
      expect.stringMatching(/:10:\d+ ATOLL_SETTINGS_VALUE .*The profile has no display_name/),
      expect.stringMatching(/:10:\d+ ATOLL_SETTINGS_CONFLICT .*Another profile before this one is the default/),
    ]);
  });

  test('may be a map from slug to profile, and may be empty', async () => {
    const { profiles } = await settingsFrom('singleuser: { profileList: { gpu: { display_name: GPU }, cpu: {} } }');
    expect(profiles.map(({ slug, displayName }) => [slug, displayName])).toEqual([
      ['gpu', 'GPU'],
      ['cpu', 'cpu'],
    ]);
    expect((await settingsFrom('singleuser: { profileList: [] }')).profiles).toEqual([]);
  });

  test('numbers in environments stay as they were written', async () => {
    const { profiles } = await settingsFrom(
      list('    - { display_name: A, kubespawner_override: { environment: { VERSION: 1.10, ON: true } } }'),
    );
    expect(profiles[0]?.override).toEqual({ environment: { VERSION: '1.10', ON: 'true' } });
  });

  test('mistakes are told with their place, all of them', async () => {
    const { problems } = await load(
      list(`
    - display_name: A
      defualt: true
      kubespawner_override: { mem_limit: lots, default: true }
    - display_name: A
      profile_options:
        image: { choices: { x: { kubespawner_override: { cpu_limit: [1] } } }, unlisted_choice: { enabled: true } }
`),
    );
    expect(problems.map(short)).toEqual([
      expect.stringMatching(/^1\.yaml:6:16 ATOLL_SETTINGS_UNKNOWN_KEY .*There is no "defualt" in .* \[default\]$/),
      expect.stringMatching(
        /^1\.yaml:7:42 ATOLL_SETTINGS_VALUE .*\[0\]\.kubespawner_override\.mem_limit cannot be read: "lots"/,
      ),
      expect.stringMatching(/^1\.yaml:8:7 ATOLL_SETTINGS_VALUE .*profileList\[1\]: Two profiles have the slug "a"/),
      expect.stringMatching(/^1\.yaml:10:\d+ ATOLL_SETTINGS_VALUE .*cpu_limit should be cores/),
      expect.stringMatching(/^1\.yaml:7:57 ATOLL_SETTINGS_NO_EFFECT .*"default" belongs one level higher/),
      expect.stringMatching(/^1\.yaml:10:\d+ ATOLL_SETTINGS_NO_EFFECT .*unlisted_choice: What people type in here/),
    ]);
  });
});

describe('traits over the settings', () => {
  const base = `
jupyterhub:
  singleuser:
    memory: { limit: 1G, guarantee: 512M }
    extraEnv: { KEPT: a, CHANGED: b, GONE: c }
    nodeSelector: { pool: user }
`;

  test('maps merge, null takes away, the rest is replaced', async () => {
    const { settings } = await load(base);
    const servers = overrideServers(settings, {
      mem_limit: '4G',
      mem_guarantee: null,
      cpu_limit: 2,
      environment: { CHANGED: 'x', GONE: null, NEW: 1 },
      node_selector: { gpu: 'yes' },
      args: ['--debug'],
      default_url: '/rstudio',
      image: 'r:2',
      extra_resource_limits: { 'nvidia.com/gpu': '1' },
      nobody_knows_this: true,
    });
    expect(servers).toMatchObject({ memoryLimit: 4 * 2 ** 30, coreLimit: 2, extraArguments: ['--debug'] });
    expect(servers).not.toHaveProperty('memoryGuarantee');
    expect(servers.environment).toEqual({ KEPT: 'a', CHANGED: 'x', NEW: '1' });
    expect(servers.pod).toMatchObject({
      image: 'r:2',
      nodeSelector: { pool: 'user', gpu: 'yes' },
      resourceLimits: { 'nvidia.com/gpu': '1' },
    });
    expect(servers.defaultUrl).toBe('/rstudio');
    // Snapshots do not change.
    expect(settings).toEqual((await load(base)).settings);
  });

  test('a value that cannot be used is refused by the name of its trait', async () => {
    const { settings } = await load(base);
    expect(() => overrideServers(settings, { mem_limit: 'plenty' })).toThrow('The value of mem_limit cannot be used.');
  });
});
