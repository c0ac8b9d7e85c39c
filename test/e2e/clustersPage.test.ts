import { afterAll, beforeAll, expect, test } from 'vitest';
import { adminSettings, adminToken } from '../support/adminService.ts';
import { Atoll } from '../support/atoll.ts';
import { press } from '../support/press.ts';
import { signIn } from '../support/signIn.ts';
import { until } from '../support/until.ts';

const settings = `${adminSettings}dask-gateway:
  gateway:
    backend:
      worker: { memory: { request: 256M, limit: 512M }, cores: { request: 0.5, limit: 1 } }
`;

let atoll: Atoll;
beforeAll(async () => {
  atoll = await Atoll.start({ settings });
});
afterAll(() => atoll?.end());

async function post(path: string, authorization: string, body: object): Promise<Record<string, string>> {
  const response = await fetch(atoll.url + path, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBeLessThan(300);
  return (await response.json()) as Record<string, string>;
}

test('a cluster with a worker is shown, its dashboard opens, and its button stops it', async () => {
  const browser = await signIn(atoll, 'ada');
  const stranger = await signIn(atoll, 'mallory');
  const { token } = await post('/hub/api/users/ada/tokens', `token ${adminToken}`, {});
  const gateway = '/services/dask-gateway/api/v1/clusters/';
  const { name = '' } = await post(gateway, `jupyterhub ${token}`, {});
  await until('the cluster', async () => {
    const response = await fetch(`${atoll.url}${gateway}${name}`, {
      headers: { authorization: `jupyterhub ${token}` },
    });
    return ((await response.json()) as { status: string }).status === 'RUNNING';
  });
  await post(`${gateway}${name}/scale`, `jupyterhub ${token}`, { count: 1 });
  const page = await until('the worker', async () => {
    const text = await (await browser.request('/hub/clusters')).text();
    return text.includes('1 of 1 worker · 512 MiB and 1 core each') && text;
  });

  const [, dashboard = ''] = /href="([^"]+\/status)"/.exec(page) ?? [];
  expect(dashboard).toBe(`/services/dask-gateway/clusters/${name}/status`);
  const opened = await browser.request(dashboard);
  expect(opened.status).toBe(200);
  expect(await opened.text()).toContain('Bokeh');
  expect((await stranger.request(dashboard)).status).toBe(404);

  await press(browser, page, `/hub/clusters/${name}/stop`);
  await until('the end', async () => {
    const text = await (await browser.request('/hub/clusters')).text();
    return text.includes('Stopped by ada.') && text.includes('No cluster is running.');
  });
  expect((await browser.request(dashboard)).status).not.toBe(200);
});
