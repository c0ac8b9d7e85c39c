import { isDeepStrictEqual } from 'node:util';
import type { HttpRoute, RouteWriter } from '../edge/protocol.ts';
import type { PublicUrls } from '../identity/publicUrls.ts';
import type { Observation } from '../runtimes/contract.ts';
import { fullNameOf, serverRouteIdOf, serverRoutePrefixOf } from './serverPath.ts';

/**
 * First parts of the paths of Jupyter's own pages. A stopped server of such a name gets no route: it would hide those pages
 * of the default server.
 */
const ownPaths = new Set([
  'api',
  'consoles',
  'doc',
  'edit',
  'files',
  'hub',
  'kernelspecs',
  'lab',
  'login',
  'logout',
  'lsp',
  'metrics',
  'nbconvert',
  'notebooks',
  'proxy',
  'static',
  'terminals',
  'tree',
  'view',
]);

/**
 * The routes of servers that this hub has published; tells the edge of changes only. The path of a named server that does not
 * run leads to the hub, which says so; without that it would lead to the default server, whose path it lies below.
 */
export class PublishedRoutes {
  readonly #writer: RouteWriter;
  readonly #urls: PublicUrls;
  readonly #routes = new Map<string, HttpRoute>();
  /** Full names of those whose path leads to the hub. */
  readonly #atHub = new Set<string>();

  constructor(writer: RouteWriter, urls: PublicUrls) {
    this.#writer = writer;
    this.#urls = urls;
  }

  /** Leads a server's path to where it was observed; does nothing while its address is not known. */
  put(user: string, name: string, seen: Observation): void {
    const port = seen.ports.http;
    if (seen.host === undefined || port === undefined) return;
    const route = this.#routeOf(serverRouteIdOf(user, name), user, name, { kind: 'tcp', host: seen.host, port });
    if (isDeepStrictEqual(this.#routes.get(route.id), route)) return;
    this.#routes.set(route.id, route);
    this.#writer.put(route);
    this.#takeFromHub(user, name);
  }

  /** Leads the path of a server without a route to the hub, where it is a named one. */
  putAtHub(user: string, name: string): void {
    const fullName = fullNameOf(user, name);
    if (name === '' || ownPaths.has(name) || this.#atHub.has(fullName)) return;
    if (this.#routes.has(serverRouteIdOf(user, name))) return;
    this.#atHub.add(fullName);
    this.#writer.put(this.#routeOf(hubRouteIdOf(fullName), user, name, { kind: 'hub' }));
  }

  /** Takes a server's route away, if it has one; the server itself stays. */
  delete(user: string, name: string): void {
    const id = serverRouteIdOf(user, name);
    const had = this.#routes.delete(id);
    // First, so that nothing comes to the default server in between.
    this.putAtHub(user, name);
    if (had) this.#writer.delete(id);
  }

  /** Takes all routes of a server away that is not there any more. */
  forget(user: string, name: string): void {
    const id = serverRouteIdOf(user, name);
    if (this.#routes.delete(id)) this.#writer.delete(id);
    this.#takeFromHub(user, name);
  }

  /** All routes to servers that are published now. */
  list(): HttpRoute[] {
    return [...this.#routes.values()];
  }

  #takeFromHub(user: string, name: string): void {
    const fullName = fullNameOf(user, name);
    if (this.#atHub.delete(fullName)) this.#writer.delete(hubRouteIdOf(fullName));
  }

  #routeOf(id: string, user: string, name: string, target: HttpRoute['target']): HttpRoute {
    const host = this.#urls.userHost(user);
    return {
      kind: 'http',
      id,
      ...(host !== undefined && { host }),
      prefix: serverRoutePrefixOf(user, name),
      target,
      stripPrefix: false,
      // The server itself sends its viewers to sign in.
      access: 'open',
    };
  }
}

function hubRouteIdOf(fullName: string): string {
  return `stopped:${fullName}`;
}
