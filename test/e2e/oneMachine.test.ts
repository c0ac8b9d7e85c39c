import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Atoll } from '../support/atoll.ts';
import { BrowserSession } from '../support/browserSession.ts';
import { Kernel } from '../support/kernel.ts';
import { until } from '../support/until.ts';

const admin = 'token-of-the-test-service-0123456789';
const settings = `
jupyterhub:
  hub:
    config:
      JupyterHub: { authenticator_class: dummy }
      Authenticator: { allow_all: true, admin_users: [root-of-all] }
    services:
      tests: { apiToken: ${admin}, admin: true }
`;

const computation = `
from dask_gateway import GatewayCluster
cluster = GatewayCluster()
cluster.scale(2)
client = cluster.get_client()
client.wait_for_workers(2)
import dask.array as da
print(round(float(da.random.random((2000, 2000), chunks=(500, 500)).mean().compute()), 1))
`;

/** Starts a user's server through the API, and a kernel in it. */
async function startedKernel(atoll: Atoll, user: string): Promise<Kernel> {
  const api = (method: string, path: string): Promise<Response> =>
    fetch(`${atoll.url}/hub/api${path}`, { method, headers: { authorization: `token ${admin}` } });
  await api('POST', `/users/${user}`);
  expect([201, 202]).toContain((await api('POST', `/users/${user}/server`)).status);
  await until('the server', async () => (await fetch(`${atoll.url}/user/${user}/api`)).status === 200);
  return Kernel.start(`${atoll.url}/user/${user}/`, admin);
}

describe('one machine, with a settings file', () => {
  let atoll: Atoll;
  beforeAll(async () => {
    // On top of a file that somebody wrote for the daskhub chart: it must not get into the way.
    const daskhub = resolve(import.meta.dirname, '../config/values/daskhub-2021.yaml');
    atoll = await Atoll.start({ settings, arguments: ['-f', daskhub] });
  });
  afterAll(() => atoll?.end());

  test('a person signs in with a form, and the server starts and opens', async () => {
    const browser = new BrowserSession(atoll.url);
    const form = await browser.visit('/hub/login');
    expect(form.status).toBe(200);
    const xsrf = browser.cookie('_xsrf');
    const signedIn = await browser.visit('/hub/login?next=%2Fhub%2Fhome', {
      method: 'POST',
      body: new URLSearchParams({ username: 'ada', password: 'anything', _xsrf: xsrf ?? '' }),
    });
    expect(signedIn.status).toBe(200);
    expect(await signedIn.text()).toContain('ada');
    const pending = await browser.visit('/hub/spawn');
    expect(pending.status).toBeLessThan(400);
    const lab = await until('JupyterLab', async () => {
      const page = await browser.visit('/user/ada/lab');
      return page.status === 200 && (await page.text()).includes('jupyter-config-data');
    });
    expect(lab).toBe(true);
  });

  test('GatewayCluster() needs no argument, and computes', async () => {
    const kernel = await startedKernel(atoll, 'grace');
    expect(await kernel.run(computation)).toBe('0.5\n');
    const link = (await kernel.run('print(cluster.dashboard_link)')).trim();
    expect(link).toContain('/services/dask-gateway/clusters/');
    const path = new URL(link, atoll.url).pathname;
    expect((await fetch(atoll.url + path, { redirect: 'manual', headers: { accept: 'text/html' } })).status).toBe(302);
    const asOwner = await kernel.run(
      `import os, urllib.request as u\nprint(u.urlopen(u.Request("${atoll.url}${path}", headers={"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]})).status)`,
    );
    expect(asOwner).toBe('200\n');
    await kernel.run('cluster.shutdown()');
    kernel.close();
  });

  test('another person sees neither the server, nor the cluster, nor its dashboard', async () => {
    const owner = await startedKernel(atoll, 'hedy');
    const other = await startedKernel(atoll, 'mallory');
    const name = (
      await owner.run('from dask_gateway import GatewayCluster\nc = GatewayCluster()\nprint(c.name)')
    ).trim();
    const spying = (path: string): string =>
      `import os, urllib.request as u, urllib.error as e
try:
    print(u.urlopen(u.Request("${atoll.url}${path}", headers={"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]})).status)
except e.HTTPError as error:
    print(error.code)`;
    expect(await other.run(spying(`/services/dask-gateway/clusters/${name}/status`))).toBe('404\n');
    // The same answer, in the caller's language, as for a cluster that does not exist.
    const token = (await other.run('import os; print(os.environ["JUPYTERHUB_API_TOKEN"])')).trim();
    const seen = (of: string, accept: string): Promise<string> =>
      fetch(`${atoll.url}/services/dask-gateway/clusters/${of}/status`, {
        headers: { accept, authorization: `token ${token}` },
      }).then(async (answer) => `${answer.status} ${await answer.text()}`);
    expect(await seen(name, 'text/html')).toMatch(/^404 <!doctype html>[^]*There is no such cluster/i);
    expect(await seen(name, 'text/html')).toBe(await seen('none', 'text/html'));
    expect(await seen(name, '*/*')).toBe('404 {"error":"Not Found","code":"ATOLL_NOT_FOUND"}');
    expect(await seen('none', '*/*')).toBe(await seen(name, '*/*'));
    expect(await other.run(spying('/user/hedy/api/contents'))).toBe('403\n');
    expect(await other.run('from dask_gateway import Gateway\nprint(Gateway().list_clusters())')).toBe('[]\n');
    await owner.run('c.shutdown()');
    owner.close();
    other.close();
  });

  test('a computation goes on while the hub, then the edge, then all of Atoll is killed', async () => {
    const kernel = await startedKernel(atoll, 'katherine');
    await kernel.run(computation);
    await kernel.run('import time\nslow = client.map(lambda x: (time.sleep(0.5), x)[1], range(20), pure=False)');
    const hubPid = atoll.pidOf('hub');
    process.kill(hubPid, 'SIGKILL');
    // The kernel's WebSocket and the scheduler's connection pass through the edge, which lives.
    expect(await kernel.run('print(sum(client.gather(slow)))')).toBe('190\n');
    expect(kernel.isOpen).toBe(true);
    await until('a new hub', () => atoll.pidOf('hub') !== hubPid);
    // The cluster can be scaled through the new hub: nothing about it was lost.
    expect(
      await kernel.run('cluster.scale(3)\nclient.wait_for_workers(3)\nprint(len(client.scheduler_info()["workers"]))'),
    ).toBe('3\n');
    kernel.close();

    await atoll.killAll();
    await atoll.up();
    const again = await Kernel.start(`${atoll.url}/user/katherine/`, admin);
    expect(
      await again.run(`
from dask_gateway import Gateway
gateway = Gateway()
[report] = gateway.list_clusters()
cluster = gateway.connect(report.name)
client = cluster.get_client()
print(client.submit(lambda: 6 * 7).result())
cluster.shutdown()`),
    ).toBe('42\n');
    again.close();
  });
});

describe('one machine, without settings', () => {
  let atoll: Atoll;
  beforeAll(async () => {
    atoll = await Atoll.start();
  });
  afterAll(() => atoll?.end());

  test('the printed link signs in once', async () => {
    const browser = new BrowserSession(atoll.url);
    const click = { headers: { 'sec-fetch-site': 'none', 'sec-fetch-user': '?1' } };
    const page = await browser.visit(atoll.signInLink, click);
    expect(page.status).toBeLessThan(400);
    const model = await until('a signed-in session', async () => {
      const home = await browser.visit('/hub/home');
      return home.status === 200 && (await home.text());
    });
    expect(model).toContain('Log out');
    const second = new BrowserSession(atoll.url);
    await second.visit(atoll.signInLink, click);
    expect((await second.request('/hub/home')).status).toBe(302);
  });

  test('it ends cleanly, and leaves what runs alone', async () => {
    expect(await atoll.stop()).toBe(0);
    await atoll.up();
    expect(atoll.output).toMatch(/^Ready/m);
  });
});
