/**
 * What hub and edge say to each other, over the hub's control socket (HTTP/1.1 over a Unix socket or TCP):
 *
 *   GET  /routes    -> application/x-ndjson, one {@link RouteEvent} a line, the first a snapshot; stays open. An empty
 *                      line every 10 s says that the other side lives.
 *   POST /activity  <- {@link ActivityReport}
 *   POST /grants    <- {@link GrantQuestion} -> {@link GrantAnswer}
 *
 * Each request carries `Authorization: Bearer <control token>`. While the hub is away, the edge goes on with what it
 * knows, and keeps its reports; when the hub is back, it gets a snapshot and the recent revocations.
 */

/** Where bytes go. */
export type Target = { kind: 'tcp'; host: string; port: number } | { kind: 'unix'; path: string };

/** Where a route leads: an address; or the hub, where the edge reaches it (or another `port` of that host). */
export type RouteTarget = Target | { kind: 'hub'; port?: number };

/**
 * An HTTP route: of those for the request's host, or else of those for any host, the one with the longest matching path
 * prefix (whole segments) wins. Requests without a route go to the hub.
 */
export interface HttpRoute<To = RouteTarget> {
  kind: 'http';
  /** Stable and unique, such as `server:ada/` or `dashboard:3f…`. Activity is reported under it. */
  id: string;
  /** Only requests with this Host (without port, lower case). Undefined: any. */
  host?: string;
  /** Begins and ends with `/`, percent-decoded. */
  prefix: string;
  target: To;
  /** Removes the prefix (leaving a `/`) before forwarding. */
  stripPrefix: boolean;
  /**
   * What must hold before a request is forwarded. `open`: nothing, the target checks for itself. `granted`: the hub is
   * asked once per credential ({@link GrantQuestion}); the viewer's hub cookies and Authorization are not passed on.
   */
  access: 'open' | 'granted';
}

/** A TLS passthrough route: connections whose ClientHello names `sni` are spliced to the target, unopened. */
export interface SniRoute<To = RouteTarget> {
  kind: 'sni';
  id: string;
  sni: string;
  target: To;
}

export type Route<To = RouteTarget> = HttpRoute<To> | SniRoute<To>;

/** A change of the route table. */
export type RouteEvent =
  /** `trustedProxies` as in `trust`; undefined: those that the edge was started with. */
  | { type: 'snapshot'; routes: Route[]; trustedProxies?: readonly string[] }
  | { type: 'put'; route: Route }
  | { type: 'delete'; id: string }
  /** Addresses and networks of proxies in front, whose X-Forwarded fields count from the next request on. */
  | { type: 'trust'; proxies: readonly string[] }
  /** Forget every grant given under this name (a session or token id), and close the connections that rest on it. */
  | { type: 'revoke'; grant: string };

/** Traffic since the last report, by route id. */
export interface ActivityReport {
  routes: Record<
    string,
    {
      /**
       * Milliseconds since the epoch of the last byte of a request's body, a WebSocket or a TLS connection from a
       * client, or of the last answer below 300; 0 when there was none yet.
       */
      lastActivity: number;
      /** Requests begun since the last report. */
      requests: number;
      /** WebSockets and TLS connections open now. */
      openConnections: number;
    }
  >;
}

/** May this request pass to a `granted` route? */
export interface GrantQuestion {
  routeId: string;
  method: string;
  /** Path and query as the client sent them. */
  path: string;
  /** The request's `cookie`, `authorization`, `origin`, `host`, `accept`, `sec-fetch-*` and `x-forwarded-*` headers. */
  headers: Record<string, string>;
}

export type GrantAnswer =
  | {
      allowed: true;
      /** Seconds during which the edge need not ask again for the same credential and route. */
      ttlSeconds: number;
      /** The name under which the hub may revoke it. */
      grant: string;
    }
  | {
      allowed: false;
      /** What the edge answers instead: a redirect to the sign-in, a 403 or a 404. */
      response: { status: number; headers: Record<string, string>; body: string };
    };

/** The hub's side of the route table. Changes reach every edge in the order they are made. */
export interface RouteWriter {
  put(route: Route): void;
  delete(id: string): void;
  revoke(grant: string): void;
}
