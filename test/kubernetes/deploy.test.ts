import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Service } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient } from '../../src/kubernetes/apiClient.ts';
import { kubeconfigAccess } from '../../src/kubernetes/kubeconfigAccess.ts';
import { Kernel } from '../support/kernel.ts';
import { until } from '../support/until.ts';

const project = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

/** What a command printed, and its exit code. */
interface Ended {
  code: number;
  output: string;
}

describe.skipIf(process.env.ATOLL_TEST_KUBE_LOGS === undefined)('atoll deploy, on a real node', () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-deploy-'));
  const name = `dhub-${randomBytes(3).toString('hex')}`;
  const token = randomBytes(16).toString('hex');
  const image = `localhost/atoll:${name}`;
  const client = new ApiClient(kubeconfigAccess());
  let url = '';
  let kernel: Kernel;

  const atoll = async (...args: string[]): Promise<Ended> => {
    try {
      const { stdout, stderr } = await run(join(project, 'bin/atoll'), args, { maxBuffer: 2 ** 24 });
      return { code: 0, output: stdout + stderr };
    } catch (error) {
      const failed = error as { code?: number; stdout?: string; stderr?: string };
      return { code: failed.code ?? -1, output: `${failed.stdout}${failed.stderr}` };
    }
  };
  const settings = (changes: { memory?: string } = {}): string => {
    const file = join(folder, 'config.yaml');
    const values = {
      jupyterhub: {
        hub: {
          config: {
            JupyterHub: { authenticator_class: 'dummy' },
            DummyAuthenticator: { password: 'only-for-tests' },
            Authenticator: { allow_all: true },
          },
          services: { test: { apiToken: token, admin: true } },
          db: { pvc: { storageClassName: name } },
          // A host-path volume belongs to root.
          podSecurityContext: { runAsUser: 0, runAsNonRoot: false },
          resources: { requests: { cpu: '50m', memory: '128Mi' } },
        },
        proxy: { service: { type: 'ClusterIP' }, chp: { resources: { requests: { cpu: '50m', memory: '64Mi' } } } },
        prePuller: { continuous: { enabled: false }, hook: { enabled: false } },
        singleuser: {
          image: { name: 'localhost/atoll-test', tag: '1', pullPolicy: 'IfNotPresent' },
          storage: { type: 'none' },
          cloudMetadata: { blockWithIptables: false },
          memory: { guarantee: '128M', limit: changes.memory ?? '1G' },
          cpu: { guarantee: 0.1 },
        },
      },
      'dask-gateway': {
        gateway: {
          backend: {
            scheduler: { cores: { request: 0.1, limit: 1 }, memory: { request: '256M', limit: '512M' } },
            worker: { cores: { request: 0.1, limit: 1 }, memory: { request: '256M', limit: '512M' } },
          },
        },
      },
    };
    writeFileSync(file, JSON.stringify(values));
    return file;
  };
  const deploy = (file: string, ...more: string[]): Promise<Ended> =>
    atoll('deploy', '-f', file, '--name', name, '--image', image, '--timeout', '120', ...more);
  const api = async (method: string, path: string): Promise<Response> =>
    fetch(`${url}/hub/api${path}`, { method, headers: { authorization: `token ${token}` } });

  beforeAll(async () => {
    const tar = join(folder, 'atoll.tar');
    await run(join(project, 'test/kubernetes/make-atoll-image'), [image, tar]);
    await run('ctr', ['-n', 'k8s.io', 'images', 'import', tar]);
    rmSync(tar);
    const body = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name },
      provisioner: 'kubernetes.io/host-path',
    };
    await client.request({ method: 'POST', path: '/apis/storage.k8s.io/v1/storageclasses', body });
  });
  afterAll(async () => {
    kernel?.close();
    await client.request({
      method: 'DELETE',
      path: `/api/v1/namespaces/${name}/pods`,
      body: { gracePeriodSeconds: 1 },
    });
    await client.request({ method: 'DELETE', path: `/api/v1/namespaces/${name}` });
    await client.request({ method: 'DELETE', path: `/apis/storage.k8s.io/v1/storageclasses/${name}` });
    await client.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('a dry run says what would be made, and makes nothing', async () => {
    const { code, output } = await deploy(settings(), '--dry-run');
    expect(output).toContain('+ Deployment hub');
    expect(output).toContain('+ NetworkPolicy singleuser');
    expect(output).not.toContain(token);
    expect(code).toBe(0);
    await expect(client.request({ path: `/api/v1/namespaces/${name}`, retryForMs: 0 })).rejects.toThrow('not found');
  });

  test('one command installs it, and says what it waits for', async () => {
    const begun = performance.now();
    const { code, output } = await deploy(settings());
    expect(output).toContain(`Ready: ${name}, revision 1.`);
    expect(output).toMatch(/hub: 0 of 1 pods are ready/);
    expect(code).toBe(0);
    process.stdout.write(`deploy on an empty namespace: ${Math.round((performance.now() - begun) / 100) / 10} s\n`);
    const service = await client.request<Service>({ path: `/api/v1/namespaces/${name}/services/proxy-public` });
    url = `http://${service.spec?.clusterIP}`;
    expect((await fetch(`${url}/hub/login`)).status).toBe(200);
  });

  test('a person works there: JupyterLab, GatewayCluster(), and all with the rights of the hub’s account', async () => {
    await api('POST', '/users/ada');
    await api('POST', '/users/ada/server');
    await until(
      'the server is ready',
      async () => {
        const { servers } = (await (await api('GET', '/users/ada')).json()) as {
          servers: Record<string, { ready: boolean }>;
        };
        return servers['']?.ready;
      },
      150,
    );
    const { token: own } = (await (await api('POST', '/users/ada/tokens')).json()) as { token: string };
    kernel = await Kernel.start(`${url}/user/ada/`, own);
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
    expect(await atoll('doctor', '--name', name)).toEqual({ code: 0, output: 'All is well.\n' });
    const { output } = await deploy(settings(), '--dry-run');
    expect(output).toContain('Nothing would change.');
  });

  test('an upgrade replaces the hub; servers, clusters and open WebSockets go on', async () => {
    const { output: plan } = await deploy(settings({ memory: '2G' }), '--dry-run');
    expect(plan).toContain('~ Secret atoll-settings');
    expect(plan).toContain('~ Deployment hub');
    expect(plan).not.toContain('Deployment edge');
    const { output } = await deploy(settings({ memory: '2G' }));
    expect(output).toContain(`Ready: ${name}, revision 2.`);
    expect(kernel.isOpen).toBe(true);
    expect((await kernel.run('print(client.submit(lambda: 7 * 7).result())')).trim()).toBe('49');
    const { servers } = (await (await api('GET', '/users/ada')).json()) as {
      servers: Record<string, { ready: boolean }>;
    };
    expect(servers['']?.ready).toBe(true);
  });

  test('a version that cannot start is taken back, with the reason', async () => {
    const { code, output } = await deploy(settings(), '--image', 'localhost:1/none/atoll:9', '--timeout', '15');
    expect(code).toBe(1);
    expect(output).toContain(
      'image localhost:1/none/atoll:9 cannot be pulled: its registry cannot be reached from the node',
    );
    expect(output).toContain('It is back at revision 2. [ATOLL_DEPLOY_UNHEALTHY]');
    expect((await api('GET', '')).status).toBe(200);
    expect((await kernel.run('print(client.submit(lambda: 8 * 8).result())')).trim()).toBe('64');
  });

  test('rollback brings back the settings before', async () => {
    const { output } = await atoll('rollback', '--name', name, '--to', '1');
    expect(output).toContain(`Ready: ${name}, revision 4.`);
    expect((await deploy(settings(), '--dry-run')).output).toContain('Nothing would change.');
    await kernel.run('cluster.shutdown()');
  });

  test('what somebody else made is never overwritten', async () => {
    const other = `${name}-other`;
    await client.request({
      method: 'POST',
      path: '/api/v1/namespaces',
      body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: other } },
    });
    const spec = { ports: [{ port: 80 }] };
    const metadata = { name: 'hub', labels: { release: 'jhub' } };
    const body = { apiVersion: 'v1', kind: 'Service', metadata, spec };
    await client.request({ method: 'POST', path: `/api/v1/namespaces/${other}/services`, body });
    const { code, output } = await deploy(settings(), '--namespace', other);
    expect(code).toBe(1);
    expect(output).toContain('Service hub is there already');
    expect(output).toContain('It belongs to: jhub.');
    const { items } = await client.request<{ items: unknown[] }>({
      path: `/apis/apps/v1/namespaces/${other}/deployments`,
    });
    expect(items).toEqual([]);
    await client.request({ method: 'DELETE', path: `/api/v1/namespaces/${other}` });
  });
});
