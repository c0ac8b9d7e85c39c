import { isDeepStrictEqual } from 'node:util';
import type { HttpRoute, RouteWriter } from '../edge/protocol.ts';
import type { Observation } from '../runtimes/contract.ts';
import { serverRouteIdOf, serverRoutePrefixOf } from './serverPath.ts';

/** The routes of servers that this hub has published; tells the edge of changes only. */
export class PublishedRoutes {
  readonly #writer: RouteWriter;
  readonly #routes = new Map<string, HttpRoute>();

  constructor(writer: RouteWriter) {
    this.#writer = writer;
  }

  /** Leads a server's path to where it was observed; does nothing while its address is not known. */
  put(user: string, name: string, seen: Observation): void {
    const port = seen.ports.http;
    if (seen.host === undefined || port === undefined) return;
    const route: HttpRoute = {
      kind: 'http',
      id: serverRouteIdOf(user, name),
      prefix: serverRoutePrefixOf(user, name),
      target: { kind: 'tcp', host: seen.host, port },
      stripPrefix: false,
      // The server itself sends its viewers to sign in.
      access: 'open',
    };
    if (isDeepStrictEqual(this.#routes.get(route.id), route)) return;
    this.#routes.set(route.id, route);
    this.#writer.put(route);
  }

  /** Takes a server's route away, if it has one. */
  delete(user: string, name: string): void {
    const id = serverRouteIdOf(user, name);
    if (this.#routes.delete(id)) this.#writer.delete(id);
  }

  /** All routes published now. */
  list(): HttpRoute[] {
    return [...this.#routes.values()];
  }
}
