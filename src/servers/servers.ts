import { setImmediate } from 'node:timers/promises';
import { ActivityRecorder } from '../activity/activityRecorder.ts';
import type { ReportedActivity } from '../activity/readActivityPost.ts';
import type { Live } from '../config/live.ts';
import type { ServerSettings } from '../config/settings.ts';
import { Bell } from '../core/bell.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { AtollError, messageOf } from '../core/errors.ts';
import { Reconciler } from '../core/reconciler.ts';
import type { ActivityReport, HttpRoute, RouteWriter } from '../edge/protocol.ts';
import type { PublicUrls } from '../identity/publicUrls.ts';
import type { Logger } from '../observability/logger.ts';
import type { Observation, Runtime } from '../runtimes/contract.ts';
import type { Store } from '../store/store.ts';
import type { CredentialIssuer } from './credentialIssuer.ts';
import { digestOf, EffectiveSettings } from './effectiveSettings.ts';
import { followProgress } from './followProgress.ts';
import type { Life } from './life.ts';
import type { ServerProfiles } from './profiles/serverProfiles.ts';
import { ProgressBoard, type ProgressEvent } from './progressBoard.ts';
import { PublishedRoutes } from './publishedRoutes.ts';
import { ReadinessWatches } from './readiness.ts';
import { reconcileServer } from './reconcileServer.ts';
import { isActive, pendingOf, type Server } from './server.ts';
import type { ServerHooks } from './serverHooks.ts';
import { fullNameOf, serverOfRouteId } from './serverPath.ts';
import {
  changeServer,
  createServer,
  type RequestContext,
  requestRemoval,
  requestRemovalOfAll,
  requestRestart,
  requestStart,
  requestStop,
  type ServerChanges,
  type ServerChoices,
} from './serverRequests.ts';
import { readServer, readServerOfWorkload, readServers, type ServerFilter, serversOfUsers } from './serverTable.ts';
import { StartQueue } from './startQueue.ts';
import { sweepOrphans } from './sweepOrphans.ts';

/** What {@link createServers} needs. */
export interface ServersOptions {
  store: Store;
  /** Open already. */
  runtime: Runtime;
  routes: RouteWriter;
  /** Identity. */
  credentials: CredentialIssuer;
  settings: Live<ServerSettings>;
  /** Default: there are none. */
  profiles?: ServerProfiles;
  /** Operators' own functions. Default: none. */
  hooks?: ServerHooks;
  /** Names of the options that a user has for Dask clusters. Default: none. */
  clusterOptionNames?: (user: string) => Promise<ReadonlySet<string>>;
  /** Where servers reach the edge, with the hub's base, without a final slash: `http://127.0.0.1:8000`. */
  hubUrl: string;
  /** Where people find things. */
  urls: PublicUrls;
  log: Logger;
  clock?: Clock;
  /** Milliseconds between two looks at every server, beside those that something causes. Default 30 000. */
  resyncMs?: number;
}

/**
 * People's notebook servers. Requests write down what should be, durably, and return; the rest happens by itself and is
 * seen in {@link get}, {@link progress} and the store's change feed (topic `servers`).
 */
export interface Servers {
  /** Publishes the routes of the servers that run, then carries on with all starts and stops under way. Call once. */
  open(): Promise<void>;
  /** Stops looking after servers. They run on. */
  close(): Promise<void>;
  get(user: string, name: string): Promise<Server | undefined>;
  list(filter?: ServerFilter): Promise<Server[]>;
  /** Asks for a server to run. See {@link requestStart}. */
  start(user: string, name: string, choices?: ServerChoices): Promise<Server>;
  /**
   * Asks for a server that is ready to stop, and to start anew. See {@link requestRestart}.
   * @throws AtollError `ATOLL_PROFILE_INVALID` when it could not start again as it is; it runs on
   */
  restart(user: string, name: string): Promise<Server | undefined>;
  /** Asks for a server to stop. See {@link requestStop}. */
  stop(user: string, name: string): Promise<Server | undefined>;
  /** Makes a named server without starting it. See {@link createServer}. */
  create(user: string, name: string, choices?: ServerChoices): Promise<Server>;
  /** Changes a stopped server. See {@link changeServer}. */
  change(user: string, name: string, changes: ServerChanges): Promise<Server>;
  /** Asks for a server to stop and go. See {@link requestRemoval}. */
  remove(user: string, name: string): Promise<Server | undefined>;
  /** Asks for all servers of a user to stop and go; resolves when they are gone, with whether that was in time. */
  removeAllOf(user: string, milliseconds: number): Promise<boolean>;
  /** Waits until nothing is under way with a server, at most so long; resolves with what it is then. */
  settled(user: string, name: string, milliseconds: number, signal?: AbortSignal): Promise<Server | undefined>;
  /** The events of a start. See {@link followProgress}. */
  progress(user: string, name: string, signal: AbortSignal): Promise<AsyncGenerator<ProgressEvent, void>>;
  /** The servers that were started by other settings than they would be now: these count from their next start on. */
  outdated(): Promise<Server[]>;
  /** What happened so far in the present start: what a page without scripts shows. */
  progressSoFar(server: Server): readonly ProgressEvent[];
  /** The routes published now. */
  routes(): HttpRoute[];
  /** Looks at every server now, and not only when something happens or half a minute is over. */
  recheck(): Promise<void>;
  /**
   * Notes the activity that a server reports of itself. Resolves when it is durable.
   * @throws AtollError `ATOLL_BAD_REQUEST` when it names a server that is not there
   */
  recordActivity(user: string, activity: ReportedActivity): Promise<void>;
  /** Notes the traffic that an edge saw; routes that are not servers' are ignored. */
  recordTraffic(report: ActivityReport): void;
}

/** Puts the parts together. Nothing happens before {@link Servers.open}. */
export function createServers(options: ServersOptions): Servers {
  const { store, runtime, settings, profiles, log } = options;
  const clock = options.clock ?? systemClock;
  const requests: RequestContext = { store, clock, limits: settings };
  const activity = new ActivityRecorder({ store, log });
  const life: Life = {
    store,
    runtime,
    settings: new EffectiveSettings(settings, profiles, options.hooks),
    hooks: options.hooks,
    clusterOptionNames: options.clusterOptionNames ?? (() => Promise.resolve(new Set())),
    log,
    clock,
    credentials: options.credentials,
    hubUrl: options.hubUrl,
    urls: options.urls,
    routes: new PublishedRoutes(options.routes, options.urls),
    readiness: new ReadinessWatches(),
    board: new ProgressBoard(),
    starts: new StartQueue({
      clock,
      limit: () => settings.current.concurrentStartLimit,
      wake: (fullName) => reconciler.wake(fullName),
    }),
    openedAt: clock.now(),
    wake: (fullName) => reconciler.wake(fullName),
  };
  const reconciler = new Reconciler({
    reconcile: (fullName) => reconcileServer(life, fullName),
    listKeys: () => listWork(life),
    onError: (fullName, error) => log.error({ server: fullName, error: messageOf(error) }, 'server step failed'),
    clock,
    ...(options.resyncMs !== undefined && { resyncMs: options.resyncMs }),
  });
  const unfollow: (() => void)[] = [];

  const ofUsers = serversOfUsers(store);
  const get = (user: string, name: string): Promise<Server | undefined> => readServer(store.db, user, name);

  /** What a start is asked for with: options that were sent, else those of the last start; both must be offered today. */
  async function checkedStart(
    user: string,
    before: Server | undefined,
    choices: ServerChoices,
  ): Promise<ServerChoices> {
    if (!profiles) return choices;
    const userOptions = choices.userOptions === undefined ? before?.userOptions : choices.userOptions;
    return { ...choices, userOptions: await profiles.check(user, userOptions ?? {}) };
  }

  async function checkedChoices<T extends ServerChoices>(user: string, choices: T): Promise<T> {
    if (!profiles || !choices.userOptions) return choices;
    return { ...choices, userOptions: await profiles.check(user, choices.userOptions) };
  }

  async function settled(user: string, name: string, milliseconds: number, signal?: AbortSignal) {
    const deadline = performance.now() + milliseconds;
    const bell = new Bell();
    const stop = store.changes.followOne('servers', fullNameOf(user, name), () => bell.ring());
    try {
      for (;;) {
        const server = await get(user, name);
        const remaining = deadline - performance.now();
        if (!server || pendingOf(server) === null || remaining <= 0 || signal?.aborted) return server;
        await bell.wait(signal, remaining);
      }
    } finally {
      stop();
    }
  }

  return {
    async open() {
      life.openedAt = clock.now();
      await publishRoutes(life);
      unfollow.push(
        store.changes.follow('servers', (fullName) => reconciler.wake(fullName)),
        runtime.observe((seen) => void wakeServerOf(life, seen)),
      );
      await reconciler.start();
    },
    async close() {
      for (const stop of unfollow.splice(0)) stop();
      life.readiness.close();
      life.starts.close();
      await reconciler.stop();
      await activity.close();
    },
    get,
    list: (filter) => (filter?.users && !filter.phases ? ofUsers(filter.users, filter) : readServers(store.db, filter)),
    async start(user, name, choices = {}) {
      const before = await get(user, name);
      const isRequest = !before || !isActive(before);
      return requestStart(requests, user, name, isRequest ? await checkedStart(user, before, choices) : choices);
    },
    async restart(user, name) {
      await checkedStart(user, await get(user, name), {});
      return requestRestart(requests, user, name);
    },
    stop: (user, name) => requestStop(requests, user, name),
    create: async (user, name, choices = {}) => createServer(requests, user, name, await checkedChoices(user, choices)),
    change: async (user, name, changes) => changeServer(requests, user, name, await checkedChoices(user, changes)),
    async remove(user, name) {
      const server = await get(user, name);
      // One that runs keeps its files until it has ended (bringDown).
      if (server && !isActive(server) && name !== '') await runtime.removeHome?.(user, name);
      return requestRemoval(requests, user, name);
    },
    async removeAllOf(user, milliseconds) {
      const deadline = performance.now() + milliseconds;
      for (const server of await requestRemovalOfAll(requests, user))
        await settled(user, server.name, deadline - performance.now());
      if ((await readServers(store.db, { users: [user] })).length > 0) return false;
      // Whoever gets the name later must not find their files.
      await runtime.removeHome?.(user, undefined);
      return true;
    },
    settled,
    progress: (user, name, signal) => followProgress({ store, board: life.board, urls: life.urls }, user, name, signal),
    async outdated() {
      const outdated: Server[] = [];
      for (const server of await readServers(store.db, { phases: ['starting', 'ready'] })) {
        // There may be hundreds: others get their turn in between.
        await setImmediate();
        if (server.settingsDigest === null) continue;
        // A profile that is not offered any more is another one at the next start.
        const now = await life.settings.now(server).catch(() => undefined);
        if (now === undefined || digestOf(now) !== server.settingsDigest) outdated.push(server);
      }
      return outdated;
    },
    progressSoFar: (server) => life.board.eventsOf(server.workloadId ?? ''),
    routes: () => life.routes.list(),
    recheck: () => reconciler.resync(),
    async recordActivity(user, reported) {
      const named = Object.keys(reported.servers);
      const known = named.length === 0 ? [] : (await ofUsers([user])).map((server) => server.name);
      const unknown = named.find((name) => !known.includes(name));
      if (unknown !== undefined)
        throw new AtollError('ATOLL_BAD_REQUEST', `No such server '${unknown.slice(0, 255)}' for user ${user}`);
      await activity.record({ user, ...reported });
    },
    recordTraffic(report) {
      for (const [routeId, { lastActivity }] of Object.entries(report.routes)) {
        const server = serverOfRouteId(routeId);
        if (!server) continue;
        const reported = { user: server.user, userActivity: lastActivity, servers: { [server.name]: lastActivity } };
        activity
          .record(reported)
          .catch((error: unknown) => log.error({ error: messageOf(error) }, 'traffic not recorded'));
      }
    },
  };
}

/** Leads every server's path to it again that was ready when the last hub ended and is still there; those of others to the hub. */
async function publishRoutes(life: Life): Promise<void> {
  const ready = await readServers(life.store.db, { phases: ['ready'] });
  const seen = new Map((await life.runtime.list()).map((observation) => [observation.id, observation]));
  for (const server of ready) {
    const observation = seen.get(server.workloadId ?? '');
    if (observation?.phase === 'running') life.routes.put(server.user, server.name, observation);
  }
  for (const { user, name } of await readServers(life.store.db, { named: true })) life.routes.putAtHub(user, name);
}

/** The servers that may need work: those not at rest, and those with a route, should their record be gone. */
async function listWork(life: Life): Promise<string[]> {
  await sweepOrphans(life).catch((error: unknown) =>
    life.log.error({ error: messageOf(error) }, 'servers without a record were not looked for'),
  );
  const active = await readServers(life.store.db, { active: true });
  const routed = life.routes.list().map((route) => serverOfRouteId(route.id));
  return [...active.map((server) => ({ user: server.user, name: server.name })), ...routed]
    .filter((server) => server !== undefined)
    .map(({ user, name }) => fullNameOf(user, name));
}

async function wakeServerOf(life: Life, seen: Observation): Promise<void> {
  if (seen.kind !== 'server') return;
  try {
    const server = await readServerOfWorkload(life.store.db, seen.id);
    if (server) life.wake(fullNameOf(server.user, server.name));
  } catch (error) {
    life.log.error({ workload: seen.id, error: messageOf(error) }, 'an observation was not passed on');
  }
}
