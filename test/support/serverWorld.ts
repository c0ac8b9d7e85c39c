import type { Live } from '../../src/config/live.ts';
import { defaultSettings, type ServerSettings } from '../../src/config/settings.ts';
import { randomHex } from '../../src/core/ids.ts';
import type { Route, RouteWriter } from '../../src/edge/protocol.ts';
import type { ServerCredentials } from '../../src/identity/serverCredentials.ts';
import { serverUrl } from '../../src/identity/urls.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import type { Runtime } from '../../src/runtimes/contract.ts';
import type { CredentialIssuer } from '../../src/servers/credentialIssuer.ts';
import type { ServerProfiles } from '../../src/servers/profiles/serverProfiles.ts';
import type { ServerHooks } from '../../src/servers/serverHooks.ts';
import { createServers, type Servers } from '../../src/servers/servers.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { FakeRuntime } from './fakeRuntime.ts';
import { plainUrls } from './plainUrls.ts';

/** Credentials in memory: the tokens that are good now, by `user/server`. */
export class FakeCredentials implements CredentialIssuer {
  readonly good = new Map<string, string>();

  issueServerCredentials({ user, serverName }: { user: string; serverName: string }): Promise<ServerCredentials> {
    const token = randomHex(16);
    this.good.set(`${user}/${serverName}`, token);
    return Promise.resolve({
      token,
      clientId: `jupyterhub-user-${user}`,
      callbackUrl: `${serverUrl(user, serverName)}oauth_callback`,
      accessScopes: [`access:servers!server=${user}/${serverName}`, `access:servers!user=${user}`],
      clientAllowedScopes: [],
      servicePrefix: serverUrl(user, serverName),
      activityPath: `/hub/api/users/${user}/activity`,
      cookieHostPrefix: false,
    });
  }

  revokeServerCredentials({ user, serverName }: { user: string; serverName: string }): Promise<void> {
    this.good.delete(`${user}/${serverName}`);
    return Promise.resolve();
  }
}

/** A route table in memory. */
export class FakeRoutes implements RouteWriter {
  readonly table = new Map<string, Route>();

  put(route: Route): void {
    this.table.set(route.id, route);
  }

  delete(id: string): void {
    this.table.delete(id);
  }

  revoke(): void {}
}

/** What outlives a hub: the store, the runtime with its workloads, and the credentials. */
export interface World {
  store: Store;
  runtime: FakeRuntime;
  credentials: FakeCredentials;
  settings: ServerSettings;
}

/** A world with the users `ada` and `bob`, in memory. */
export async function createWorld(settings: Partial<ServerSettings> = {}): Promise<World> {
  const store = await openSqlite(':memory:');
  for (const name of ['ada', 'bob']) await addUser(store, name);
  return {
    store,
    runtime: new FakeRuntime(),
    credentials: new FakeCredentials(),
    settings: { ...defaultSettings().servers, ...settings },
  };
}

/** Adds a user, beneath identity. */
export async function addUser(store: Store, name: string): Promise<void> {
  await store.db
    .insertInto('users')
    .values({ name, admin: 0, created_at: Date.now(), last_activity: null, user_info: null, auth_state: null })
    .execute();
}

/** A hub's servers in a world, open. Parts of the world can be replaced. */
export async function openServers(
  world: World,
  parts: {
    store?: Store;
    runtime?: Runtime;
    credentials?: CredentialIssuer;
    routes?: RouteWriter;
    profiles?: ServerProfiles;
    settings?: Live<ServerSettings>;
    hooks?: ServerHooks;
  } = {},
): Promise<{ servers: Servers; routes: FakeRoutes }> {
  const routes = new FakeRoutes();
  const servers = createServers({
    store: world.store,
    runtime: world.runtime,
    credentials: world.credentials,
    routes,
    settings: { current: world.settings },
    hubUrl: 'http://127.0.0.1:8000',
    urls: plainUrls,
    log: silentLogger(),
    resyncMs: 500,
    ...parts,
  });
  await servers.open();
  return { servers, routes };
}
