import { userInfo } from 'node:os';
import type { BridgeHolder } from '../bridge/bridgeHolder.ts';
import type { KnownPython } from '../bridge/messages.ts';
import { createClusters } from '../clusters/clusters.ts';
import { declaredOptions } from '../clusters/declaredOptions.ts';
import { LiveSettings } from '../config/live.ts';
import type { Settings } from '../config/settings.ts';
import type { ChangedSetting } from '../config/settingsReport.ts';
import { type DataFolder, secretOf } from '../core/dataFolder.ts';
import { AtollError, messageOf } from '../core/errors.ts';
import { Sealer } from '../core/sealer.ts';
import { createControlListener } from '../edge/control/controlListener.ts';
import { RoutePublisher } from '../edge/control/routePublisher.ts';
import type { ActivityReport, RouteWriter } from '../edge/protocol.ts';
import { createIdentity, type Identity } from '../identity/identity.ts';
import type { Logger } from '../observability/logger.ts';
import { createServerProfiles } from '../servers/profiles/serverProfiles.ts';
import { countRefusals } from '../servers/serverMetrics.ts';
import { createServers } from '../servers/servers.ts';
import { createHubServices } from '../services/hubServices.ts';
import { relayPort } from '../services/serviceRelay.ts';
import type { Store } from '../store/store.ts';
import { answerGrant } from './answerGrant.ts';
import { clusterOptionNames } from './clusterOptionNames.ts';
import { healthRoutes } from './healthRoutes.ts';
import { createHubApp, gatewayPath } from './hubApp.ts';
import { closeServer, listenOn, type NetworkAddress } from './listen.ts';
import { measureRequests } from './measureRequests.ts';
import { measureRoutes } from './measureRoutes.ts';
import { openRuntimes } from './openRuntimes.ts';
import { openStore } from './openStore.ts';
import { openOperations } from './operations.ts';
import { withPanelRoutes } from './panelRoutes.ts';
import { clusterOptionsFrom } from './python/clusterOptions.ts';
import { profileSourceFrom } from './python/profileSource.ts';
import { serverHooksFrom } from './python/serverHooks.ts';
import { signInHooksFrom } from './python/signInHooks.ts';
import { requestListener } from './requestListener.ts';
import { servedBelow } from './servedBelow.ts';
import { type ReloadOutcome, SettingsReload } from './settingsReload.ts';
import { stopWorkloads, stopWorkloadsOf } from './stopWorkloads.ts';
import { withBase } from './withBase.ts';

/** What {@link startHub} needs. */
export interface HubOptions {
  folder: DataFolder;
  settings: Settings;
  /** Runs the Python of the settings, which is loaded already; ends with the hub. */
  python: BridgeHolder;
  /** The Python that services run with where servers and clusters are pods. Undefined: the one of Atoll's environment. */
  servicePython?: string;
  /** Where the edge answers, as servers and clusters on this machine reach it, without path and final slash. */
  url: string;
  /** Where the hub listens for edges that do not share its data folder. Undefined: on sockets in that folder. */
  edgeElsewhere?: EdgeElsewhere;
  log: Logger;
  /** Asks the program to end. */
  shutDown: (options: { workloads: boolean }) => void;
  /** Ends the program at once, for it to be started again: the database is lost, and what is remembered of it may be wrong. */
  storeLost: (error: Error) => void;
}

/** How edges on other machines, or in other pods, reach the hub. */
export interface EdgeElsewhere {
  /** For what no route claims. */
  http: NetworkAddress;
  /** For routes, grants and activity. */
  control: NetworkAddress;
  /** What the control listener asks for. */
  controlToken: string;
}

/** A running hub. */
export interface Hub {
  identity: Identity;
  /** Where people reach it: the address that the settings name, else the edge's; with the base, without a final slash. */
  url: string;
  /** Sentences that the operator should read at start: what is not isolated, what is not configured. */
  notes: string[];
  /** Makes a link that signs the person in, once; returns its URL. */
  makeLoginLink(userName: string): Promise<string>;
  /** Puts other settings into force; see {@link SettingsReload}. */
  settings: Pick<SettingsReload, 'refuse' | 'wait' | 'settle'> & {
    apply(settings: Settings, changes: readonly ChangedSetting[], python?: KnownPython): Promise<ReloadOutcome>;
  };
  /** Stops working; workloads go on, unless `workloads`. */
  stop(workloads: boolean): Promise<void>;
}

/** As long as answers under way may take when the hub ends. */
const goodbyeMs = 2000;
const stopWorkloadsMs = 60_000;
/** Within the time that `up` gives the hub to end. */
const stopServicesMs = 8000;

/** Opens the store, adopts what runs, and begins to answer. Nothing is reachable before everything known is loaded. */
export async function startHub({
  folder,
  settings,
  python,
  servicePython,
  url,
  edgeElsewhere,
  log,
  shutDown,
  storeLost,
}: HubOptions): Promise<Hub> {
  const store = await openStore({ folder, database: settings.database, onLost: storeLost });
  const sealer = new Sealer(secretOf(folder, 'sealing-key'));
  const publisher = new RoutePublisher();
  const operations = await openOperations(store, folder, settings.operations, log);
  const { metrics } = operations;
  publisher.trust(settings.edge.trustedProxies);
  const live = new LiveSettings(withOwner(settings));
  const runtimes = await openRuntimes({
    folder,
    settings: live,
    hubUrl: url,
    ...(servicePython !== undefined && { servicePython }),
    log,
  });
  const runtime = runtimes.workloads;
  const identity = await createIdentity({
    store,
    settings: live.current,
    sealer,
    log,
    hooks: signInHooksFrom(python),
  });
  const { urls } = identity;
  const base = urls.base.slice(0, -1);
  const hubUrl = url + base;
  const peoplesUrl = (urls.origin || url) + base;
  const routes = withPanelRoutes(withBase(measureRoutes(publisher, metrics), urls.base));
  for (const route of healthRoutes) routes.put(route);
  const profiles = createServerProfiles({
    settings: live,
    source: profileSourceFrom({ holder: python, identity, settings: live, hubUrl, urls }),
    personOf: (name) => identity.principalOf(name),
  });
  const plainServers = createServers({
    store,
    runtime,
    routes,
    log,
    credentials: identity,
    settings: live.part((current) => current.servers),
    profiles,
    hooks: serverHooksFrom({ holder: python, identity, settings: live, hubUrl, urls, log }),
    clusterOptionNames: (name) => clusterOptionNames(identity, clusters, name),
    hubUrl,
    urls,
  });
  const servers = countRefusals(plainServers, metrics);
  const clusters = createClusters({
    store,
    runtime,
    routes,
    sealer,
    settings: live.part((current) => current.clusters),
    gatewayUrl: hubUrl + gatewayPath,
    optionsFor: clusterOptionsFrom(python, (user) => declaredOptions(live.current.clusters.options, user)),
    log,
  });
  const services = createHubServices({
    store,
    runtime: runtimes.services,
    routes,
    identity,
    settings: settings.services,
    hubUrl,
    ...(edgeElsewhere && { relay: { host: edgeElsewhere.http.host, port: relayPort } }),
    log,
  });
  const openingServers = performance.now();
  await servers.open();
  metrics.observe('jupyterhub_init_spawners_duration_seconds', (performance.now() - openingServers) / 1000);
  await clusters.open();
  await services.open();
  revokeGrants(store, routes);
  // Their logins and tokens have ended already.
  for (const name of identity.policy.blocked) await stopWorkloadsOf(servers, clusters, name);
  identity.authRefresh.whenLost(({ name }) => stopWorkloadsOf(servers, clusters, name));
  identity.authRefresh.start();
  const makeLoginLink = loginLinks(identity, peoplesUrl);
  const reload = new SettingsReload({ live, python, identity, servers, publisher, log });

  const measured = measureRequests(
    createHubApp({
      identity,
      servers,
      profiles,
      clusters,
      settings: live,
      routes: publisher,
      settingsReport: () => reload.report,
      log,
      operations,
      shutDown: ({ servers: workloads }) => {
        // Not waited for: the hub ends whether or not it can be written down.
        void noteShutDown(store, workloads, log);
        shutDown({ workloads });
      },
    }),
    metrics,
  );
  const app = servedBelow(urls, measured);
  const hubServer = await listenOn(edgeElsewhere?.http ?? folder.hubSocket, requestListener(app));
  const controlServer = await listenOn(
    edgeElsewhere?.control ?? folder.controlSocket,
    createControlListener({
      publisher,
      token: edgeElsewhere?.controlToken ?? secretOf(folder, 'control-token').toString('hex'),
      onActivity: (report: ActivityReport) => {
        servers.recordTraffic(report);
        clusters.recordTraffic(report);
        operations.countTraffic(report);
      },
      answerGrant: (question) => answerGrant({ identity, clusters, answer: app }, question),
      operatorCalls: { '/login-links': async (body) => ({ url: await makeLoginLink(userNameIn(body)) }) },
      onError: (error) => log.error({ error: messageOf(error) }, 'control request failed'),
    }),
  );
  const stopWarmUps = runtimes.warmUp({ store, identity });

  metrics.observe('jupyterhub_hub_startup_duration_seconds', process.uptime());

  return {
    identity,
    url: peoplesUrl,
    notes: runtimes.notes,
    makeLoginLink,
    settings: {
      apply: (changed, changes, changedPython) => reload.apply(withOwner(changed), changes, changedPython),
      refuse: (problems) => reload.refuse(problems),
      wait: (changes) => reload.wait(changes),
      settle: () => reload.settle(),
    },
    async stop(workloads) {
      stopWarmUps();
      await services.close();
      await services.stopAll(stopServicesMs);
      if (workloads) {
        await stopWorkloads(servers, clusters, stopWorkloadsMs);
        await runtimes.rest();
      }
      await clusters.close();
      await servers.close();
      await Promise.all([closeServer(hubServer, goodbyeMs), closeServer(controlServer, 0)]);
      python.close();
      await runtimes.close();
      await identity.close();
      await operations.close();
      await store.close();
    },
  };
}

async function noteShutDown(store: Store, workloads: boolean, log: Logger): Promise<void> {
  try {
    await store.write(({ audit }) => audit({ action: 'hub.shut-down', details: { workloads } }));
  } catch (error) {
    log.error({ error: messageOf(error) }, 'the end of the hub is not in the audit log');
  }
}

/** Without any settings the person who started Atoll is its administrator, so that somebody can sign in. */
function withOwner(settings: Settings): Settings {
  if (settings.authentication.configured || settings.authentication.adminUsers.length > 0) return settings;
  return { ...settings, authentication: { ...settings.authentication, adminUsers: [operatorName()] } };
}

/** The person who started Atoll, as a user name. */
export function operatorName(): string {
  return userInfo().username.toLowerCase();
}

/** A logout or a revoked token ends at once what the edge lets through because of it. */
function revokeGrants(store: Store, routes: RouteWriter): void {
  store.changes.follow('sessions', (id) => routes.revoke(`session:${id}`));
  store.changes.follow('tokens', (id) => routes.revoke(`token:${id}`));
}

function loginLinks(identity: Identity, url: string): (userName: string) => Promise<string> {
  return async (userName) => {
    const name = identity.toUserName(userName);
    const user = name === undefined ? undefined : await identity.users.get(name);
    if (!user)
      throw new AtollError('ATOLL_NOT_FOUND', `There is no user ${userName}.`, {
        nextStep: 'Check the name. Users are those who signed in before, and those whom the settings name.',
      });
    return url + (await identity.links.create(user)).path;
  };
}

function userNameIn(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'user' in body && typeof body.user === 'string') return body.user;
  return operatorName();
}
