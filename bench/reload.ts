import { randomBytes } from 'node:crypto';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { BridgeHolder } from '../src/bridge/bridgeHolder.ts';
import { LiveSettings } from '../src/config/live.ts';
import { loadSettings } from '../src/config/loadSettings.ts';
import type { Settings } from '../src/config/settings.ts';
import { Sealer } from '../src/core/sealer.ts';
import { RoutePublisher } from '../src/edge/control/routePublisher.ts';
import { SettingsReload } from '../src/hub/settingsReload.ts';
import { createIdentity } from '../src/identity/identity.ts';
import { silentLogger } from '../src/observability/logger.ts';
import { createProcessRuntime } from '../src/runtimes/process/processRuntime.ts';
import { createServerProfiles } from '../src/servers/profiles/serverProfiles.ts';
import { createServers } from '../src/servers/servers.ts';
import { openSqlite } from '../src/store/openSqlite.ts';
import type { Figure } from './report/figure.ts';
import { handIn } from './report/handIn.ts';

// How long a reload of settings with 500 profile choices keeps the hub from doing anything else, with 100 servers running.
// Files are read and checked in a process of their own; what is measured here is what the hub itself does.

const profiles = 20;
const choices = 25;
const runningServers = 100;
const rounds = 10;

/** Settings that differ in every choice from those of other rounds. YAML takes JSON too. */
function values(round: number): string {
  const choice = (index: number): object => ({
    display_name: `Environment ${index}`,
    description: `What environment ${index} holds, in some words more than one would think.`,
    ...(index > 0 && { allowed_groups: [`group-${index}`] }),
    kubespawner_override: {
      image: `registry.example/environment-${index}:2026.${round}`,
      mem_limit: `${index + 1}G`,
      environment: { ENVIRONMENT: `${index}`, ROUND: `${round}` },
      node_selector: { pool: `pool-${index}` },
    },
  });
  const profile = (index: number): object => ({
    display_name: `Profile ${index}`,
    kubespawner_override: { mem_guarantee: '512M' },
    profile_options: {
      image: {
        display_name: 'Environment',
        choices: Object.fromEntries(Array.from({ length: choices }, (_, item) => [`choice-${item}`, choice(item)])),
      },
    },
  });
  const profileList = Array.from({ length: profiles }, (_, index) => profile(index));
  return JSON.stringify({ jupyterhub: { singleuser: { profileList } } });
}

/** As `up` sends them to the hub. */
async function sent(round: number): Promise<string> {
  const { settings, problems } = await loadSettings([{ name: 'values.yaml', text: values(round) }]);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(JSON.stringify(errors[0]));
  return JSON.stringify(settings);
}

const messages = await Promise.all(Array.from({ length: rounds + 2 }, (_, round) => sent(round)));
const log = silentLogger();
const store = await openSqlite(':memory:');
const first = JSON.parse(messages[0] ?? '') as Settings;
const live = new LiveSettings(first);
const identity = await createIdentity({ store, settings: first, sealer: new Sealer(randomBytes(32)), log });
const publisher = new RoutePublisher();
const servers = createServers({
  store,
  log,
  // Never opened: nothing is started here.
  runtime: createProcessRuntime({
    directory: '/nonexistent',
    environment: { directory: '/nonexistent', python: '/nonexistent', owned: false },
    installationId: 'bench',
    log,
  }),
  routes: publisher,
  credentials: identity,
  settings: live.part((settings) => settings.servers),
  profiles: createServerProfiles({ settings: live, personOf: (name) => identity.principalOf(name) }),
  hubUrl: 'http://127.0.0.1:8000',
  urls: identity.urls,
});
for (let index = 0; index < runningServers; index++) {
  const [user] = await identity.users.create([`user-${index}`]);
  if (!user) throw new Error('no user');
  await store.db
    .insertInto('servers')
    .values({
      user_id: user.id,
      name: '',
      display_name: '',
      created_at: Date.now(),
      desired: 'running',
      phase: 'ready',
      workload_id: `server-${index}`,
      token_fingerprint: null,
      settings_digest: 'other',
      user_options: JSON.stringify({ profile: `profile-${index % profiles}`, image: 'choice-0' }),
      started_at: Date.now(),
      ready_at: Date.now(),
      last_activity: null,
      failure: null,
    })
    .execute();
}
const python = new BridgeHolder({ python: () => Promise.reject(new Error('there is no Python here')), log });
const reload = new SettingsReload({ live, python, identity, servers, publisher, log });
const delay = monitorEventLoopDelay({ resolution: 1 });
const longest: number[] = [];
const whole: number[] = [];
for (const [round, message] of messages.slice(1).entries()) {
  await wait(200);
  delay.enable();
  await wait(20);
  delay.reset();
  const begun = performance.now();
  const outcome = await reload.apply(JSON.parse(message) as Settings, [
    { path: 'jupyterhub.singleuser.profileList', counts: 'at once' },
  ]);
  const ms = performance.now() - begun;
  await wait(20);
  delay.disable();
  if (!outcome.applied || outcome.outdated.length !== runningServers) throw new Error('the reload did not do its work');
  // The first one loads what reads traits.
  if (round === 0) continue;
  longest.push(delay.max / 1e6);
  whole.push(ms);
}
const figure = (name: string, ours: number[]): Figure => ({ case: `reload/${name}`, unit: 'ms', better: 'less', ours });
// The machine's other work is in these figures too: the median is what a reload costs.
handIn(
  [
    figure(`event loop held, ${profiles * choices} profile choices`, longest),
    figure(`${profiles * choices} profile choices in all`, whole),
  ],
  `Settings of ${(messages[0]?.length ?? 0) >> 10} KiB, with ${runningServers} servers running, in one process.`,
);
await identity.close();
await store.close();
