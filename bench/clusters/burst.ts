import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { getRequestListener } from '@hono/node-server';
import { createGatewayApi } from '../../src/api/gateway/createGatewayApi.ts';
import { createClusters } from '../../src/clusters/clusters.ts';
import { defaultSettings } from '../../src/config/settings.ts';
import { Sealer } from '../../src/core/sealer.ts';
import { gatewayAccessScope } from '../../src/identity/roles/defaultRoles.ts';
import { ScopeSet } from '../../src/identity/scopes/scopeSet.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import type { Reservation, ReservationRequest } from '../../src/runtimes/contract.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import { FakeRuntime, type FakeWorkload } from '../../test/support/fakeRuntime.ts';
import { addUser, FakeRoutes } from '../../test/support/serverWorld.ts';
import type { Figure } from '../report/figure.ts';
import { startedWorkload } from '../support/playedSchedulers.ts';

const [clusterCount, workersEach] = [100, 5];

/**
 * A hundred clusters with five workers each, all asked for at once. This thread is the hub with a store on disk; another one
 * plays the people and the schedulers over HTTP, so that the CPU time of this one is the hub's.
 */
export async function measureBurst(rounds: number): Promise<Figure[]> {
  const results: { cpu: number; slowest: number }[] = [];
  for (let done = -1; done < rounds; done++) {
    const result = await burst();
    // The first one compiles the hub's code.
    if (done >= 0) results.push(result);
  }
  return [
    {
      case: 'clusters/hub CPU a cluster, 100 at once',
      unit: 'ms',
      better: 'less',
      ours: results.map(({ cpu }) => cpu / clusterCount),
    },
    {
      case: 'clusters/slowest request, 100 at once',
      unit: 'ms',
      better: 'less',
      ours: results.map(({ slowest }) => slowest),
    },
  ];
}

/** Below those that the system itself gives to others, which somebody would take between their choice and their use. */
let nextPort = 10_000;

class ManyPorts extends FakeRuntime {
  override async reserve(request: ReservationRequest): Promise<Reservation> {
    const reservation = await super.reserve({ ...request, ports: [] });
    return { ...reservation, ports: Object.fromEntries(request.ports.map((name) => [name, nextPort++])) };
  }
}

async function burst(): Promise<{ cpu: number; slowest: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-bench-burst-'));
  const store = await openSqlite(join(folder, 'atoll.db'));
  await addUser(store, 'ada');
  const runtime = new ManyPorts();
  const people = new Worker(join(import.meta.dirname, 'burstPeople.ts'), {
    workerData: { clusterCount, workersEach },
  });
  runtime.onStart = (workload: FakeWorkload) => {
    workload.run();
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is a thread, not a window
    people.postMessage(startedWorkload(workload));
  };
  const listener = getRequestListener((request) => api.fetch(request));
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clusters = createClusters({
    store,
    runtime,
    routes: new FakeRoutes(),
    sealer: new Sealer(Buffer.alloc(32, 1)),
    settings: { current: defaultSettings().clusters },
    gatewayUrl: url,
    log: silentLogger(),
  });
  const scopes = ScopeSet.of([gatewayAccessScope]);
  const api = createGatewayApi({
    clusters,
    authenticate: () => Promise.resolve({ kind: 'user', name: 'ada', admin: false, groups: [], scopes }),
    version: 'bench',
    log: silentLogger(),
  });
  await clusters.open();
  try {
    return await new Promise((resolve, reject) => {
      const before = process.threadCpuUsage();
      people.once('error', reject);
      people.on('message', ({ slowest }: { slowest: number }) => {
        const { user, system } = process.threadCpuUsage(before);
        resolve({ cpu: (user + system) / 1000, slowest });
      });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is a thread, not a window
      people.postMessage({ url });
    });
  } finally {
    await clusters.close();
    await people.terminate();
    server.closeAllConnections();
    server.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
