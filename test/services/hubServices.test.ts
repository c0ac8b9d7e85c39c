import { createServer } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ServiceSettings } from '../../src/config/settings.ts';
import { sha256Hex } from '../../src/core/ids.ts';
import { Services } from '../../src/identity/services.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import type { Runtime } from '../../src/runtimes/contract.ts';
import { createHubServices, type HubServices } from '../../src/services/hubServices.ts';
import { ReachabilityWatch } from '../../src/services/reachability.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { CrashPlan } from '../support/crashPlan.ts';
import { FakeRuntime } from '../support/fakeRuntime.ts';
import { plainCookies, plainUrls } from '../support/plainUrls.ts';
import { FakeRoutes } from '../support/serverWorld.ts';
import { until } from '../support/until.ts';

let store: Store;
let runtime: FakeRuntime;
const opened: HubServices[] = [];

beforeEach(async () => {
  store = await openSqlite(':memory:');
  runtime = new FakeRuntime();
  runtime.onStart = (workload) => workload.run();
});
afterEach(async () => {
  for (const hub of opened.splice(0)) await hub.close();
  await runtime.close();
  await store.close();
});

const culler: ServiceSettings = {
  name: 'culler',
  admin: false,
  display: true,
  oauthNoConfirm: false,
  oauthClientAllowedScopes: [],
  info: {},
  managed: { command: ['python', '-m', 'jupyterhub_idle_culler'], environment: { CULL: 'yes' } },
};

/** A hub's services, open. */
async function open(
  settings: ServiceSettings[],
  parts: { runtime?: Runtime } = {},
): Promise<{ hub: HubServices; services: Services; routes: FakeRoutes }> {
  const byName = Object.fromEntries(settings.map((service) => [service.name, service]));
  const services = new Services(byName, plainUrls);
  const routes = new FakeRoutes();
  const hub = createHubServices({
    store,
    runtime,
    routes,
    identity: { services, urls: plainUrls, cookies: plainCookies },
    settings: byName,
    hubUrl: 'http://127.0.0.1:8000',
    log: silentLogger(),
    ...parts,
  });
  // One that dies never gets to the end of what it does.
  if (!parts.runtime) opened.push(hub);
  await hub.open();
  return { hub, services, routes };
}

/** The one workload that runs. */
const running = () =>
  until('exactly one process', () => {
    const live = runtime.live.filter(({ observation }) => observation.phase === 'running');
    return live.length === 1 && live[0];
  });

test('a service gets what JupyterHub gives it, and its token is good', async () => {
  const { services } = await open([
    {
      ...culler,
      url: 'http://127.0.0.1:9999',
      oauthClientAllowedScopes: ['self'],
      oauthRedirectUri: 'https://hub.example/services/culler/oauth_callback',
    },
  ]);
  const { spec } = await running();
  const token = spec.environment.JUPYTERHUB_API_TOKEN ?? '';
  expect(spec.environment).toEqual({
    CULL: 'yes',
    JUPYTERHUB_SERVICE_NAME: 'culler',
    JUPYTERHUB_API_TOKEN: token,
    JUPYTERHUB_API_URL: 'http://127.0.0.1:8000/hub/api',
    JUPYTERHUB_BASE_URL: '/',
    JUPYTERHUB_HOST: '',
    JUPYTERHUB_PUBLIC_HUB_URL: '',
    JUPYTERHUB_PUBLIC_URL: '',
    JUPYTERHUB_SERVICE_PREFIX: '/services/culler/',
    JUPYTERHUB_SERVICE_URL: 'http://127.0.0.1:9999',
    JUPYTERHUB_CLIENT_ID: 'service-culler',
    JUPYTERHUB_OAUTH_CALLBACK_URL: '/services/culler/oauth_callback',
    JUPYTERHUB_OAUTH_SCOPES: '["access:services","access:services!service=culler"]',
    JUPYTERHUB_OAUTH_ACCESS_SCOPES: '["access:services","access:services!service=culler"]',
    JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES: '["self"]',
    JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED: '0',
  });
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  expect(spec.command.join(' ')).not.toContain(token);
  await until('the token to be good', () => services.fromToken(token)?.name === 'culler');
});

test('the token of the settings is the one it gets', async () => {
  await open([{ ...culler, apiToken: 'written-in-the-settings' }]);
  expect((await running()).spec.environment.JUPYTERHUB_API_TOKEN).toBe('written-in-the-settings');
});

test('a service that ends is started again, with a new token; the old one is void', async () => {
  const { services } = await open([culler]);
  const first = await running();
  const oldToken = first.spec.environment.JUPYTERHUB_API_TOKEN ?? '';
  first.exit({ code: 1, signal: null });
  const second = await running();
  const newToken = second.spec.environment.JUPYTERHUB_API_TOKEN ?? '';
  await until('the new token to be good', () => services.fromToken(newToken)?.name === 'culler');
  expect(services.fromToken(oldToken)).toBeUndefined();
  expect(runtime.workloads.has(first.spec.id)).toBe(false);
});

test('one that ends again and again is started ever more rarely', async () => {
  runtime.onStart = (workload) => {
    workload.run();
    workload.exit({ code: 1, signal: null });
  };
  await open([culler]);
  const failures = await until('two failures', async () => {
    const row = await store.db.selectFrom('managed_services').selectAll().executeTakeFirst();
    return (row?.failures ?? 0) >= 2 && row?.failures;
  });
  // 1 s, then 2 s: within a little more than a second there are two starts, not hundreds.
  expect(failures).toBe(2);
  expect(runtime.started).toHaveLength(2);
});

test('one that cannot be started is tried again, and keeps nothing else from starting', async () => {
  const start = runtime.start.bind(runtime);
  let refusals = 0;
  runtime.start = (spec) => {
    if (spec.owner !== 'service:culler' || ++refusals > 1) return start(spec);
    return Promise.reject(new Error('no such program'));
  };
  await open([culler, { ...culler, name: 'other' }]);
  await until('both to run', () => runtime.live.length === 2);
  expect(refusals).toBe(2);
});

test('the next hub takes over what runs, and knows its token', async () => {
  const { hub } = await open([culler]);
  const { spec } = await running();
  await hub.close();
  const { services } = await open([culler]);
  // From the first moment on: a service remembers a refusal.
  expect(services.fromToken(spec.environment.JUPYTERHUB_API_TOKEN ?? '')?.name).toBe('culler');
  expect(runtime.started).toEqual([spec.id]);
});

test.each<[string, ServiceSettings]>([
  ['its command', { ...culler, managed: { command: ['other'], environment: { CULL: 'yes' } } }],
  ['its environment', { ...culler, managed: { command: culler.managed?.command ?? [], environment: {} } }],
  ['its token', { ...culler, apiToken: 'another-token-of-the-settings' }],
])('when the settings change %s, it is started anew', async (_what, changed) => {
  const { hub } = await open([culler]);
  const before = await running();
  await hub.close();
  await open([changed]);
  await until('the next start', () => runtime.started.length === 2);
  expect(before.observation.phase).toBe('exited');
  expect(before.stops).not.toEqual([]);
});

test('one that the settings do not name any more is ended and forgotten', async () => {
  const { hub } = await open([culler]);
  await running();
  await hub.close();
  await open([]);
  const rows = await until('nothing to be left', async () => {
    const left = await store.db.selectFrom('managed_services').selectAll().execute();
    return runtime.workloads.size === 0 && left;
  });
  expect(rows).toEqual([]);
});

test('stopAll ends what runs, and the next hub starts it at once', async () => {
  const { hub, services } = await open([culler]);
  const { spec } = await running();
  await hub.close();
  await hub.stopAll(5000);
  expect(runtime.workloads.size).toBe(0);
  expect(services.fromToken(spec.environment.JUPYTERHUB_API_TOKEN ?? '')).toBeUndefined();
  await open([culler]);
  expect((await running()).spec.id).not.toBe(spec.id);
  const row = await store.db.selectFrom('managed_services').selectAll().executeTakeFirstOrThrow();
  expect(row.failures).toBe(0);
});

test('a service process that no record speaks of is ended', async () => {
  const place = { id: 'service-stray', kind: 'service', owner: 'service:x' } as const;
  const reservation = await runtime.reserve({ ...place, ports: [] });
  await runtime.start({ ...place, command: ['x'], environment: {}, files: {}, resources: {}, reservation });
  await open([]);
  await until('its end', () => runtime.live.length === 0);
  expect(runtime.workloads.get('service-stray')?.stops).toEqual([{ graceSeconds: 0 }]);
});

test('routes lead to services with an address; to Dask clusters Atoll leads itself', async () => {
  const { routes } = await open([
    { ...culler, name: 'a', url: 'http://127.0.0.1:9999/services/a/' },
    { ...culler, name: 'b', url: 'http://[::1]' },
    { ...culler, name: 'c' },
    { ...culler, name: 'dask-gateway', url: 'http://traefik' },
  ]);
  expect([...routes.table.values()].map((route) => [route.id, route.target])).toEqual([
    ['service:a', { kind: 'tcp', host: '127.0.0.1', port: 9999 }],
    ['service:b', { kind: 'tcp', host: '::1', port: 80 }],
  ]);
});

test('a service that is added or removed while the hub runs is reached, and not any more', async () => {
  const { services, routes } = await open([]);
  services.add({ ...culler, name: 'late', url: 'http://127.0.0.1:9998' });
  await store.write(async ({ changed }) => changed('services', 'late'));
  expect([...routes.table.keys()]).toEqual(['service:late']);
  services.remove('late');
  await store.write(async ({ changed }) => changed('services', 'late'));
  expect([...routes.table.keys()]).toEqual([]);
});

test('one that the hub does not run any more, but that is still there, keeps its token', async () => {
  const apiToken = 'a-token-of-the-settings';
  const { hub } = await open([{ ...culler, apiToken }]);
  await running();
  await hub.close();
  const { managed: _, ...external } = culler;
  const { services } = await open([{ ...external, apiToken }]);
  await until('its process to be gone', () => runtime.workloads.size === 0);
  expect(services.fromToken(apiToken)?.name).toBe('culler');
});

test('it is known whether a service takes connections, and told when that changes', async () => {
  const listener = createServer((socket) => socket.end());
  await new Promise<void>((done) => void listener.listen(0, '127.0.0.1', done));
  const address = listener.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const services = new Services(
    { a: { ...culler, name: 'a', url: `http://127.0.0.1:${port}/x` }, b: { ...culler, name: 'b' } },
    plainUrls,
  );
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  const watch = new ReachabilityWatch({ services, log });
  await watch.look();
  expect([services.get('a')?.reachable, services.get('b')?.reachable]).toEqual([true, undefined]);
  await new Promise((done) => listener.close(done));
  await watch.look();
  await watch.look();
  expect(services.get('a')?.reachable).toBe(false);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain('does not take connections');
});

const crashPoints = [1, 2, 3, 4, 5].flatMap((step) => (['before', 'after'] as const).map((when) => ({ step, when })));

test.each(crashPoints)('a hub that dies %o: afterwards it runs exactly once', async (point) => {
  const plan = new CrashPlan(point);
  const dying = plan.guard<Runtime>(runtime, 'runtime', ['reserve', 'start', 'get', 'list', 'forget', 'stop']);
  await Promise.race([plan.crashed, open([culler], { runtime: dying }).then(running)]);
  const { services } = await open([culler]);
  const { spec } = await running();
  await until('its token to be good', () => services.fromToken(spec.environment.JUPYTERHUB_API_TOKEN ?? ''));
  const row = await store.db.selectFrom('managed_services').selectAll().executeTakeFirstOrThrow();
  expect(row).toMatchObject({
    workload_id: spec.id,
    token_hash: sha256Hex(spec.environment.JUPYTERHUB_API_TOKEN ?? ''),
  });
});
