import { isSameTarget } from './connections/target.ts';
import type { UpstreamPool } from './connections/upstreamPool.ts';
import type { ActivityBook, RouteActivity } from './control/activity.ts';
import type { HttpRoute, Route, SniRoute, Target } from './protocol.ts';

/** An HTTP route with what the edge keeps for it. */
export interface HttpEntry {
  route: HttpRoute<Target>;
  /** Number of segments of the prefix. */
  depth: number;
  pool: UpstreamPool;
  activity: RouteActivity;
}

/** A TLS passthrough route with what the edge keeps for it. */
export interface SniEntry {
  route: SniRoute<Target>;
  activity: RouteActivity;
}

interface Node {
  children: Map<string, Node>;
  entry: HttpEntry | undefined;
}

/**
 * Where requests go. HTTP: of the routes for the request's host, or else of those for any host, the one with the longest
 * prefix of whole path segments. TLS: the exact server name, without regard to case.
 */
export class RouteTable {
  readonly #createPool: (target: Target) => UpstreamPool;
  readonly #activity: ActivityBook;
  readonly #http = new Map<string, HttpEntry>();
  readonly #sni = new Map<string, SniEntry>();
  readonly #sniById = new Map<string, SniEntry>();
  readonly #anyHost: Node = createNode();
  readonly #hosts = new Map<string, Node>();
  readonly #sniWaiters = new Map<string, Set<(entry: SniEntry) => void>>();
  /** A snapshot has been received, ever. */
  loaded = false;

  constructor(createPool: (target: Target) => UpstreamPool, activity: ActivityBook) {
    this.#createPool = createPool;
    this.#activity = activity;
  }

  /** Puts exactly these routes in place of all others. */
  replaceAll(routes: Route<Target>[]): void {
    const ids = new Set(routes.map(({ id }) => id));
    for (const id of [...this.#http.keys(), ...this.#sniById.keys()]) if (!ids.has(id)) this.delete(id);
    for (const route of routes) this.put(route);
    this.loaded = true;
  }

  /** Adds a route, or changes the one of the same id. */
  put(route: Route<Target>): void {
    if (route.kind === 'sni') this.#putSni(route);
    else this.#putHttp(route);
  }

  /** Removes a route. Requests under way on it go on. */
  delete(id: string): void {
    this.#deleteHttp(id);
    this.#deleteSni(id);
    this.#activity.retire(id);
  }

  /**
   * The route of a request, or undefined when there is none.
   * @param host as in the Host field
   * @param path not decoded, without the query; checked by `assertPlainPath`
   */
  match(host: string, path: string): HttpEntry | undefined {
    if (this.#hosts.size > 0) {
      const tree = this.#hosts.get(host.replace(/:\d+$/, '').toLowerCase());
      const entry = tree && find(tree, path);
      if (entry !== undefined) return entry;
    }
    return find(this.#anyHost, path);
  }

  /** The TLS passthrough route of a server name. */
  matchSni(name: string): SniEntry | undefined {
    return this.#sni.get(name.toLowerCase());
  }

  /** Calls `found` once when a route for this server name is put; returns a function that gives up waiting. */
  awaitSni(name: string, found: (entry: SniEntry) => void): () => void {
    const key = name.toLowerCase();
    const waiters = this.#sniWaiters.get(key) ?? new Set();
    this.#sniWaiters.set(key, waiters.add(found));
    return () => {
      waiters.delete(found);
      if (waiters.size === 0 && this.#sniWaiters.get(key) === waiters) this.#sniWaiters.delete(key);
    };
  }

  /** Closes the idle connections of all routes. */
  close(): void {
    for (const { pool } of this.#http.values()) pool.close();
  }

  #putHttp(route: HttpRoute<Target>): void {
    const old = this.#http.get(route.id);
    const keepsPool = old !== undefined && isSameTarget(old.route.target, route.target);
    if (old !== undefined) {
      this.#unlink(old);
      if (!keepsPool) old.pool.close();
    }
    this.#deleteSni(route.id);
    const segments = segmentsOf(route.prefix);
    const entry: HttpEntry = {
      route,
      depth: segments.length,
      pool: keepsPool ? old.pool : this.#createPool(route.target),
      activity: this.#activity.of(route.id),
    };
    this.#http.set(route.id, entry);
    let node = this.#treeOf(route.host, true);
    for (const segment of segments) {
      let child = node.children.get(segment);
      if (child === undefined) {
        child = createNode();
        node.children.set(segment, child);
      }
      node = child;
    }
    node.entry = entry;
  }

  #putSni(route: SniRoute<Target>): void {
    this.#deleteHttp(route.id);
    this.#deleteSni(route.id);
    const entry: SniEntry = { route, activity: this.#activity.of(route.id) };
    const key = route.sni.toLowerCase();
    this.#sniById.set(route.id, entry);
    this.#sni.set(key, entry);
    const waiters = this.#sniWaiters.get(key);
    this.#sniWaiters.delete(key);
    for (const found of waiters ?? []) found(entry);
  }

  #deleteHttp(id: string): void {
    const entry = this.#http.get(id);
    if (entry === undefined) return;
    this.#http.delete(id);
    this.#unlink(entry);
    entry.pool.close();
  }

  #deleteSni(id: string): void {
    const entry = this.#sniById.get(id);
    if (entry === undefined) return;
    this.#sniById.delete(id);
    const key = entry.route.sni.toLowerCase();
    if (this.#sni.get(key) === entry) this.#sni.delete(key);
  }

  /** Takes an entry out of its tree, with the branches that then lead nowhere. */
  #unlink(entry: HttpEntry): void {
    const path: { parent: Node; segment: string }[] = [];
    const { host } = entry.route;
    let node = this.#treeOf(host, false);
    for (const segment of segmentsOf(entry.route.prefix)) {
      path.push({ parent: node, segment });
      const child = node.children.get(segment);
      if (child === undefined) return;
      node = child;
    }
    // Another route may have taken the place since.
    if (node.entry === entry) node.entry = undefined;
    for (let step = path.pop(); step !== undefined && isEmpty(node); step = path.pop()) {
      step.parent.children.delete(step.segment);
      node = step.parent;
    }
    if (host !== undefined && isEmpty(this.#treeOf(host, false))) this.#hosts.delete(host.toLowerCase());
  }

  #treeOf(host: string | undefined, create: boolean): Node {
    if (host === undefined) return this.#anyHost;
    const known = this.#hosts.get(host.toLowerCase());
    const tree = known ?? createNode();
    if (known === undefined && create) this.#hosts.set(host.toLowerCase(), tree);
    return tree;
  }
}

/** A request's path and query without the first `depth` segments; begins with `/`. */
export function withoutSegments(pathAndQuery: string, depth: number): string {
  const queryStart = pathAndQuery.indexOf('?');
  const pathEnd = queryStart === -1 ? pathAndQuery.length : queryStart;
  let at = 0;
  for (let segment = 0; segment < depth; segment++) {
    const next = pathAndQuery.indexOf('/', at + 1);
    at = next === -1 || next > pathEnd ? pathEnd : next;
  }
  const rest = pathAndQuery.slice(at);
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function createNode(): Node {
  return { children: new Map(), entry: undefined };
}

function isEmpty(node: Node): boolean {
  return node.entry === undefined && node.children.size === 0;
}

function segmentsOf(prefix: string): string[] {
  return prefix.split('/').slice(1, -1);
}

function find(root: Node, path: string): HttpEntry | undefined {
  const encoded = path.includes('%');
  let best = root.entry;
  let node = root;
  let start = 1;
  while (start <= path.length && node.children.size > 0) {
    let end = path.indexOf('/', start);
    if (end === -1) end = path.length;
    const segment = path.slice(start, end);
    const child = node.children.get(encoded ? decodeSegment(segment) : segment);
    if (child === undefined) break;
    node = child;
    if (node.entry !== undefined) best = node.entry;
    start = end + 1;
  }
  return best;
}

/**
 * A segment decoded by itself, so that an encoded slash stays inside it and cannot match a longer prefix. What is no
 * UTF-8 stays encoded, and matches no route.
 */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
