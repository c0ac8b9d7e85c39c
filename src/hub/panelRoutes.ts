import { panelPath } from '../clusters/clusterRoutes.ts';
import type { RouteWriter } from '../edge/protocol.ts';
import { serverOfRouteId } from '../servers/serverPath.ts';

/**
 * The same route table; each server gets a path besides that leads to the hub: `/user/ada/proxy/dask-gateway/`. JupyterLab's
 * Dask panel shows a cluster's own graphs only when their link lies below the server's own `proxy/`;
 * the hub sends whoever follows such a link on to the dashboard.
 */
export function withPanelRoutes(routes: RouteWriter): RouteWriter {
  return {
    put(route) {
      routes.put(route);
      if (route.kind !== 'http' || !serverOfRouteId(route.id)) return;
      const prefix = route.prefix + panelPath;
      const target = { kind: 'hub' } as const;
      routes.put({ ...route, id: panelRouteIdOf(route.id), prefix, target, stripPrefix: false, access: 'open' });
    },
    delete(id) {
      if (serverOfRouteId(id)) routes.delete(panelRouteIdOf(id));
      routes.delete(id);
    },
    revoke: (grant) => routes.revoke(grant),
  };
}

function panelRouteIdOf(serverRouteId: string): string {
  return `panel:${serverRouteId}`;
}
