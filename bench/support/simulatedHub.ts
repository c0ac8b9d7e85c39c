import { createServer } from 'node:http';
import { defaultSettings } from '../../src/config/settings.ts';
import type { Reservation, ReservationRequest } from '../../src/runtimes/contract.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import { FakeRuntime } from '../../test/support/fakeRuntime.ts';
import { startSmallHub } from '../../test/support/smallHub.ts';

/** A runtime whose servers all run at once, and answer at one address. */
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
}

/**
 * A hub on a database file, whose servers are simulated; prints `URL TOKEN` when it answers. For a process of its own.
 * @param answers the port at which every server answers
 */
export async function runSimulatedHub(database: string, answers: number, users: number): Promise<void> {
  const { servers } = defaultSettings();
  const hub = await startSmallHub({
    runtime: new SimulatedRuntime(answers),
    store: await openSqlite(database),
    settings: { servers: { ...servers, concurrentStartLimit: 0 } },
  });
  await hub.identity.users.ensure('root', true);
  await hub.identity.users.create(Array.from({ length: users }, (_, index) => `user-${index}`));
  console.log(`${hub.url} ${(await hub.authorizationOf('root')).replace('token ', '')}`);
}

/** The server that all simulated servers are; for a process of its own. Prints its port. */
export function runAnswers(): void {
  const server = createServer((_request, response) => response.end('{}'));
  server.listen(0, '127.0.0.1', () => console.log((server.address() as { port: number }).port));
}
