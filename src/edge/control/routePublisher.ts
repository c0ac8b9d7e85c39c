import type { Route, RouteEvent, RouteWriter } from '../protocol.ts';

/** Someone who follows the routes: a connection to an edge. */
export interface RouteSubscriber {
  /** Takes one line of NDJSON. Returns false when it is too far behind; it is then forgotten, and must subscribe anew. */
  write(line: string): boolean;
}

/** Revocations told again after a reconnection: an edge may have been cut off when they happened. */
const keptRevocations = 1000;

/** The hub's route table in memory, told to any number of edges: a snapshot first, then each change in order. */
export class RoutePublisher implements RouteWriter {
  readonly #routes = new Map<string, { route: Route; json: string }>();
  readonly #subscribers = new Set<RouteSubscriber>();
  readonly #revoked = new Set<string>();
  #trustedProxies: readonly string[] | undefined;

  put(route: Route): void {
    const json = JSON.stringify(route);
    if (this.#routes.get(route.id)?.json === json) return;
    this.#routes.set(route.id, { route, json });
    this.#tell(lineOf({ type: 'put', route }));
  }

  delete(id: string): void {
    if (this.#routes.delete(id)) this.#tell(lineOf({ type: 'delete', id }));
  }

  revoke(grant: string): void {
    this.#revoked.delete(grant);
    this.#revoked.add(grant);
    if (this.#revoked.size > keptRevocations) this.#revoked.delete(this.#revoked.values().next().value as string);
    this.#tell(lineOf({ type: 'revoke', grant }));
  }

  /** Names the proxies in front of the edges, whose X-Forwarded fields count: addresses and networks. */
  trust(proxies: readonly string[]): void {
    this.#trustedProxies = proxies;
    this.#tell(lineOf({ type: 'trust', proxies }));
  }

  /** The route with this id. */
  get(id: string): Route | undefined {
    return this.#routes.get(id)?.route;
  }

  /** All routes, in the order of their first publication. */
  list(): Route[] {
    return [...this.#routes.values()].map(({ route }) => route);
  }

  /** Number of edges that follow now. */
  get subscribers(): number {
    return this.#subscribers.size;
  }

  /** Begins to tell a subscriber; returns a function that ends it. */
  subscribe(subscriber: RouteSubscriber): () => void {
    const trusted = this.#trustedProxies && { trustedProxies: this.#trustedProxies };
    const lines = [lineOf({ type: 'snapshot', routes: this.list(), ...trusted })];
    for (const grant of this.#revoked) lines.push(lineOf({ type: 'revoke', grant }));
    if (subscriber.write(lines.join(''))) this.#subscribers.add(subscriber);
    return () => void this.#subscribers.delete(subscriber);
  }

  #tell(line: string): void {
    for (const subscriber of this.#subscribers) if (!subscriber.write(line)) this.#subscribers.delete(subscriber);
  }
}

function lineOf(event: RouteEvent): string {
  return `${JSON.stringify(event)}\n`;
}
