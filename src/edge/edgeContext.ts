import type { Deadlines } from './connections/deadlines.ts';
import type { UpstreamCounts } from './connections/upstreamPool.ts';
import type { Grants } from './control/grants.ts';
import type { HubGate } from './control/hubGate.ts';
import type { EdgeLimits } from './edgeLimits.ts';
import type { EdgeLog } from './edgeLog.ts';
import type { Client } from './forwarding/client.ts';
import type { HttpEntry, RouteTable } from './routeTable.ts';
import type { TlsTermination } from './tls/tlsTermination.ts';

/** What an edge counts. */
export interface EdgeCounts extends UpstreamCounts {
  /** Requests ever taken. */
  requests: number;
  /** Requests being worked on. */
  exchanges: number;
  /** WebSockets, other upgraded and TLS connections. */
  tunnels: number;
  /** TLS connections whose route is awaited. */
  heldTls: number;
}

/** What all connections of one edge share. */
export interface EdgeContext {
  readonly limits: EdgeLimits;
  readonly log: EdgeLog;
  readonly table: RouteTable;
  /** Where requests without a route go. */
  readonly hub: HttpEntry;
  /** What ends the TLS of connections that are for no scheduler; undefined: nobody does. */
  tls: TlsTermination | undefined;
  /** Hosts that people reach by HTTPS only. */
  readonly secureHosts: readonly string[];
  readonly gate: HubGate;
  readonly grants: Grants;
  readonly deadlines: Deadlines;
  readonly counts: EdgeCounts;
  /** The HTTP connections of clients. */
  readonly clients: Set<Client>;
  /** No further request is taken on a connection: the edge ends. */
  stopping: boolean;
}
