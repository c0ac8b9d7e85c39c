import type { ActivityReport } from '../protocol.ts';

/** The traffic of one route. */
export class RouteActivity {
  lastActivity = 0;
  requests = 0;
  openConnections = 0;
  /** Something is not reported yet. */
  changed = false;

  /** A request came in. */
  begin(): void {
    this.requests++;
    this.changed = true;
  }

  /** Evidence of use: bytes of a body, WebSocket or TLS connection from the client, or an answer below 300. */
  touch(): void {
    this.lastActivity = Date.now();
    this.changed = true;
  }

  /** A WebSocket or TLS connection was opened. */
  opened(): void {
    this.openConnections++;
    this.touch();
  }

  /** A WebSocket or TLS connection was closed. */
  closed(): void {
    this.openConnections--;
    this.changed = true;
  }
}

/** The traffic of all routes since the last report to the hub. */
export class ActivityBook {
  readonly #routes = new Map<string, RouteActivity>();
  readonly #retired = new Set<string>();

  /** The page of a route; the same one when a route comes back under its id. */
  of(id: string): RouteActivity {
    this.#retired.delete(id);
    let activity = this.#routes.get(id);
    if (activity === undefined) {
      activity = new RouteActivity();
      this.#routes.set(id, activity);
    }
    return activity;
  }

  /** The route is gone: its page goes too, once its last traffic is reported. */
  retire(id: string): void {
    this.#retired.add(id);
  }

  /** What changed since the last report, and forgets it; undefined when nothing did. */
  take(): ActivityReport | undefined {
    const routes: ActivityReport['routes'] = {};
    let found = false;
    for (const [id, activity] of this.#routes) {
      if (activity.changed) {
        found = true;
        const { lastActivity, requests, openConnections } = activity;
        routes[id] = { lastActivity, requests, openConnections };
        activity.requests = 0;
        activity.changed = false;
      }
      if (activity.openConnections === 0 && this.#retired.delete(id)) this.#routes.delete(id);
    }
    return found ? { routes } : undefined;
  }

  /** Puts a report that the hub did not get back, so that the next one holds it too. */
  giveBack(report: ActivityReport): void {
    for (const [id, { lastActivity, requests }] of Object.entries(report.routes)) {
      const retired = this.#retired.has(id) || !this.#routes.has(id);
      const activity = this.of(id);
      activity.lastActivity = Math.max(activity.lastActivity, lastActivity);
      activity.requests += requests;
      activity.changed = true;
      if (retired) this.retire(id);
    }
  }

  /** Lets the next report name every route with open connections: a hub that has just started does not know of them. */
  renew(): void {
    for (const activity of this.#routes.values()) if (activity.openConnections > 0) activity.changed = true;
  }
}
