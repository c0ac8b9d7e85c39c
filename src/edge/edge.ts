import { createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '../core/errors.ts';
import { acceptConnection, acceptDecrypted } from './acceptConnection.ts';
import { Deadlines } from './connections/deadlines.ts';
import { withAddress } from './connections/target.ts';
import { UpstreamPool } from './connections/upstreamPool.ts';
import { Wire } from './connections/wire.ts';
import { ActivityBook, RouteActivity } from './control/activity.ts';
import { Grants } from './control/grants.ts';
import { HubGate } from './control/hubGate.ts';
import { HubLink } from './control/hubLink.ts';
import type { EdgeContext, EdgeCounts } from './edgeContext.ts';
import { defaultLimits, type EdgeLimits } from './edgeLimits.ts';
import type { EdgeLog } from './edgeLog.ts';
import { TrustedProxies } from './forwarding/trustedProxies.ts';
import type { RouteEvent, Target } from './protocol.ts';
import { RouteTable } from './routeTable.ts';
import type { TlsFiles } from './tls/tlsFiles.ts';
import type { TlsTermination } from './tls/tlsTermination.ts';

/** What an edge needs to know. */
export interface EdgeOptions {
  /** Where clients connect, HTTP and TLS on the same port; port 0 takes a free one. */
  host: string;
  port: number;
  /** The hub's public HTTP listener: everything without a route goes there. */
  hub: Target;
  /** The hub's control socket. */
  control: Target;
  /** The secret that the control socket asks for. */
  controlToken: string;
  /** Addresses and networks (`10.0.0.0/8`) of proxies in front, whose X-Forwarded fields count until the hub names others. Default: none. */
  trustedProxies?: string[];
  /** With what it ends TLS itself. Default: it only passes that of schedulers on. */
  tls?: TlsFiles | undefined;
  log: EdgeLog;
  /** Default: {@link defaultLimits}. */
  limits?: Partial<EdgeLimits>;
}

/** What is going on in an edge. */
export interface EdgeStats extends EdgeCounts {
  /** HTTP connections of clients. */
  clients: number;
  /** All connections of clients. */
  sockets: number;
  /** Requests that wait for the hub. */
  held: number;
  /** Connections and requests that rest on a grant. */
  granted: number;
}

/** The data plane: one port for HTTP/1.1 and TLS passthrough, routed as the hub says. */
export interface Edge {
  /**
   * Begins to listen and to follow the hub; resolves when it listens. Requests wait until the first routes are there.
   * Throws the system's error when it cannot listen.
   * @throws AtollError `ATOLL_EDGE_CERTIFICATE`
   */
  start(): Promise<{ host: string; port: number }>;
  /** Resolves when it listens and has received the routes once. */
  readonly ready: Promise<void>;
  /** Takes no more connections, lets requests under way end for 3 s, then closes everything. */
  stop(): Promise<void>;
  stats(): EdgeStats;
}

/** Creates an edge; nothing is opened before {@link Edge.start}. */
export function createEdge(options: EdgeOptions): Edge {
  const limits: EdgeLimits = { ...defaultLimits, ...options.limits };
  const { log } = options;
  const trustedProxies = new TrustedProxies(options.trustedProxies);
  const deadlines = new Deadlines();
  const counts: EdgeCounts = { requests: 0, exchanges: 0, tunnels: 0, heldTls: 0, upstreams: 0 };
  const createPool = (target: Target): UpstreamPool => new UpstreamPool(target, limits, deadlines, counts);
  const activity = new ActivityBook();
  const table = new RouteTable(createPool, activity);
  const gate = new HubGate(options.hub, limits);
  const link = new HubLink({ target: options.control, token: options.controlToken, onEvent: handle, log });
  const grants = new Grants((question) => link.ask(question), limits);
  const context: EdgeContext = {
    limits,
    log,
    table,
    hub: {
      route: { kind: 'http', id: 'hub', prefix: '/', target: options.hub, stripPrefix: false, access: 'open' },
      depth: 0,
      pool: createPool(options.hub),
      activity: new RouteActivity(),
    },
    tls: undefined,
    secureHosts: options.tls?.hosts ?? [],
    gate,
    grants,
    deadlines,
    counts,
    clients: new Set(),
    stopping: false,
  };
  const sockets = new Set<Socket>();
  const ready = Promise.withResolvers<void>();
  let reporting: NodeJS.Timeout | undefined;

  const server = createServer({
    allowHalfOpen: true,
    pauseOnConnect: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
  });
  server.on('connection', (accepted) => {
    const wire = Wire.accept(accepted);
    const { socket } = wire;
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    acceptConnection(context, wire, trustedProxies);
  });

  function handle(event: RouteEvent): void {
    switch (event.type) {
      case 'snapshot':
        if (event.trustedProxies) trustedProxies.replace(event.trustedProxies);
        // The first time is part of every start.
        if (table.loaded) log('info', { routes: event.routes.length }, 'the hub is back, and told its routes');
        table.replaceAll(event.routes.map((route) => withAddress(route, options.hub)));
        activity.renew();
        void grants.renew();
        gate.release();
        ready.resolve();
        return;
      case 'trust':
        trustedProxies.replace(event.proxies);
        return;
      case 'put':
        table.put(withAddress(event.route, options.hub));
        return;
      case 'delete':
        table.delete(event.id);
        return;
      case 'revoke':
        grants.revoke(event.grant);
    }
  }

  async function report(): Promise<void> {
    const traffic = activity.take();
    if (traffic === undefined) return;
    try {
      await link.report(traffic);
    } catch (error) {
      activity.giveBack(traffic);
      if (link.connected) log('warn', { reason: messageOf(error) }, 'the hub did not take a report of activity');
    }
  }

  /** TLS of its own is not loaded by edges without it. */
  async function openTls(files: TlsFiles): Promise<TlsTermination> {
    const { TlsTermination } = await import('./tls/tlsTermination.ts');
    return new TlsTermination(files, limits.helloMs, (socket) => acceptDecrypted(context, socket, trustedProxies), log);
  }

  async function stop(): Promise<void> {
    context.stopping = true;
    clearInterval(reporting);
    server.close();
    context.tls?.close();
    gate.close();
    for (const client of context.clients) if (!client.busy) client.close();
    const end = performance.now() + limits.stopMs;
    while (counts.exchanges > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const socket of sockets) socket.destroy();
    await report();
    link.stop();
    table.close();
    context.hub.pool.close();
    deadlines.stop();
  }

  return {
    async start() {
      if (options.tls) context.tls = await openTls(options.tls);
      const address = await listenOn(server, options);
      server.on('error', (error) => log('error', { reason: error.message }, 'the listener failed'));
      deadlines.start();
      link.start();
      let underWay = Promise.resolve();
      reporting = setInterval(() => {
        underWay = underWay.then(report);
      }, limits.activityMs);
      return address;
    },
    ready: ready.promise,
    stop,
    stats: () => ({
      ...counts,
      clients: context.clients.size,
      sockets: sockets.size,
      held: gate.size,
      granted: grants.resting,
    }),
  };
}

function listenOn(
  server: Server,
  { host, port }: { host: string; port: number },
): Promise<{ host: string; port: number }> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve({ host, port: typeof address === 'object' && address !== null ? address.port : port });
    });
  });
}
