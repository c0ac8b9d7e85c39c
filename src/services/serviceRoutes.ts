import type { HttpRoute, RouteWriter } from '../edge/protocol.ts';
import { gatewayServiceName } from '../identity/roles/defaultRoles.ts';
import type { Service } from '../identity/services.ts';

/** The routes of services: `/services/NAME/` leads to the service's address. Services check for themselves who asks. */
export class ServiceRoutes {
  readonly #writer: RouteWriter;
  readonly #published = new Set<string>();

  constructor(writer: RouteWriter) {
    this.#writer = writer;
  }

  /** Publishes the routes of exactly these services. */
  publish(services: readonly Service[]): void {
    const routes = services.map(routeOf).filter((route) => route !== undefined);
    const wanted = new Set(routes.map(({ id }) => id));
    for (const id of this.#published)
      if (!wanted.has(id)) {
        this.#published.delete(id);
        this.#writer.delete(id);
      }
    for (const route of routes) {
      this.#published.add(route.id);
      this.#writer.put(route);
    }
  }
}

/** Undefined for a service without an address, and for Dask clusters: Atoll itself answers there. */
function routeOf({ name, url, prefix }: Service): HttpRoute | undefined {
  if (url === undefined || name === gatewayServiceName) return undefined;
  return {
    kind: 'http',
    id: `service:${name}`,
    prefix,
    target: { kind: 'tcp', ...addressOf(url) },
    stripPrefix: false,
    access: 'open',
  };
}

/** Where the program behind an `http://` URL takes connections. */
export function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80) };
}
