import { afterEach, expect, test } from 'vitest';
import { BridgeHolder } from '../../src/bridge/bridgeHolder.ts';
import { LiveSettings } from '../../src/config/live.ts';
import { profileSourceFrom } from '../../src/hub/python/profileSource.ts';
import { serverHooksFrom } from '../../src/hub/python/serverHooks.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createServerProfiles, type ServerProfiles } from '../../src/servers/profiles/serverProfiles.ts';
import type { Servers } from '../../src/servers/servers.ts';
import type { FakeWorkload } from '../support/fakeRuntime.ts';
import { plainUrls } from '../support/plainUrls.ts';
import { type PythonPerson, pythonPeople } from '../support/pythonPeople.ts';
import { closeBridges, hubPython, runPython, shortProblems } from '../support/pythonSettings.ts';
import { createWorld, openServers, type World } from '../support/serverWorld.ts';
import { until } from '../support/until.ts';

const open: Servers[] = [];

afterEach(async () => {
  for (const servers of open.splice(0)) await servers.close();
  closeBridges();
});

interface Hooked {
  world: World;
  servers: Servers;
  profiles: ServerProfiles;
  warnings: object[];
  /** Starts a server, and returns what the runtime was given. */
  start: (user?: string, options?: Record<string, unknown>) => Promise<FakeWorkload>;
}

/** Servers in a world of their own, with the hooks and profiles of these settings. */
async function hooked(
  settingsText: string,
  people: Record<string, PythonPerson> = { ada: { groups: ['staff'] }, bob: {} },
): Promise<Hooked> {
  const { bridge, settings, problems } = await runPython(settingsText);
  expect(shortProblems(problems.filter(({ severity }) => severity === 'error'))).toEqual([]);
  const warnings: object[] = [];
  const log = Object.assign(silentLogger(), { warn: (fields: object) => void warnings.push(fields) });
  const holder = new BridgeHolder({ python: () => Promise.resolve(''), log });
  holder.current = bridge;
  const live = new LiveSettings(settings);
  const identity = pythonPeople(people);
  const common = { holder, identity, settings: live, hubUrl: 'http://127.0.0.1:8000', urls: plainUrls };
  const world = await createWorld();
  const profiles = createServerProfiles({
    settings: live,
    source: profileSourceFrom(common),
    personOf: (name) =>
      Promise.resolve(people[name] && { name, groups: people[name].groups ?? [], admin: people[name].admin ?? false }),
  });
  const { servers } = await openServers(world, {
    settings: live.part((current) => current.servers),
    profiles,
    hooks: serverHooksFrom({ ...common, log }),
  });
  open.push(servers);
  return {
    world,
    servers,
    profiles,
    warnings,
    async start(user = 'ada', userOptions = {}) {
      await servers.start(user, '', { userOptions });
      return until('the workload', async () => {
        const server = await servers.get(user, '');
        if (server?.failure) throw new Error(server.failure.message);
        return world.runtime.workloads.get(server?.workloadId ?? '');
      });
    },
  };
}

test('a hook sees the server and its user, and what it sets is what is started', async () => {
  const { start } = await hooked(`
jupyterhub:
  singleuser:
    memory: { limit: 1G }
    extraEnv: { KEPT: '{username}', DROPPED: x }
  hub:
    extraConfig:
      hook: |
        async def before(spawner):
            assert spawner.user.name == "ada" and not spawner.user.admin
            assert [group.name for group in spawner.user.groups] == ["staff"]
            assert spawner.user_options["why"] == "{0}; import os", spawner.user_options
            assert spawner.mem_limit == 2**30 and spawner.name == ""
            assert spawner.template_namespace()["username"] == "ada"
            del spawner.environment["DROPPED"]
            spawner.environment["ADDED"] = "for {username}"
            spawner.environment.update({"JSON": "{{}}", "NUMBER": 5})
            spawner.mem_limit = "2G"
            spawner.cpu_limit = 1.5
            spawner.default_url = "/tree/" + spawner.user.name
            spawner.args = spawner.args + ["--debug"]
            spawner.extra_labels["team"] = "x"
            spawner.no_such_trait = 1
            spawner.log.info("starting %s", spawner.user.name)
        c.Spawner.pre_spawn_hook = before
`);
  const { spec } = await start('ada', { why: '{0}; import os' });
  expect(spec.environment).toMatchObject({
    KEPT: 'ada',
    ADDED: 'for ada',
    JSON: '{}',
    NUMBER: '5',
    JUPYTERHUB_DEFAULT_URL: '/tree/ada',
  });
  expect(spec.environment).not.toHaveProperty('DROPPED');
  expect(spec.resources).toMatchObject({ memoryLimit: 2 ** 31, coreLimit: 1.5 });
  expect(spec.command.at(-1)).toBe('--debug');
});

test('what a hook sets in vain is told once, with its line', async () => {
  const { start, warnings, servers } = await hooked(
    hubPython('def before(spawner):\n    spawner.no_such_trait = 1\nc.Spawner.pre_spawn_hook = before\n'),
  );
  await start();
  await servers.stop('ada', '');
  await servers.settled('ada', '', 10_000);
  await start('bob');
  expect(warnings).toEqual([{ attribute: 'no_such_trait', place: '1.yaml:5' }]);
});

test('the order is JupyterHub’s: auth_state, options, pre_spawn, then variables by function; profiles win over hooks', async () => {
  const { start } = await hooked(
    `
jupyterhub:
  singleuser:
    profileList:
      - display_name: Large
        kubespawner_override: { mem_limit: 4G, environment: { FROM_PROFILE: yes please, ORDER: profile } }
${hubPython(`
def auth(spawner, auth_state):
    spawner.environment["TOKEN"] = auth_state["token"] if auth_state else "none"
    spawner.environment["SEEN"] = "auth"
def apply(spawner, options):
    spawner.environment["SEEN"] += " options"
def before(spawner):
    spawner.environment["SEEN"] += " pre_spawn"
    spawner.environment["ORDER"] = "hook"
    spawner.mem_limit = "1G"
c.Spawner.auth_state_hook = auth
c.Spawner.apply_user_options = apply
c.Spawner.pre_spawn_hook = before
c.KubeSpawner.environment = {"LATE": lambda spawner: "{username} " + spawner.environment["SEEN"], "PLAIN": "{username}"}
`).replace('jupyterhub:\n', '')}`,
    { ada: { authState: { token: 'of the provider' } }, bob: {} },
  );
  const { spec } = await start();
  expect(spec.environment).toMatchObject({
    TOKEN: 'of the provider',
    SEEN: 'auth options pre_spawn',
    LATE: '{username} auth options pre_spawn',
    PLAIN: 'ada',
    FROM_PROFILE: 'yes please',
    ORDER: 'profile',
  });
  expect(spec.resources.memoryLimit).toBe(2 ** 32);
  expect((await start('bob')).spec.environment.TOKEN).toBe('none');
});

test('a hook that refuses or fails ends the start with its reason; the next start is tried anew', async () => {
  const { servers } = await hooked(
    hubPython(`
from tornado import web
count = 0
def before(spawner):
    global count
    count += 1
    if count == 1:
        raise web.HTTPError(403, "Ask the help desk for a seat.")
    if count == 2:
        return spawner.environment["MISSING"]
    if count == 3:
        import os
        os._exit(1)
    spawner.environment["COUNT"] = str(count)
c.Spawner.pre_spawn_hook = before
`),
  );
  const failure = async (): Promise<object> => {
    await servers.start('ada', '');
    await servers.settled('ada', '', 10_000);
    return (await servers.get('ada', ''))?.failure ?? {};
  };
  expect(await failure()).toMatchObject({ code: 'ATOLL_PYTHON_REFUSED', message: 'Ask the help desk for a seat.' });
  expect(await failure()).toMatchObject({
    code: 'ATOLL_PYTHON_FAILED',
    message: "KeyError: 'MISSING' (1.yaml:12)",
  });
  expect(await failure()).toMatchObject({
    code: 'ATOLL_PYTHON_FAILED',
    message: 'The Python of the settings ended by itself (exit code 1).',
  });
  // In a new process it counts from the beginning.
  expect(await failure()).toMatchObject({ code: 'ATOLL_PYTHON_REFUSED' });
});

test('post_stop_hook runs after a stop and after an end by itself; its mistakes are only logged', async () => {
  const { start, servers, warnings } = await hooked(
    hubPython(`
def after(spawner):
    raise RuntimeError(f"stopped {spawner.user.name}")
c.Spawner.post_stop_hook = after
`),
  );
  await start();
  await servers.stop('ada', '');
  expect((await servers.settled('ada', '', 10_000))?.phase).toBe('stopped');
  expect(warnings).toEqual([{ user: 'ada', server: '', error: 'stopped ada' }]);
  const workload = await start('bob');
  workload.exit({ code: 1, signal: null });
  await until('its end', async () => (await servers.get('bob', ''))?.phase === 'failed');
  expect(warnings.at(-1)).toMatchObject({ user: 'bob', error: 'stopped bob' });
});

test('profiles by function: for each user, as 2i2c filters them', async () => {
  const { profiles } = await hooked(
    `
jupyterhub:
  singleuser:
    profileList:
      - { display_name: Small, default: true, kubespawner_override: { mem_limit: 1G } }
      - { display_name: Large, allowed_groups: [staff], kubespawner_override: { mem_limit: null } }
${hubPython(`
from copy import deepcopy
from functools import partial

async def allowed(original, spawner):
    groups = {group.name for group in spawner.user.groups}
    state = await spawner.user.get_auth_state()
    assert state is None
    return [deepcopy(one) for one in original if "allowed_groups" not in one or groups & set(one["allowed_groups"])]

if c.KubeSpawner.profile_list:
    c.KubeSpawner.profile_list = partial(allowed, deepcopy(c.KubeSpawner.profile_list))
`).replace('jupyterhub:\n', '')}`,
  );
  expect((await profiles.offeredTo('ada')).map(({ slug, override }) => [slug, override])).toEqual([
    ['small', { mem_limit: '1G' }],
    ['large', { mem_limit: null }],
  ]);
  expect((await profiles.offeredTo('bob')).map(({ slug }) => slug)).toEqual(['small']);
});

test('a profile function that refuses, fails or returns nonsense is an error with its words', async () => {
  const message = (text: string, user: string): Promise<string> =>
    hooked(text).then(({ profiles }) =>
      profiles.offeredTo(user).then(
        () => 'no error',
        (error: Error) => error.message,
      ),
    );
  const python = hubPython(`
from tornado import web
def profiles(spawner):
    if spawner.user.name == "bob":
        raise web.HTTPError(403, "Your groups open nothing.")
    return [{"display_name": 5}]
c.KubeSpawner.profile_list = profiles
`);
  expect(await message(python, 'bob')).toBe('Your groups open nothing.');
  expect(await message(python, 'ada')).toBe('What profile_list returns is no list of profiles.');
});

test('a form of the operator’s own, and what its fields mean', async () => {
  const { profiles, start } = await hooked(
    hubPython(`
def form(spawner):
    return f"<label>Hello {spawner.user.name} <input name='cores'></label>" if spawner.user.groups else ""
def read(fields):
    return {"cores": int(fields["cores"][0])}
def before(spawner):
    spawner.cpu_limit = spawner.user_options["cores"]
c.Spawner.options_form = form
c.Spawner.options_from_form = read
c.Spawner.pre_spawn_hook = before
`),
  );
  expect(await profiles.formFor('ada')).toBe("<label>Hello ada <input name='cores'></label>");
  expect(await profiles.formFor('bob')).toBeUndefined();
  const options = await profiles.readForm('ada', { cores: ['3'] });
  expect(options).toEqual({ cores: 3 });
  await expect(profiles.readForm('ada', { cores: ['x'] })).rejects.toThrow(/^ValueError: invalid literal for int/);
  expect((await start('ada', options)).spec.resources.coreLimit).toBe(3);
});
