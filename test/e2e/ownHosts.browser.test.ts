import type { Browser, Page } from 'playwright-core';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Atoll } from '../support/atoll.ts';
import { launchBrowser, noBrowserReason } from '../support/browser.ts';
import { freePort } from '../support/freePort.ts';
import { Kernel } from '../support/kernel.ts';
import { until } from '../support/until.ts';

const admin = 'token-of-the-test-service-0123456789';

const settings = (port: number): string => `
jupyterhub:
  hub:
    baseUrl: /research
    allowNamedServers: true
    config:
      JupyterHub: { authenticator_class: dummy, subdomain_host: 'http://localhost:${port}' }
      Authenticator: { allow_all: true }
    services:
      tests: { apiToken: ${admin}, admin: true }
`;

// A browser takes every name below localhost for this machine.
describe.skipIf(noBrowserReason)('below a base URL, each user on a host of their own', { timeout: 300_000 }, () => {
  let atoll: Atoll;
  let browser: Browser;
  let page: Page;
  let port: number;

  beforeAll(async () => {
    port = await freePort();
    [atoll, browser] = await Promise.all([Atoll.start({ port, settings: settings(port) }), launchBrowser()]);
    page = await (await browser.newContext()).newPage();
    // A machine five times slower must pass too.
    page.setDefaultTimeout(120_000);
    for (const user of ['ada', 'mallory']) await api('POST', `/users/${user}`);
    await api('POST', '/users/mallory/server');
  });
  afterAll(async () => {
    await browser?.close();
    await atoll?.end();
  });

  const hub = (): string => `http://localhost:${port}/research/hub`;
  const own = (user: string): string => `http://${user}.localhost:${port}/research/user/${user}/`;
  const api = (method: string, path: string): Promise<Response> =>
    fetch(`${atoll.url}/research/hub/api${path}`, { method, headers: { authorization: `token ${admin}` } });
  /** Asks a host for a path. Only browsers find these names; others say which one they mean. */
  const at = (user: string, path: string, accept = '*/*'): ReturnType<typeof request> =>
    request(atoll.url + path, { headers: { host: `${user}.localhost:${port}`, accept } });

  test('what is printed at the start names the base, and the host to sign in at', () => {
    expect(atoll.output).toMatch(new RegExp(`^Ready: http://127.0.0.1:${port}/research$`, 'm'));
    expect(atoll.output).toContain(`${hub()}/login`);
  });

  test('a person signs in, starts a server and works in JupyterLab', async () => {
    await page.goto(`http://localhost:${port}/`);
    await page.waitForURL(/\/research\/hub\/login/);
    await page.fill('[name=username]', 'ada');
    await page.fill('[name=password]', 'anything');
    await page.click('main button');
    await page.waitForURL(`${own('ada')}lab*`);
    await page.waitForSelector('#jp-main-dock-panel');
    const cookies = await page.context().cookies();
    expect(cookies.filter(({ name }) => name === 'jupyterhub-hub-login')).toMatchObject([
      { domain: 'localhost', path: '/research/hub/' },
    ]);
    expect(cookies.filter(({ name }) => name === 'jupyterhub-user-ada')).toMatchObject([{ domain: 'ada.localhost' }]);
  });

  test('GatewayCluster() needs no argument, and its dashboard is where its link says', async () => {
    const kernel = await Kernel.start(`${atoll.url}/research/user/ada/`, admin, `ada.localhost:${port}`);
    const computed = await kernel.run(`
from dask_gateway import GatewayCluster
cluster = GatewayCluster()
cluster.scale(1)
client = cluster.get_client()
print(client.submit(lambda: 6 * 7).result(), cluster.dashboard_link)`);
    const [result, link = ''] = computed.trim().split(' ');
    expect(result).toBe('42');
    expect(link).toMatch(
      /^\/research\/user\/ada\/proxy\/dask-gateway\/clusters\/|^\/research\/services\/dask-gateway\/clusters\//,
    );
    await page.goto(`http://localhost:${port}${link}`);
    await until('the dashboard', async () => (await page.title()).includes('Dask'));
    await kernel.run('cluster.shutdown()');
    kernel.close();
  });

  test('a page on somebody else’s host reads nothing of a person’s server, nor of the hub', async () => {
    await page.goto(`${own('mallory')}api`);
    const read = (url: string): Promise<string> =>
      page.evaluate(
        (address) =>
          fetch(address, { credentials: 'include' })
            .then((answer) => answer.text())
            .catch(() => 'refused'),
        url,
      );
    // With the cookies of the person, whose browser this is.
    for (const url of [`${own('ada')}api/contents`, `${hub()}/token`, `${hub()}/api/user`, `${hub()}/home`])
      expect([url, await read(url)]).toEqual([url, 'refused']);
    // On its own host there is no hub: what is asked for there leads away, to where it may not look.
    expect(await read(`http://mallory.localhost:${port}/research/hub/token`)).not.toContain('_xsrf');
    expect(await read(`http://mallory.localhost:${port}/research/hub/api/user`)).not.toContain('"name"');
    expect(await page.evaluate('document.cookie')).not.toContain('hub-login');
  });

  test('a path of a person’s server is on that person’s host alone', async () => {
    expect((await at('ada', '/research/user/ada/api')).statusCode).toBe(200);
    const elsewhere = await at('mallory', '/research/user/ada/lab', 'text/html');
    expect([elsewhere.statusCode, elsewhere.headers.location]).toEqual([
      302,
      `http://localhost:${port}/research/user/ada/lab`,
    ]);
    await page.goto(`${hub()}/home`);
    await page.goto(`http://localhost:${port}/research/user/ada/lab`);
    await page.waitForURL(`${own('ada')}lab*`);
  });

  test('a stopped named server says so, although the default server runs', async () => {
    expect((await api('PUT', '/users/ada/servers/gpu')).status).toBe(201);
    const asked = await at('ada', '/research/user/ada/gpu/api/status', 'application/json');
    expect(asked.statusCode).toBe(424);
    expect(await asked.body.text()).toContain(
      'JupyterHub server no longer running at /research/user/ada/gpu/api/status',
    );
    await page.goto(`${own('ada')}gpu/lab`);
    await page.waitForURL(`${hub()}/user/ada/gpu/lab`);
    expect(await page.textContent('h1')).toContain('“gpu” is not running');
    await page.goto(`${own('ada')}lab`);
    await page.waitForSelector('#jp-main-dock-panel');
    expect((await (await api('GET', '/proxy')).json()) as object).not.toHaveProperty(
      `ada.localhost/research/user/ada/gpu/`,
    );
  });
});
