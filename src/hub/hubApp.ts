import { Hono } from 'hono';
import { authenticateGatewayRequest, type GatewaySignIn } from '../api/gateway/authenticateGatewayRequest.ts';
import { createGatewayApi } from '../api/gateway/createGatewayApi.ts';
import { createHubApi } from '../api/hub/createHubApi.ts';
import { proxyApi } from '../api/hub/proxyApi.ts';
import type { UserWorkloads } from '../api/hub/serverDirectory.ts';
import { serversApi } from '../api/hub/serversApi.ts';
import { serversDirectory } from '../api/hub/serversDirectory.ts';
import { auditApi } from '../api/operations/auditApi.ts';
import { metricsApi } from '../api/operations/metricsApi.ts';
import { settingsApi } from '../api/operations/settingsApi.ts';
import type { Clusters } from '../clusters/clusters.ts';
import type { LiveSettings } from '../config/live.ts';
import type { ClusterSettings } from '../config/settings.ts';
import type { SettingsReport } from '../config/settingsReport.ts';
import { version } from '../core/version.ts';
import type { Route } from '../edge/protocol.ts';
import type { Identity } from '../identity/identity.ts';
import { apiPrefix } from '../identity/urls.ts';
import type { Logger } from '../observability/logger.ts';
import { noteRoute } from '../observability/requestRoutes.ts';
import { adminPages } from '../pages/admin/adminPages.ts';
import { clustersPages } from '../pages/clusters/clustersPages.ts';
import { createPages } from '../pages/createPages.ts';
import { serversPages } from '../pages/servers/serversPages.ts';
import type { ServerProfiles } from '../servers/profiles/serverProfiles.ts';
import type { Servers } from '../servers/servers.ts';
import type { Operations } from './operations.ts';

/** Where the gateway's API is: where daskhub has it, so that people's addresses stay good. */
export const gatewayPath = '/services/dask-gateway';

/** The parts that {@link createHubApp} puts together. */
export interface HubParts {
  identity: Identity;
  servers: Servers;
  clusters: Clusters;
  profiles: ServerProfiles;
  settings: LiveSettings;
  settingsReport: () => SettingsReport;
  operations: Pick<Operations, 'metrics' | 'audit'>;
  /** The hub's route table. */
  routes: { list(): readonly Route[] };
  log: Logger;
  /** Begins to end the program; returns at once. */
  shutDown(options: { servers: boolean }): void;
}

/** All that the hub answers over HTTP: pages, the hub's API and the gateway's, as one function from request to response. */
export function createHubApp(parts: HubParts): (request: Request) => Response | Promise<Response> {
  const { identity, servers, profiles, clusters, log } = parts;
  const { metrics, audit } = parts.operations;
  const settings = parts.settings.part((current) => current.servers);
  const directory = serversDirectory(servers, identity.urls);
  // Servers last: what a person's clusters still write goes with the volumes of their servers.
  const workloads: UserWorkloads[] = [clusters, directory];
  const pages = createPages(
    { identity, log, settingsReport: parts.settingsReport },
    // Before the pages of servers, below whose paths are links to dashboards.
    clustersPages({ clusters }),
    serversPages({ servers, identity, profiles, settings }),
    adminPages({ identity, servers, workloads, audit }),
  );
  const api = createHubApi(
    { identity, servers: directory, workloads, shutDown: (options) => parts.shutDown(options), log },
    serversApi({ servers, identity, settings }),
    proxyApi({ routes: parts.routes, servers, urls: identity.urls }),
    metricsApi({ metrics, authenticate: parts.settings.current.operations.authenticateMetrics }),
    auditApi({ audit }),
    settingsApi({ servers, report: parts.settingsReport }),
  );
  const gateway = createGatewayApi({
    clusters,
    authenticate: (request) =>
      authenticateGatewayRequest(identity, request, gatewaySignIn(parts.settings.current.clusters)),
    version,
    log,
  });
  const app = new Hono();
  app.route('/', pages.app);
  app.mount(gatewayPath, (request) => gateway.fetch(request));
  app.get('/hub/metrics', (c) => {
    noteRoute(c.req.raw, '/hub/metrics');
    return api.fetch(new Request(new URL(`${apiPrefix}/metrics`, c.req.url), c.req.raw));
  });
  app.route('/', api);
  app.notFound((c) => pages.notFound(c.req.raw));
  return (request) => app.fetch(request);
}

function gatewaySignIn({ simpleSignIn, sharedPassword }: ClusterSettings): GatewaySignIn {
  return simpleSignIn && sharedPassword !== undefined ? { sharedPassword } : {};
}
