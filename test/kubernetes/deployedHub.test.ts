import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { BrowserSession } from '../support/browserSession.ts';
import { Kernel } from '../support/kernel.ts';
import { noPostgresReason, PostgresServer } from '../support/postgresServer.ts';
import { signIn } from '../support/signIn.ts';
import { until } from '../support/until.ts';
import { DeployWorld } from './support/deployWorld.ts';
import { addressForPods } from './support/hubOnPods.ts';

/** A service as people write one for z2jh: it says what it was asked, and what the hub says to its token. */
const serviceProgram = `
import json, os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        headers = {'authorization': 'token ' + os.environ['JUPYTERHUB_API_TOKEN']}
        hub = json.load(urlopen(Request(os.environ['JUPYTERHUB_API_URL'] + '/user', headers=headers)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({'url': self.path, 'hub': hub}).encode())

ThreadingHTTPServer(('127.0.0.1', 10101), Handler).serve_forever()
`;

const reason = noPostgresReason ?? (process.env.ATOLL_TEST_KUBE_LOGS ? undefined : 'this is not the node of the tests');
if (reason !== undefined) process.stdout.write(`skipped: a deployed hub in use, because ${reason}\n`);

describe.skipIf(reason !== undefined)('a deployed hub, its data in PostgreSQL', () => {
  let world: DeployWorld;
  let postgres: PostgresServer;
  let browser: BrowserSession;
  let kernel: Kernel;
  let clusterName = '';
  let own = '';

  const pods = async (component: string): Promise<Pod[]> =>
    (
      await world.client.request<{ items: Pod[] }>({
        path: `/api/v1/namespaces/${world.name}/pods`,
        query: { labelSelector: `component=${component}` },
      })
    ).items;
  const hubAnswers = (): Promise<boolean> => world.api('GET', '').then(({ status }) => status === 200);
  const isReady = async (): Promise<boolean | undefined> => {
    const answer = await world.api('GET', '/users/ada');
    const { servers } = (await answer.json()) as { servers: Record<string, { ready: boolean }> };
    return servers['']?.ready;
  };

  beforeAll(async () => {
    world = await DeployWorld.open();
    postgres = await PostgresServer.start(addressForPods());
  });
  afterAll(async () => {
    kernel?.close();
    await world?.close();
    await postgres?.close();
  });

  test('comes up without a volume of its own', async () => {
    const more = join(world.folder, 'more.yaml');
    const hub = {
      db: { type: 'postgres', url: await postgres.makeDatabase(), password: postgres.password },
      services: {
        docs: { url: 'http://127.0.0.1:10101', command: ['python', '-c', serviceProgram] },
        shown: { url: 'http://hub:10101', apiToken: 'a-token-of-a-service-of-the-tests' },
      },
    };
    const options = { idle_timeout: { type: 'float', default: 600 } };
    writeFileSync(more, JSON.stringify({ jupyterhub: { hub }, atoll: { clusters: { options } } }));
    const { code, output } = await world.deploy(world.settings(), '-f', more);
    expect(output).toContain(`Ready: ${world.name}, revision 1.`);
    expect(output).not.toContain(postgres.password);
    expect(code).toBe(0);
    await world.findUrl();
    const claims = await world.get<{ items: unknown[] }>('/api/v1', 'persistentvolumeclaims');
    expect(claims.items).toEqual([]);
  });

  test('a person signs in and opens JupyterLab, by way of the edge', async () => {
    browser = await signIn(world, 'ada', 'only-for-tests');
    await world.api('POST', '/users/ada/server');
    await until('the server is ready', isReady, 150);
    const lab = await browser.visit('/user/ada/lab');
    expect(lab.status).toBe(200);
    expect(await lab.text()).toContain('JupyterLab');
    expect((await pods('singleuser-server')).map(({ metadata }) => metadata?.name)).toEqual(['jupyter-ada']);
  });

  test('GatewayCluster() computes an array; its dashboard opens, in pictures that move too, for its owner alone', async () => {
    own = ((await (await world.api('POST', '/users/ada/tokens')).json()) as { token: string }).token;
    kernel = await Kernel.start(`${world.url}/user/ada/`, own);
    const printed = await kernel.run(
      [
        'from dask_gateway import GatewayCluster',
        'import dask.array as da',
        'cluster = GatewayCluster(); cluster.scale(2); client = cluster.get_client(); client.wait_for_workers(2, timeout=150)',
        'print("mean", round(float(da.random.random((2000, 2000), chunks=500).mean().compute()), 2))',
        'print("cluster", cluster.name)',
      ].join('\n'),
    );
    expect(printed).toContain('mean 0.5');
    clusterName = /cluster (\S+)/.exec(printed)?.[1] ?? '';
    const dashboard = `/services/dask-gateway/clusters/${clusterName}/status`;
    const page = await browser.visit(dashboard);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('Dask');
    const events = `${world.url.replace('http', 'ws')}/services/dask-gateway/clusters/${clusterName}/eventstream`;
    const opened = (headers: Record<string, string>): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(events, { headers });
        socket.once('open', () => {
          socket.close();
          resolve('open');
        });
        socket.once('unexpected-response', (_request, response) => resolve(response.statusCode));
        socket.once('error', reject);
      });
    expect(await opened({ authorization: `token ${own}` })).toBe('open');
    const stranger = await signIn(world, 'eve', 'only-for-tests');
    expect((await stranger.visit(dashboard)).status).toBe(404);
    expect(await opened({})).toBe(403);
  });

  test('the Dask panel’s links below the server lead to the dashboard', async () => {
    const path = `proxy/dask-gateway/clusters/${clusterName}/individual-plots.json`;
    const plots = await browser.visit(`/user/ada/${path}`);
    expect(plots.status).toBe(200);
    expect(Object.keys((await plots.json()) as object).length).toBeGreaterThan(5);
  });

  test('services in the pod of the hub are reached by way of the edge, and reach the hub', async () => {
    for (const service of ['docs', 'shown']) {
      const path = `/services/${service}/a?b=c`;
      const answer = await until('the service answers', async () => {
        const found = await fetch(world.url + path);
        return found.status === 200 && ((await found.json()) as { url: string; hub: { name: string } });
      });
      expect(answer).toMatchObject({ url: path, hub: { kind: 'service', name: 'docs' } });
    }
  });

  test('a hub that is replaced keeps sign-ins, tokens, servers and clusters; what computes goes on, and WebSockets stay open', async () => {
    const [before] = await pods('hub');
    await kernel.run(
      'import time; future = client.submit(lambda: (time.sleep(15), 6 * 7)[1], pure=False); print(future.status)',
    );
    const body = { gracePeriodSeconds: 5 };
    const path = `/api/v1/namespaces/${world.name}/pods/${before?.metadata?.name}`;
    await world.client.request({ method: 'DELETE', path, body });
    expect((await kernel.run('print(future.result(timeout=100))')).trim()).toBe('42');
    expect(kernel.isOpen).toBe(true);
    await until('another hub answers', async () => {
      const [hub, ...others] = await pods('hub');
      return others.length === 0 && hub?.metadata?.uid !== before?.metadata?.uid && hubAnswers();
    });
    expect(await isReady()).toBe(true);
    expect((await browser.visit('/hub/home')).url).not.toContain('login');
    expect((await browser.visit('/user/ada/lab')).status).toBe(200);
    expect((await kernel.run('cluster.scale(1); print(client.submit(lambda: 8 * 8).result())')).trim()).toBe('64');
    await until('one worker is left', async () => (await pods('dask-worker')).length === 1);
    expect(await pods('singleuser-server')).toHaveLength(1);
  });

  test('a database that goes away and comes back takes nothing along', async () => {
    await postgres.stop();
    expect((await kernel.run('print(client.submit(lambda: 9 * 9).result())')).trim()).toBe('81');
    await postgres.run();
    await until('the hub is back', hubAnswers, 120);
    expect(await isReady()).toBe(true);
    expect(kernel.isOpen).toBe(true);
    await until('the service runs again', async () => (await fetch(`${world.url}/services/docs/`)).status === 200);
  });

  test('a cluster that nobody uses is ended by itself; a server that is stopped takes its pod along', async () => {
    expect((await kernel.run('cluster.shutdown(); print("ended")')).trim()).toBe('ended');
    await until('its pods are gone', async () => (await pods('dask-scheduler')).length === 0);
    await kernel.run('idle = GatewayCluster(idle_timeout=5, shutdown_on_close=False)');
    expect(await pods('dask-scheduler')).toHaveLength(1);
    await until('the idle one is gone', async () => (await pods('dask-scheduler')).length === 0);
    expect((await world.api('DELETE', '/users/ada/server')).status).toBeLessThan(300);
    await until('its pod is gone', async () => (await pods('singleuser-server')).length === 0);
  });
});
