import type { RouteWriter } from '../edge/protocol.ts';

/**
 * The same route table, below the hub's base.
 * @param base begins and ends with `/`
 */
export function withBase(routes: RouteWriter, base: string): RouteWriter {
  if (base === '/') return routes;
  return {
    put: (route) => routes.put(route.kind === 'http' ? { ...route, prefix: base + route.prefix.slice(1) } : route),
    delete: (id) => routes.delete(id),
    revoke: (grant) => routes.revoke(grant),
  };
}
