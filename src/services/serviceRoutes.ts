import type { HttpRoute, RouteTarget, RouteWriter } from '../edge/protocol.ts';
import { gatewayServiceName } from '../identity/roles/defaultRoles.ts';
import type { Service } from '../identity/services.ts';
import { addressOf } from './servicePlaces.ts';

/** The routes of services: `/services/NAME/` leads to the service's address. Services check for themselves who asks. */
export class ServiceRoutes {
  readonly #writer: RouteWriter;
  readonly #inPod: { has(name: string): boolean };
  readonly #relayPort: number;
  readonly #published = new Set<string>();

  /**
   * @param inPod names of services that edges reach by way of the hub
   * @param relayPort where the hub passes their connections on
   */
  constructor(writer: RouteWriter, inPod: { has(name: string): boolean }, relayPort: number) {
    this.#writer = writer;
    this.#inPod = inPod;
    this.#relayPort = relayPort;
  }

  /** Publishes the routes of exactly these services. */
  publish(services: readonly Service[]): void {
    const routes = services.map((service) => this.#routeOf(service)).filter((route) => route !== undefined);
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
  /** Undefined for a service without an address, and for Dask clusters: Atoll itself answers there. */
  #routeOf({ name, url, prefix }: Service): HttpRoute | undefined {
    if (url === undefined || name === gatewayServiceName) return undefined;
    const target: RouteTarget = this.#inPod.has(name)
      ? { kind: 'hub', port: this.#relayPort }
      : { kind: 'tcp', ...addressOf(url) };
    return { kind: 'http', id: `service:${name}`, prefix, target, stripPrefix: false, access: 'open' };
  }
}
