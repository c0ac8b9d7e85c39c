import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Kernel } from '../support/kernel.ts';
import { until } from '../support/until.ts';
import { HubOnPods } from './support/hubOnPods.ts';

describe('servers and clusters as pods', () => {
  let hub: HubOnPods;
  let token: string;
  let kernel: Kernel;

  beforeAll(async () => {
    hub = await HubOnPods.start();
  });
  afterAll(async () => {
    kernel?.close();
    await hub?.end();
  });

  test('a person gets JupyterLab in a pod', async () => {
    await hub.startServer('ada');
    token = await hub.tokenOf('ada');
    const lab = await fetch(`${hub.atoll.url}/user/ada/lab`, { headers: { authorization: `token ${token}` } });
    expect(lab.status).toBe(200);
    expect(await lab.text()).toContain('JupyterLab');
    const [pod, ...others] = await hub.pods('component=singleuser-server');
    expect(others).toEqual([]);
    expect(pod?.metadata.name).toBe('jupyter-ada');
  });

  test('GatewayCluster() without an argument makes a scheduler and workers that compute', async () => {
    kernel = await Kernel.start(`${hub.atoll.url}/user/ada/`, token);
    const printed = await kernel.run(
      [
        'from dask_gateway import GatewayCluster',
        'cluster = GatewayCluster(); cluster.scale(2); client = cluster.get_client(); client.wait_for_workers(2, timeout=120)',
        'import dask.array as da; print("mean", round(float(da.random.random((2000, 2000)).mean().compute()), 2))',
        'print("workers", len(client.scheduler_info()["workers"]))',
        'print("dashboard", cluster.dashboard_link)',
        'import socket; print("hosts", len(set(client.run(socket.gethostname).values())), socket.gethostname())',
      ].join('\n'),
    );
    expect(printed).toContain('mean 0.5');
    expect(printed).toContain('workers 2');
    expect(printed).toContain('hosts 2 jupyter-ada');
    expect(await hub.pods('component=dask-scheduler')).toHaveLength(1);
    expect(await hub.pods('component=dask-worker')).toHaveLength(2);
    const path = /dashboard (\S+)/.exec(printed)?.[1] ?? '';
    const dashboard = await fetch(new URL(path, hub.atoll.url), { headers: { authorization: `token ${token}` } });
    expect(dashboard.status).toBe(200);
    expect(await dashboard.text()).toContain('Dask');
    // Not for somebody else, and not for nobody.
    const nobody = await fetch(new URL(path, hub.atoll.url), { redirect: 'manual' });
    expect([302, 401, 403]).toContain(nobody.status);
  });

  test('a person whose cluster waits for a node reads why, in the output of the cell', async () => {
    const printed = await kernel.run(
      [
        'import contextlib, io, threading, time',
        'from dask_gateway import Gateway',
        'gateway = Gateway(); name = gateway.submit(scheduler_cores=500); read = io.StringIO()',
        'def stop():',
        '    until = time.monotonic() + 120',
        '    while "cores" not in read.getvalue() and time.monotonic() < until: time.sleep(0.1)',
        '    Gateway().stop_cluster(name)',
        'stopper = threading.Thread(target=stop); stopper.start()',
        'with contextlib.redirect_stderr(read), contextlib.suppress(Exception): gateway.connect(name)',
        'stopper.join(); print(read.getvalue())',
      ].join('\n'),
    );
    expect(printed).toMatch(/^Your cluster waits: no node has enough free cores.*\.$/m);
  });

  test('JupyterLab’s Dask panel has adaptive clusters', async () => {
    const panel = async (method: string, path: string, body?: unknown): Promise<Response> =>
      fetch(`${hub.atoll.url}/user/ada/dask/clusters${path}`, {
        method,
        headers: { authorization: `token ${token}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    const { id } = (await (await panel('PUT', '/')).json()) as { id: string };
    // dask-gateway's own client would answer with an error here.
    expect((await panel('PATCH', `/${id}`, { adapt: { minimum: 0, maximum: 1 } })).status).toBe(200);
    expect((await panel('DELETE', `/${id}`)).status).toBe(204);
  });

  test('a worker whose pod is deleted is replaced, and the work goes on', async () => {
    const [victim] = await hub.pods('component=dask-worker');
    const path = `/api/v1/namespaces/${hub.namespace}/pods/${victim?.metadata.name}`;
    await hub.client.request({ method: 'DELETE', path, body: { gracePeriodSeconds: 1 } });
    await until('another worker is there', async () => {
      const running = (await hub.pods('component=dask-worker')).filter(({ status }) => status.phase === 'Running');
      return running.length === 2 && running.every(({ metadata }) => metadata.name !== victim?.metadata.name);
    });
    const printed = await kernel.run(
      'client.wait_for_workers(2, timeout=60); print(client.submit(lambda: 6 * 7).result())',
    );
    expect(printed.trim()).toBe('42');
  });

  test('a hub that is killed finds everything again: the kernel, its WebSocket and the cluster go on', async () => {
    process.kill(hub.atoll.pidOf('hub'), 'SIGKILL');
    expect((await kernel.run('print(client.submit(lambda: 7 * 7).result())')).trim()).toBe('49');
    expect(kernel.isOpen).toBe(true);
    await until('the hub answers again', async () => (await hub.api('GET', '')).status === 200);
    const { body } = await hub.api<{ servers: Record<string, { ready: boolean }> }>('GET', '/users/ada');
    expect(body.servers['']?.ready).toBe(true);
    expect(await hub.pods('component=singleuser-server')).toHaveLength(1);
    expect((await kernel.run('cluster.scale(1); print(client.submit(lambda: 8 * 8).result())')).trim()).toBe('64');
    await until('one worker is left', async () => (await hub.pods('component=dask-worker')).length === 1);
  });

  test('a cluster that is shut down leaves no pod and no secret', async () => {
    await kernel.run('cluster.shutdown()');
    const left = async (): Promise<number> => {
      const pods = await hub.pods('component in (dask-scheduler, dask-worker)');
      const path = `/api/v1/namespaces/${hub.namespace}/secrets`;
      const { items } = await hub.client.request<{ items: { metadata: { labels?: Record<string, string> } }[] }>({
        path,
      });
      return pods.length + items.filter(({ metadata }) => metadata.labels?.['gateway.dask.org/cluster']).length;
    };
    await until('nothing of the cluster is left', async () => (await left()) === 0);
    expect(await hub.pods('component=singleuser-server')).toHaveLength(1);
  });

  test('a server that is stopped takes its pod along', async () => {
    expect((await hub.api('DELETE', '/users/ada/server')).status).toBeLessThan(300);
    await until('its pod is gone', async () => (await hub.pods('component=singleuser-server')).length === 0);
  });
});
