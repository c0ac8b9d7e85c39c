import type { HttpRoute, RouteTarget, RouteWriter } from '../edge/protocol.ts';
import type { PublicUrls } from '../identity/publicUrls.ts';
import { gatewayServiceName } from '../identity/roles/defaultRoles.ts';
import type { Service } from '../identity/services.ts';
import { addressOf } from './servicePlaces.ts';

/** The routes of services: `/services/NAME/` leads to the service's address. Services check for themselves who asks. */
export class ServiceRoutes {
  readonly #writer: RouteWriter;
  readonly #urls: PublicUrls;
  readonly #inPod: { has(name: string): boolean };
  readonly #relayPort: number;
  readonly #published = new Set<string>();

  /**
   * @param inPod names of services that edges reach by way of the hub
   * @param relayPort where the hub passes their connections on
   */
  constructor(writer: RouteWriter, urls: PublicUrls, inPod: { has(name: string): boolean }, relayPort: number) {
    this.#writer = writer;
    this.#urls = urls;
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
  #routeOf({ name, url }: Service): HttpRoute | undefined {
    if (url === undefined || name === gatewayServiceName) return undefined;
    const target: RouteTarget = this.#inPod.has(name)
      ? { kind: 'hub', port: this.#relayPort }
      : { kind: 'tcp', ...addressOf(url) };
    const host = this.#urls.serviceHost(name);
    return {
      kind: 'http',
      id: `service:${name}`,
      ...(host !== undefined && { host }),
      prefix: `/services/${name}/`,
      target,
      stripPrefix: false,
      access: 'open',
    };
  }
}
