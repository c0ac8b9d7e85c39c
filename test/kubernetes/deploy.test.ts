import { get as getPlain } from 'node:http';
import { get } from 'node:https';
import type { Pod } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Kernel } from '../support/kernel.ts';
import { selfSigned } from '../support/selfSigned.ts';
import { until } from '../support/until.ts';
import { DeployWorld } from './support/deployWorld.ts';

describe.skipIf(process.env.ATOLL_TEST_KUBE_LOGS === undefined)('atoll deploy, on a real node', () => {
  let world: DeployWorld;
  let kernel: Kernel;
  const certificate = selfSigned('hub.example.org');
  beforeAll(async () => {
    world = await DeployWorld.open();
  });
  afterAll(async () => {
    kernel?.close();
    await world.close();
  });

  test('a dry run says what would be made, and makes nothing', async () => {
    const { code, output } = await world.deploy(world.settings(), '--dry-run');
    expect(output).toContain('+ Deployment hub');
    expect(output).toContain('+ NetworkPolicy singleuser');
    expect(output).not.toContain(world.token);
    expect(code).toBe(0);
    await expect(world.client.request({ path: `/api/v1/namespaces/${world.name}`, retryForMs: 0 })).rejects.toThrow(
      'not found',
    );
  });

  test('one command installs it, and says what it waits for', async () => {
    const begun = performance.now();
    const { code, output } = await world.deploy(world.settings());
    expect(output).toContain(`Ready: ${world.name}, revision 1.`);
    expect(output).toMatch(/hub: 0 of 1 pods are ready/);
    expect(code).toBe(0);
    process.stdout.write(`deploy on an empty namespace: ${Math.round((performance.now() - begun) / 100) / 10} s\n`);
    await world.findUrl();
    expect((await fetch(`${world.url}/hub/login`)).status).toBe(200);
  });

  test('a person works there: JupyterLab, GatewayCluster(), and all with the rights of the hub’s account', async () => {
    await world.api('POST', '/users/ada');
    await world.api('POST', '/users/ada/server');
    await until(
      'the server is ready',
      async () => {
        const { servers } = (await (await world.api('GET', '/users/ada')).json()) as {
          servers: Record<string, { ready: boolean }>;
        };
        return servers['']?.ready;
      },
      150,
    );
    const { token: own } = (await (await world.api('POST', '/users/ada/tokens')).json()) as { token: string };
    kernel = await Kernel.start(`${world.url}/user/ada/`, own);
    const printed = await kernel.run(
      [
        'from dask_gateway import GatewayCluster',
        'cluster = GatewayCluster(); cluster.scale(1); client = cluster.get_client(); client.wait_for_workers(1, timeout=120)',
        'print(client.submit(lambda: 6 * 7).result())',
      ].join('\n'),
    );
    expect(printed.trim().split('\n').at(-1)).toBe('42');
  });

  test('doctor finds nothing; a second deployment of the same changes nothing', async () => {
    expect(await world.atoll('doctor', '--name', world.name)).toEqual({ code: 0, output: 'All is well.\n' });
    const { output } = await world.deploy(world.settings(), '--dry-run');
    expect(output).toContain('Nothing would change.');
  });

  test('an upgrade replaces the hub; servers, clusters and open WebSockets go on', async () => {
    const { output: plan } = await world.deploy(world.settings({ memory: '2G' }), '--dry-run');
    expect(plan).toContain('~ Secret atoll-settings');
    expect(plan).toContain('~ Deployment hub');
    expect(plan).not.toContain('Deployment edge');
    const { output } = await world.deploy(world.settings({ memory: '2G' }));
    expect(output).toContain(`Ready: ${world.name}, revision 2.`);
    expect(kernel.isOpen).toBe(true);
    expect((await kernel.run('print(client.submit(lambda: 7 * 7).result())')).trim()).toBe('49');
    const { servers } = (await (await world.api('GET', '/users/ada')).json()) as {
      servers: Record<string, { ready: boolean }>;
    };
    expect(servers['']?.ready).toBe(true);
  });

  test('edges are replaced one by one, and those that go serve their WebSockets on', async () => {
    const proxy = {
      service: { type: 'ClusterIP' },
      chp: { resources: { requests: { cpu: '50m', memory: '64Mi' } } },
      labels: { round: '2' },
      https: { enabled: true, type: 'manual', manual: certificate, hosts: ['hub.example.org'] },
    };
    const { output } = await world.deploy(world.settings({ memory: '2G', jupyterhub: { proxy } }));
    expect(output).toContain(`Ready: ${world.name}, revision 3.`);
    const { items } = await world.client.request<{ items: Pod[] }>({
      path: `/api/v1/namespaces/${world.name}/pods`,
      query: { labelSelector: 'component=edge' },
    });
    const going = items.filter(({ metadata }) => metadata?.deletionTimestamp !== undefined);
    expect(going.length).toBeGreaterThan(0);
    expect(items.length - going.length).toBe(2);
    expect(kernel.isOpen).toBe(true);
    expect((await kernel.run('print(client.submit(lambda: 9 * 9).result())')).trim()).toBe('81');
  });

  test('the new edges end TLS with the certificate of the settings, and plain HTTP of pods goes on', async () => {
    const status = await new Promise((resolve, reject) => {
      const options = { host: new URL(world.url).hostname, servername: 'hub.example.org', ca: certificate.cert };
      get({ ...options, path: '/hub/login', headers: { Host: 'hub.example.org' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).on('error', reject);
    });
    expect(status).toBe(200);
    expect((await world.api('GET', '')).status).toBe(200);
    const headers = { Host: 'hub.example.org' };
    const location = await new Promise((resolve, reject) => {
      getPlain(`${world.url}/hub/login`, { headers }, ({ headers: { location: to } }) => resolve(to)).on(
        'error',
        reject,
      );
    });
    expect(location).toBe('https://hub.example.org/hub/login');
  });

  test('a version that cannot start is taken back, with the reason', async () => {
    const { code, output } = await world.deploy(
      world.settings(),
      '--image',
      'localhost:1/none/atoll:9',
      '--timeout',
      '15',
    );
    expect(code).toBe(1);
    expect(output).toContain(
      'image localhost:1/none/atoll:9 cannot be pulled: its registry cannot be reached from the node',
    );
    expect(output).toContain('It is back at revision 3. [ATOLL_DEPLOY_UNHEALTHY]');
    expect((await world.api('GET', '')).status).toBe(200);
    expect((await kernel.run('print(client.submit(lambda: 8 * 8).result())')).trim()).toBe('64');
  });

  test('rollback brings back the settings before', async () => {
    const { output } = await world.atoll('rollback', '--name', world.name, '--to', '1');
    expect(output).toContain(`Ready: ${world.name}, revision 5.`);
    expect((await world.deploy(world.settings(), '--dry-run')).output).toContain('Nothing would change.');
    await kernel.run('cluster.shutdown()');
  });

  test('what somebody else made is never overwritten', async () => {
    const other = `${world.name}-other`;
    await world.client.request({
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: other } },
    });
    const spec = { ports: [{ port: 80 }] };
    const metadata = { name: 'hub', labels: { release: 'jhub' } };
    const body = { apiVersion: 'v1', kind: 'Service', metadata, spec };
    await world.client.request({ method: 'POST', path: `/api/v1/namespaces/${other}/services`, body });
    const { code, output } = await world.deploy(world.settings(), '--namespace', other);
    expect(code).toBe(1);
    expect(output).toContain('Service hub is there already');
    expect(output).toContain('It belongs to: jhub.');
    const { items } = await world.client.request<{ items: unknown[] }>({
      path: `/apis/apps/v1/namespaces/${other}/deployments`,
    });
    expect(items).toEqual([]);
    await world.client.request({ method: 'DELETE', path: `/api/v1/namespaces/${other}` });
  });
});
