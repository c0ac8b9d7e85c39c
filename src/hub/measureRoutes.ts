import type { RouteWriter } from '../edge/protocol.ts';
import type { Metrics } from '../observability/metrics/metrics.ts';

/** The same route table; what is put there and taken away is measured. */
export function measureRoutes(routes: RouteWriter, metrics: Metrics): RouteWriter {
  return {
    put(route) {
      const begun = performance.now();
      routes.put(route);
      metrics.observe('jupyterhub_proxy_add_duration_seconds', (performance.now() - begun) / 1000, {
        status: 'success',
      });
    },
    delete(id) {
      const begun = performance.now();
      routes.delete(id);
      metrics.observe('jupyterhub_proxy_delete_duration_seconds', (performance.now() - begun) / 1000, {
        status: 'success',
      });
    },
    revoke: (grant) => routes.revoke(grant),
  };
}
