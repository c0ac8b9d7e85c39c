import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { authenticateGatewayRequest } from '../../src/api/gateway/authenticateGatewayRequest.ts';
import { createGatewayApi } from '../../src/api/gateway/createGatewayApi.ts';
import { createClusters } from '../../src/clusters/clusters.ts';
import { defaultSettings } from '../../src/config/settings.ts';
import { Sealer } from '../../src/core/sealer.ts';
import { createControlListener } from '../../src/edge/control/controlListener.ts';
import { RoutePublisher } from '../../src/edge/control/routePublisher.ts';
import type { Route } from '../../src/edge/protocol.ts';
import { healthRoutes } from '../../src/hub/healthRoutes.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import type { Reservation, ReservationRequest } from '../../src/runtimes/contract.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { FakeRuntime } from '../../test/support/fakeRuntime.ts';
import { FakeRoutes } from '../../test/support/serverWorld.ts';
import { startSmallHub } from '../../test/support/smallHub.ts';
import { type StartedWorkload, startedWorkload } from './playedSchedulers.ts';

/** Below those that the system itself gives to others. */
let nextPort = 12_000;

/**
 * A runtime whose servers all run at once, and answer at one address; they outlive the hub. Schedulers and workers run at once
 * too: who plays them is told of each.
 */
class SimulatedRuntime extends FakeRuntime {
  readonly #port: number;

  constructor(port: number) {
    super();
    this.#port = port;
    this.onStart = (workload) => {
      workload.run();
      if (workload.spec.kind !== 'server') tell({ type: 'started', workload: startedWorkload(workload) });
    };
  }

  override reserve(request: ReservationRequest): Promise<Reservation> {
    const portOf = (): number => (request.kind === 'server' ? this.#port : nextPort++);
    return Promise.resolve({
      bindAddress: '127.0.0.1',
      ports: Object.fromEntries(request.ports.map((name) => [name, portOf()])),
      filesDirectory: `/run/${request.id}`,
      homeDirectory: `/home/${request.owner}`,
      superuser: false,
    });
  }

  /** Lets everything run again that an earlier hub has started. */
  async resume(store: Store): Promise<void> {
    const running = await store.db
      .selectFrom('servers')
      .innerJoin('users', 'users.id', 'servers.user_id')
      .select(['workload_id as id', 'users.name as owner'])
      .where('workload_id', 'is not', null)
      .execute();
    for (const { id, owner } of running) {
      if (id === null) continue;
      const request = { id, kind: 'server', owner, ports: ['http'] } as const;
      const reservation = await this.reserve(request);
      await this.start({ ...request, command: [], environment: {}, files: {}, resources: {}, reservation });
    }
  }
}

/** Routes that an edge can follow. */
class FollowedRoutes extends FakeRoutes {
  readonly publisher = new RoutePublisher();

  override put(route: Route): void {
    super.put(route);
    this.publisher.put(route);
  }

  override delete(id: string): void {
    super.delete(id);
    this.publisher.delete(id);
  }
}

/** What {@link runSimulatedHub} says to the process that started it. */
export type SimulatedHubMessage =
  | ({ type: 'ready' } & SimulatedHubReport)
  /** A scheduler or a worker, which somebody must play. */
  | { type: 'started'; workload: StartedWorkload }
  /** What it was asked is done; in `bytes` the JavaScript heap, after a collection. */
  | { type: 'done'; bytes: number };

/** What it can be asked: to collect garbage, or to hear of everything that runs so many times more. */
export type SimulatedHubCommand = { type: 'collect' } | { type: 'observe'; times: number };

/** Where it answers. */
export interface SimulatedHubReport {
  /** Where an edge reaches it: `HOST:PORT` of the hub and of its control listener. */
  hub: string;
  control: string;
  /** A token that may do everything. */
  token: string;
}

/**
 * A hub on a database file, whose servers and clusters are simulated. For a process of its own, which speaks with the one that
 * started it.
 * @param answers the port at which every server answers
 * @param controlToken what an edge shows
 */
export async function runSimulatedHub(database: string, answers: number, controlToken: string): Promise<void> {
  const { servers, clusters: clusterSettings } = defaultSettings();
  const [runtime, routes, log] = [new SimulatedRuntime(answers), new FollowedRoutes(), silentLogger()];
  const store = await openSqlite(database);
  for (const route of healthRoutes) routes.put(route);
  await runtime.resume(store);
  const hub = await startSmallHub({
    runtime,
    routes,
    store,
    settings: { servers: { ...servers, concurrentStartLimit: 0 } },
  });
  const clusters = createClusters({
    store,
    runtime,
    routes,
    sealer: new Sealer(Buffer.alloc(32, 1)),
    settings: { current: clusterSettings },
    gatewayUrl: `${hub.url}${gatewayPrefix}`,
    log,
  });
  await clusters.open();
  const gateway = createGatewayApi({
    clusters,
    authenticate: (request) => authenticateGatewayRequest(hub.identity, request),
    version: 'bench',
    log,
  });
  const answerGateway = getRequestListener((request) => gateway.fetch(request));
  const target = await listen((request, response) => void answerGateway(request, response));
  routes.put({
    kind: 'http',
    id: 'gateway',
    prefix: `${gatewayPrefix}/`,
    target: { kind: 'tcp', ...target },
    stripPrefix: true,
    access: 'open',
  });
  const control = await listen(
    createControlListener({
      publisher: routes.publisher,
      token: controlToken,
      onActivity(report) {
        hub.servers.recordTraffic(report);
        clusters.recordTraffic(report);
      },
      answerGrant: () => Promise.reject(new Error('no grants here')),
      onError: console.error,
    }),
  );
  await hub.identity.users.ensure('root', true);
  tell({
    type: 'ready',
    hub: new URL(hub.url).host,
    control: `${control.host}:${control.port}`,
    token: (await hub.authorizationOf('root')).replace('token ', ''),
  });
  process.on('message', (command: SimulatedHubCommand) => {
    if (command.type === 'observe')
      for (let time = 0; time < command.times; time++)
        for (const workload of runtime.workloads.values()) workload.run();
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    tell({ type: 'done', bytes: heapUsed + external });
  });
  // So that a profiler can write what it saw.
  process.on('SIGTERM', () => process.exit());
  process.on('disconnect', () => process.exit());
}

/** Where the gateway is, behind the edge. */
export const gatewayPrefix = '/services/dask-gateway';

function tell(message: SimulatedHubMessage): void {
  process.send?.(message);
}

/** Keeps connections for longer than the edge does. */
async function listen(listener: RequestListener): Promise<{ host: string; port: number }> {
  const server = createServer({ keepAliveTimeout: 150_000 }, listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}
