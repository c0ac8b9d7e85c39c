import type { Route, RouteWriter } from '../edge/protocol.ts';
import type { SchedulerAddress } from './cluster.ts';

/** Below it are the dashboards. */
export const dashboardsPath = '/services/dask-gateway/clusters/';

/** Below a server's own path: links that lead to dashboards, as JupyterLab's Dask panel wants them. */
export const panelPath = 'proxy/dask-gateway/';

/**
 * Where a link of the Dask panel (`/user/ada/proxy/dask-gateway/clusters/NAME/…`) leads; undefined when it is none.
 * @param path still percent-encoded.
 */
export function dashboardOfPanelLink(path: string): string | undefined {
  const [, rest] = /^\/user\/(?:[^/]+\/){1,2}proxy\/dask-gateway\/clusters\/(.+)$/.exec(path) ?? [];
  return rest && dashboardsPath + rest;
}

/** The route of a cluster's dashboard; the name asked for in {@link GrantQuestion}. */
export function dashboardRouteId(clusterName: string): string {
  return `dashboard:${clusterName}`;
}

/** Where people find a cluster's live dashboard. */
export function dashboardPath(clusterName: string): string {
  return `${dashboardsPath}${clusterName}/status`;
}

/** The cluster whose dashboard a route leads to, or undefined when the route is none of a dashboard. */
export function clusterOfDashboardRoute(routeId: string): string | undefined {
  return /^dashboard:(.+)$/.exec(routeId)?.[1];
}

/** The routes of a cluster: Dask's protocol by SNI, unopened, and the dashboard, for those who may view it. */
export function routesOf(clusterName: string, { host, ports }: SchedulerAddress): Route[] {
  const scheduler: Route = {
    kind: 'sni',
    id: schedulerRouteId(clusterName),
    sni: `daskgateway-${clusterName}`,
    target: { kind: 'tcp', host, port: ports.scheduler },
  };
  if (ports.dashboard === null) return [scheduler];
  const dashboard: Route = {
    kind: 'http',
    id: dashboardRouteId(clusterName),
    prefix: `${dashboardsPath}${clusterName}/`,
    target: { kind: 'tcp', host, port: ports.dashboard },
    stripPrefix: true,
    access: 'granted',
  };
  return [scheduler, dashboard];
}

/** Keeps the edge's routes of clusters; tells it only what is new. */
export class ClusterRoutes {
  readonly #writer: RouteWriter;
  readonly #published = new Map<string, string>();

  constructor(writer: RouteWriter) {
    this.#writer = writer;
  }

  /** Makes a cluster reachable. */
  publish(clusterName: string, address: SchedulerAddress): void {
    const key = JSON.stringify(address);
    if (this.#published.get(clusterName) === key) return;
    for (const route of routesOf(clusterName, address)) this.#writer.put(route);
    if (address.ports.dashboard === null) this.#writer.delete(dashboardRouteId(clusterName));
    this.#published.set(clusterName, key);
  }

  /** Makes it unreachable. */
  withdraw(clusterName: string): void {
    if (!this.#published.delete(clusterName)) return;
    this.#writer.delete(schedulerRouteId(clusterName));
    this.#writer.delete(dashboardRouteId(clusterName));
  }
}

/** The cluster to whose scheduler a route leads, or undefined. */
export function clusterOfSchedulerRoute(routeId: string): string | undefined {
  return /^scheduler:(.+)$/.exec(routeId)?.[1];
}

function schedulerRouteId(clusterName: string): string {
  return `scheduler:${clusterName}`;
}
