import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { Hono } from 'hono';
import { createHubApi } from '../../src/api/hub/createHubApi.ts';
import { proxyApi } from '../../src/api/hub/proxyApi.ts';
import { serversApi } from '../../src/api/hub/serversApi.ts';
import { serversDirectory } from '../../src/api/hub/serversDirectory.ts';
import { auditApi } from '../../src/api/operations/auditApi.ts';
import { metricsApi } from '../../src/api/operations/metricsApi.ts';
import { LiveSettings } from '../../src/config/live.ts';
import { defaultSettings, type Settings } from '../../src/config/settings.ts';
import { Sealer } from '../../src/core/sealer.ts';
import { listenOn } from '../../src/hub/listen.ts';
import { measureRequests } from '../../src/hub/measureRequests.ts';
import { requestListener } from '../../src/hub/requestListener.ts';
import { servedBelow } from '../../src/hub/servedBelow.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import { AuditLog } from '../../src/observability/audit/auditLog.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { Metrics } from '../../src/observability/metrics/metrics.ts';
import { adminPages } from '../../src/pages/admin/adminPages.ts';
import { createPages } from '../../src/pages/createPages.ts';
import type { PagesModule } from '../../src/pages/frame/pagesModule.ts';
import { serversPages } from '../../src/pages/servers/serversPages.ts';
import type { Runtime } from '../../src/runtimes/contract.ts';
import type { ProfileSource } from '../../src/servers/profiles/profileSource.ts';
import { createServerProfiles } from '../../src/servers/profiles/serverProfiles.ts';
import { createServers, type Servers } from '../../src/servers/servers.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { freePort } from './freePort.ts';
import { FakeRoutes } from './serverWorld.ts';

/** A hub without an edge: identity, servers, API and pages on a port of its own. */
export interface SmallHub {
  url: string;
  store: Store;
  identity: Identity;
  servers: Servers;
  routes: FakeRoutes;
  /** The settings in force; `replace` them as a reload does. */
  settings: LiveSettings;
  /** The value of an `Authorization` header for a new token of this user (who is made if need be). */
  authorizationOf(user: string, scopes?: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

/** What a {@link SmallHub} is made from. */
export interface SmallHubOptions {
  runtime: Runtime;
  settings?: Partial<Settings>;
  store?: Store;
  port?: number;
  /** Where profiles come from. Default: the settings. */
  profileSource?: ProfileSource;
  /** More pages. */
  pages?: readonly PagesModule[];
  /** Where routes go. Default: they are only noted. */
  routes?: FakeRoutes;
}

/** Starts one. The runtime is open already, and stays so. */
export async function startSmallHub(options: SmallHubOptions): Promise<SmallHub> {
  const { runtime } = options;
  const log = silentLogger();
  const settings: Settings = { ...defaultSettings(), ...options.settings };
  const store = options.store ?? (await openSqlite(':memory:'));
  const identity = await createIdentity({ store, settings, sealer: new Sealer(randomBytes(32)), log });
  const port = options.port ?? (await freePort());
  const routes = options.routes ?? new FakeRoutes();
  const url = `http://127.0.0.1:${port}`;
  const live = new LiveSettings(settings);
  const serverSettings = live.part((current) => current.servers);
  const profiles = createServerProfiles({
    settings: live,
    ...(options.profileSource && { source: options.profileSource }),
    personOf: (name) => identity.principalOf(name),
  });
  const servers = createServers({
    store,
    runtime,
    routes,
    log,
    credentials: identity,
    settings: serverSettings,
    profiles,
    hubUrl: url + identity.urls.base.slice(0, -1),
    urls: identity.urls,
  });
  const directory = serversDirectory(servers, identity.urls);
  const metrics = new Metrics();
  // Not opened, so that it leaves no files.
  const audit = new AuditLog({ store, folder: '', days: 400, entries: 1_000_000, log });
  const api = createHubApi(
    { identity, log, servers: directory, workloads: [directory], shutDown: () => undefined },
    serversApi({ servers, identity, settings: serverSettings }),
    proxyApi({ routes: { list: () => [...routes.table.values()] }, servers, urls: identity.urls }),
    metricsApi({ metrics, authenticate: settings.operations.authenticateMetrics }),
    auditApi({ audit }),
  );
  const pages = createPages(
    { identity, log },
    serversPages({ servers, identity, profiles, settings: serverSettings }),
    adminPages({ identity, servers, workloads: [directory], audit }),
    ...(options.pages ?? []),
  );
  const app = new Hono().route('/', pages.app).route('/', api);
  app.notFound((c) => pages.notFound(c.req.raw));
  const measured = measureRequests((request) => app.fetch(request), metrics);
  const server = await listenOn({ host: '127.0.0.1', port }, requestListener(servedBelow(identity.urls, measured)));
  await servers.open();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo | null)?.port ?? port}`,
    store,
    identity,
    servers,
    routes,
    settings: live,
    async authorizationOf(name, scopes = ['inherit']) {
      const user = (await identity.users.get(name)) ?? (await identity.users.create([name]))[0];
      if (!user) throw new Error(`no user ${name}`);
      const { secret } = await identity.tokens.create({ userId: user.id, scopes, note: 'test' });
      return `token ${secret}`;
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await servers.close();
      await identity.close();
      if (!options.store) await store.close();
    },
  };
}
