import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { pino } from 'pino';
import { createHubApi } from '../../src/api/hub/createHubApi.ts';
import type { ServerDirectory, ServerModel, UserWorkloads } from '../../src/api/hub/serverDirectory.ts';
import { type AuthenticationSettings, defaultSettings, type Settings } from '../../src/config/settings.ts';
import { Sealer } from '../../src/core/sealer.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import type { SignInHooks } from '../../src/identity/signInHooks.ts';
import type { User } from '../../src/identity/users.ts';
import { createPages } from '../../src/pages/createPages.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import type { Store } from '../../src/store/store.ts';

/** A clock that stands still until it is moved. */
export class TestClock {
  #now = Date.UTC(2026, 10, 23, 12);

  now(): number {
    return this.#now;
  }

  /** Moves it on. */
  advance(seconds: number): void {
    this.#now += seconds * 1000;
  }
}

/** Settings with some parts replaced. */
export type TestSettings = Partial<Omit<Settings, 'authentication'>> & {
  authentication?: Partial<AuthenticationSettings>;
};

/** Identity on a store, by default in memory, with the API and the pages over it; servers are models that a test puts there. */
export interface IdentityWorld {
  store: Store;
  identity: Identity;
  clock: TestClock;
  /** The lines of the log, all levels. */
  logged: string[];
  /** What users' servers look like, by user name. */
  servers: Map<string, ServerModel[]>;
  /** Users whose workloads do not end in time. */
  busy: Set<string>;
  /** What `POST /shutdown` asked for. */
  shutDowns: { servers: boolean }[];
  /** Calls the pages or the API, as the edge would pass the request on. */
  request(path: string, init?: RequestInit): Promise<Response>;
  /** The same without any headers added, for a server on a port. */
  fetch(request: Request): Response | Promise<Response>;
  /** The user of that name, made if need be. */
  user: (name: string, admin?: boolean) => Promise<User>;
  /** A stopped server of a user (who is made if need be), as far as the store knows. */
  server(user: string, name: string): Promise<void>;
  /** A new token of a user (who is made if need be). */
  token: (name: string, scopes?: readonly string[]) => Promise<string>;
  close(): Promise<void>;
}

/** Opens one. */
export async function openIdentityWorld(
  settings: TestSettings = {},
  { database = ':memory:', ...parts }: { hooks?: SignInHooks; database?: string } = {},
): Promise<IdentityWorld> {
  const clock = new TestClock();
  const logged: string[] = [];
  const log = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
  const store = await openSqlite(database);
  const defaults = defaultSettings();
  const identity = await createIdentity({
    store,
    clock,
    log,
    sealer: new Sealer(randomBytes(32)),
    settings: { ...defaults, ...settings, authentication: { ...defaults.authentication, ...settings.authentication } },
    ...parts,
  });
  const servers = new Map<string, ServerModel[]>();
  const busy = new Set<string>();
  const shutDowns: { servers: boolean }[] = [];
  const directory: ServerDirectory = {
    modelsOf: (users) => Promise.resolve(new Map(users.map((user) => [user, servers.get(user) ?? []]))),
  };
  const workloads: UserWorkloads = {
    what: 'servers',
    hasActive: (user) => Promise.resolve(busy.has(user)),
    removeAllOf: (user) => Promise.resolve(!busy.has(user)),
  };
  const pages = createPages({ identity, log });
  const api = createHubApi({
    identity,
    log,
    servers: directory,
    workloads: [workloads],
    shutDown: (options) => shutDowns.push(options),
  });
  const app = new Hono().route('/', pages.app).route('/', api);
  app.notFound((c) => pages.notFound(c.req.raw));

  const user = async (name: string, admin?: boolean): Promise<User> => identity.users.ensure(name, admin);
  return {
    store,
    identity,
    clock,
    logged,
    servers,
    busy,
    shutDowns,
    user,
    fetch: (request) => app.fetch(request),
    async request(path, init = {}) {
      const headers = new Headers({ host: 'hub.test', 'x-forwarded-for': '10.0.0.1', 'x-forwarded-proto': 'http' });
      new Headers(init.headers).forEach((value, name) => headers.set(name, value));
      return app.request(new Request(new URL(path, 'http://hub.test'), { ...init, headers }));
    },
    async server(owner, name) {
      const { id } = await user(owner);
      await store.db
        .insertInto('servers')
        .values({
          user_id: id,
          name,
          display_name: name,
          created_at: clock.now(),
          desired: 'stopped',
          phase: 'stopped',
          user_options: '{}',
        })
        .execute();
    },
    async token(name, scopes = ['inherit']) {
      const { id } = await user(name);
      return (await identity.tokens.create({ userId: id, scopes, note: 'test' })).secret;
    },
    async close() {
      await identity.close();
      await store.close();
    },
  };
}
