import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { getRequestListener } from '@hono/node-server';
import { authenticateGatewayRequest } from '../../src/api/gateway/authenticateGatewayRequest.ts';
import { createGatewayApi } from '../../src/api/gateway/createGatewayApi.ts';
import { createClusters } from '../../src/clusters/clusters.ts';
import { sealCredentials } from '../../src/clusters/context.ts';
import { makeCredentials } from '../../src/clusters/credentials.ts';
import { defaultSettings } from '../../src/config/settings.ts';
import { randomHex } from '../../src/core/ids.ts';
import { Sealer } from '../../src/core/sealer.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { FakeRuntime } from '../../test/support/fakeRuntime.ts';
import { freePort } from '../../test/support/freePort.ts';
import { openIdentityWorld } from '../../test/support/identityWorld.ts';
import { pythonVenv } from '../../test/support/pythonVenv.ts';
import { FakeRoutes } from '../../test/support/serverWorld.ts';
import { until } from '../../test/support/until.ts';
import type { Figure } from '../report/figure.ts';
import { serverPackages, serverVenv } from '../support/daskGatewayPeer.ts';

const count = 1000;
const seconds = 3;

/** Lists of a thousand running clusters, a second, beside dask-gateway's own API; neither behind a proxy. */
export async function measureList(python: string, rounds: number): Promise<Figure> {
  const ours = await startOurs();
  const theirs = await startPeer(python).catch((error: unknown) => String(error));
  const figure: Figure = {
    case: 'clusters/GET /clusters/ with 1,000 clusters',
    unit: 'requests/s',
    better: 'more',
    ours: [],
    peer: { name: 'dask-gateway', theirs: [], ...(typeof theirs === 'string' && { missing: theirs }) },
  };
  for (let done = 0; done < rounds; done++) {
    figure.ours.push(await rateOf(ours));
    if (typeof theirs !== 'string') figure.peer?.theirs.push(await rateOf(theirs));
  }
  await ours.end();
  if (typeof theirs !== 'string') await theirs.end();
  return figure;
}

interface Listed {
  address: string;
  authorization: string;
  end(): Promise<void>;
}

/** The API over a store with these clusters; no reconciler, which would find that they have no processes. */
async function startOurs(): Promise<Listed> {
  const world = await openIdentityWorld();
  const sealer = new Sealer(Buffer.alloc(32, 1));
  const clusters = createClusters({
    store: world.store,
    runtime: new FakeRuntime(),
    routes: new FakeRoutes(),
    sealer,
    settings: { current: defaultSettings().clusters },
    gatewayUrl: 'http://127.0.0.1:1',
    log: silentLogger(),
  });
  const token = await world.token('ada');
  const credentials = await makeCredentials('bench', Date.now());
  const made = await clusters.create({ name: 'ada', groups: [], admin: false }, {});
  const row = await world.store.db
    .selectFrom('clusters')
    .selectAll()
    .where('name', '=', made.name)
    .executeTakeFirstOrThrow();
  const address = JSON.stringify({ host: '127.0.0.1', ports: { scheduler: 1, dashboard: 2, api: 3 } });
  await world.store.write(async ({ db }) => {
    await db.deleteFrom('clusters').execute();
    for (let index = 0; index < count; index++) {
      const name = randomHex(16);
      const own = { name, ...sealCredentials(sealer, name, credentials), scheduler_workload_id: `scheduler-${name}` };
      await db
        .insertInto('clusters')
        .values({ ...row, ...own, phase: 'running', address })
        .execute();
    }
  });
  const api = createGatewayApi({
    clusters,
    authenticate: (request) => authenticateGatewayRequest(world.identity, request),
    version: 'bench',
    log: silentLogger(),
  });
  const listener = getRequestListener((request) => api.fetch(request));
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    authorization: `jupyterhub ${token}`,
    async end() {
      server.closeAllConnections();
      server.close();
      await world.close();
    },
  };
}

async function startPeer(python: string): Promise<Listed> {
  const environment = await pythonVenv(serverVenv, python, serverPackages);
  const port = await freePort();
  const script = resolve(import.meta.dirname, '../support/manyClusters.py');
  const child = spawn(join(environment, 'bin/python'), [script, String(count), String(port)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (!child.stdout) throw new Error('no pipe');
  let address: string | undefined;
  createInterface(child.stdout).on('line', (line) => ({ address } = JSON.parse(line) as { address: string }));
  return {
    address: await until('dask-gateway with its clusters', () => address),
    authorization: `Basic ${Buffer.from('ada:').toString('base64')}`,
    async end() {
      const ended = new Promise((done) => child.once('exit', done));
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Asks over four connections, from a thread of its own. */
function rateOf({ address, authorization }: Listed): Promise<number> {
  const script = resolve(import.meta.dirname, 'askAgain.ts');
  const worker = new Worker(script, {
    workerData: { url: `${address}/api/v1/clusters/`, authorization, seconds, connections: 4, count },
  });
  return new Promise((done, reject) => {
    worker.once('message', done);
    worker.once('error', reject);
  });
}
