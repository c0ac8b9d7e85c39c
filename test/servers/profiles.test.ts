import { afterEach, expect, test } from 'vitest';
import { LiveSettings } from '../../src/config/live.ts';
import type { ProfileSettings } from '../../src/config/profileSettings.ts';
import { defaultSettings } from '../../src/config/settings.ts';
import { allowedProfiles } from '../../src/servers/profiles/allowedProfiles.ts';
import type { Person } from '../../src/servers/profiles/profileSource.ts';
import { createServerProfiles } from '../../src/servers/profiles/serverProfiles.ts';
import type { Servers } from '../../src/servers/servers.ts';
import { createWorld, openServers, type World } from '../support/serverWorld.ts';

const opened: { world: World; servers: Servers }[] = [];

afterEach(async () => {
  for (const { world, servers } of opened.splice(0)) {
    await servers.close();
    await world.runtime.close();
    await world.store.close();
  }
});

const plain = { isDefault: false, override: {}, options: [] };
const everybody: ProfileSettings = { ...plain, slug: 'all', displayName: 'All' };
const few: ProfileSettings = {
  ...plain,
  slug: 'few',
  displayName: 'Few',
  allowedGroups: ['few'],
  override: { start_timeout: 7, environment: { SIZE: 'few' } },
};

/** Servers with profiles; `groups` are ada's, and can be changed. */
async function open() {
  const world = await createWorld();
  const settings = new LiveSettings({ ...defaultSettings(), profiles: [everybody, few] });
  const ada: Person = { name: 'ada', groups: ['few'], admin: false };
  const profiles = createServerProfiles({ settings, personOf: async (name) => (name === 'ada' ? ada : undefined) });
  const live = settings.part(({ servers }) => servers);
  const gate = {
    opened: Promise.resolve(),
    /** Holds starts back until the returned function is called. */
    close: (): (() => void) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate.opened = promise;
      return resolve;
    },
  };
  const { servers } = await openServers(world, {
    settings: live,
    profiles: { ...profiles, settingsFor: (user, sent) => gate.opened.then(() => profiles.settingsFor(user, sent)) },
  });
  opened.push({ world, servers });
  return { world, servers, settings, ada, gate };
}

test('the filter is looked at once more when the start begins: who left the group meanwhile does not get it', async () => {
  const { world, servers, ada, gate } = await open();
  const opens = gate.close();
  await servers.start('ada', '', { userOptions: { profile: 'few' } });
  ada.groups = [];
  opens();
  const server = await servers.settled('ada', '', 5000);
  expect(server).toMatchObject({ phase: 'failed', failure: { code: 'ATOLL_PROFILE_INVALID' } });
  expect(server?.failure?.message).toContain('There is no profile "few" for you.');
  expect(world.runtime.started).toEqual([]);
  await expect(servers.start('ada', '')).rejects.toMatchObject({ code: 'ATOLL_PROFILE_INVALID' });
});

test('capitals of groups do not matter, and people can be named', () => {
  const profiles: ProfileSettings[] = [
    everybody,
    { ...few, allowedGroups: ['Power:Users'] },
    { ...few, slug: 'named', allowedGroups: [], allowedUsers: ['bob'] },
    {
      ...everybody,
      slug: 'options',
      options: [
        {
          name: 'x',
          displayName: 'X',
          choices: [{ ...plain, name: 'a', displayName: 'A', allowedUsers: ['bob'] }],
          unlisted: { displayName: 'U', displayNameInChoices: 'U', allowedGroups: ['power:users'], override: {} },
        },
      ],
    },
  ];
  const shown = (name: string, groups: string[]): unknown =>
    allowedProfiles(profiles, { name, groups, admin: true }).map(({ slug, options }) => [
      slug,
      ...options.map(({ choices, unlisted }) => [choices.length, unlisted !== undefined]),
    ]);
  expect(shown('ada', [])).toEqual([['all'], ['options']]);
  expect(shown('ada', ['POWER:users'])).toEqual([['all'], ['few'], ['options', [0, true]]]);
  expect(shown('bob', [])).toEqual([['all'], ['named'], ['options', [1, false]]]);
});

test('a server that was started before there were profiles has none', async () => {
  const settings = new LiveSettings({ ...defaultSettings(), profiles: [everybody, few] });
  const profiles = createServerProfiles({ settings, personOf: async (name) => ({ name, groups: [], admin: false }) });
  expect(await profiles.describe('ada', await profiles.check('ada', {}))).toBe('All');
  expect(await profiles.describe('ada', {})).toBeUndefined();
  expect(await profiles.describe('ada', { profile: 'gone' })).toBe('gone');
});

test('who runs by other settings than those in force is told, until the next start', async () => {
  const { servers, settings } = await open();
  await servers.start('ada', '', { userOptions: { profile: 'few' } });
  await servers.settled('ada', '', 5000);
  expect(await servers.outdated()).toEqual([]);
  settings.replace({ ...settings.current, profiles: [everybody, { ...few, override: { mem_limit: '1G' } }] });
  expect((await servers.outdated()).map(({ user, name }) => [user, name])).toEqual([['ada', '']]);
  settings.replace({ ...settings.current, profiles: [everybody] });
  expect(await servers.outdated()).toHaveLength(1);
  settings.replace({ ...settings.current, profiles: [everybody, few] });
  expect(await servers.outdated()).toEqual([]);
});
