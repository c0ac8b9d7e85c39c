import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defaultSettings } from '../../src/config/settings.ts';
import { createControlListener } from '../../src/edge/controlListener.ts';
import type { Route } from '../../src/edge/protocol.ts';
import { RoutePublisher } from '../../src/edge/routePublisher.ts';
import type { Reservation, ReservationRequest } from '../../src/runtimes/contract.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { FakeRuntime } from '../../test/support/fakeRuntime.ts';
import { FakeRoutes } from '../../test/support/serverWorld.ts';
import { startSmallHub } from '../../test/support/smallHub.ts';

/** A runtime whose servers all run at once, and answer at one address; they outlive the hub. */
class SimulatedRuntime extends FakeRuntime {
  readonly #port: number;

  constructor(port: number) {
    super();
    this.#port = port;
    this.onStart = (workload) => workload.run();
  }

  override reserve(request: ReservationRequest): Promise<Reservation> {
    return Promise.resolve({
      bindAddress: '127.0.0.1',
      ports: Object.fromEntries(request.ports.map((name) => [name, this.#port])),
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

/** What {@link runSimulatedHub} prints. */
export interface SimulatedHubReport {
  url: string;
  /** Where an edge reaches it: `HOST:PORT` of the hub and of its control listener. */
  hub: string;
  control: string;
  /** A token that may do everything. */
  token: string;
}

/**
 * A hub on a database file, whose servers are simulated; prints a {@link SimulatedHubReport} when it answers. For a process
 * of its own.
 * @param answers the port at which every server answers
 * @param controlToken what an edge shows
 */
export async function runSimulatedHub(database: string, answers: number, controlToken: string): Promise<void> {
  const { servers } = defaultSettings();
  const [runtime, routes] = [new SimulatedRuntime(answers), new FollowedRoutes()];
  const store = await openSqlite(database);
  await runtime.resume(store);
  const hub = await startSmallHub({
    runtime,
    routes,
    store,
    settings: { servers: { ...servers, concurrentStartLimit: 0 } },
  });
  const control = createServer(
    createControlListener({
      publisher: routes.publisher,
      token: controlToken,
      onActivity: (report) => hub.servers.recordTraffic(report),
      answerGrant: () => Promise.reject(new Error('no grants here')),
      onError: console.error,
    }),
  );
  await new Promise<void>((done) => control.listen(0, '127.0.0.1', done));
  await hub.identity.users.ensure('root', true);
  const report: SimulatedHubReport = {
    url: hub.url,
    hub: new URL(hub.url).host,
    control: `127.0.0.1:${(control.address() as AddressInfo).port}`,
    token: (await hub.authorizationOf('root')).replace('token ', ''),
  };
  console.log(JSON.stringify(report));
  // So that a profiler can write what it saw.
  process.on('SIGTERM', () => process.exit());
}

/** The server that all simulated servers are; for a process of its own. Prints its port. */
export function runAnswers(): void {
  const server = createServer((_request, response) => response.end('{}'));
  server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
}
