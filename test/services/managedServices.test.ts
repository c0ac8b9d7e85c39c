import { readdirSync, readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Atoll } from '../support/atoll.ts';
import { launchBrowser, noBrowserReason } from '../support/browser.ts';
import { freePort } from '../support/freePort.ts';
import { until } from '../support/until.ts';

if (noBrowserReason) process.stdout.write(`skipped: a service in a browser, because ${noBrowserReason}\n`);

const admin = 'token-of-the-test-service-0123456789';

/** Real programs: the culler that people use, and the service with which JupyterHub tests its own `HubOAuth`. */
const settings = (port: number): string => `
jupyterhub:
  hub:
    config:
      JupyterHub: { authenticator_class: dummy }
      Authenticator: { allow_all: true }
    loadRoles:
      user: { scopes: [self, 'access:services!service=example'] }
      culler:
        scopes: [list:users, 'read:users:activity', read:servers, delete:servers]
        services: [culler]
    services:
      tests: { apiToken: ${admin}, admin: true }
      culler:
        command: [python3, -m, jupyterhub_idle_culler, --timeout=3, --cull-every=1]
      example:
        url: http://127.0.0.1:${port}
        command: [python, -m, jupyterhub.tests.mockservice]
        environment: { GREETING: hello }
`;

let atoll: Atoll;
let servicePort: number;
beforeAll(async () => {
  servicePort = await freePort();
  atoll = await Atoll.start({ settings: settings(servicePort) });
});
afterAll(() => atoll?.end());

function api(method: string, path: string): Promise<Response> {
  return fetch(`${atoll.url}/hub/api${path}`, { method, headers: { authorization: `token ${admin}` } });
}

async function pidOf(service: string): Promise<number> {
  return until(`a process of ${service}`, async () => {
    const model = (await (await api('GET', `/services/${service}`)).json()) as { pid: number };
    return model.pid > 0 && model.pid;
  });
}

/** What the service says of its own environment, by way of the edge. */
function environmentOfService(): Promise<Record<string, string>> {
  return until('the service to answer', async () => {
    const answer = await fetch(`${atoll.url}/services/example/env`);
    return answer.status === 200 && ((await answer.json()) as Record<string, string>);
  });
}

const isThere = (pid: number): boolean => readdirSync('/proc').includes(String(pid));

/** Whoever may list processes sees their command lines. */
function isOnACommandLine(text: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(text);
    } catch {
      return false;
    }
  });
}

test('the edge leads to it, it knows its hub, and its token is in its environment only', async () => {
  const environment = await environmentOfService();
  expect(environment).toMatchObject({
    GREETING: 'hello',
    JUPYTERHUB_SERVICE_NAME: 'example',
    JUPYTERHUB_SERVICE_PREFIX: '/services/example/',
    JUPYTERHUB_API_URL: `${atoll.url}/hub/api`,
  });
  const token = environment.JUPYTERHUB_API_TOKEN ?? '';
  expect(token).toMatch(/^[0-9a-f]{64}$/);
  expect(isOnACommandLine(token)).toBe(false);
  // The service itself prints its whole environment: that stays in a file of its own.
  expect(atoll.output).not.toContain(token);
  const answer = await fetch(`${atoll.url}/hub/api/user`, { headers: { authorization: `token ${token}` } });
  expect(await answer.json()).toMatchObject({ kind: 'service', name: 'example' });
});

test('the culler stops a server that nobody uses', { timeout: 180_000 }, async () => {
  expect((await api('POST', '/users/ada')).status).toBe(201);
  expect([201, 202]).toContain((await api('POST', '/users/ada/server')).status);
  const modelOfServer = async (): Promise<{ stopped: boolean; started: string | null }> =>
    (await api('GET', '/users/ada/server')).json() as Promise<{ stopped: boolean; started: string | null }>;
  await until('the server to run, then to be stopped', async () => (await modelOfServer()).stopped, 120);
});

test('when it is killed it comes back, with another token', async () => {
  const before = await environmentOfService();
  const pid = await pidOf('example');
  process.kill(pid, 'SIGKILL');
  const after = await until('the next process', async () => {
    const environment = await environmentOfService();
    return environment.JUPYTERHUB_API_TOKEN !== before.JUPYTERHUB_API_TOKEN && environment;
  });
  const statusOf = async (token = ''): Promise<number> =>
    (await fetch(`${atoll.url}/hub/api/user`, { headers: { authorization: `token ${token}` } })).status;
  expect(await statusOf(before.JUPYTERHUB_API_TOKEN)).toBe(403);
  expect(await statusOf(after.JUPYTERHUB_API_TOKEN)).toBe(200);
  expect(await pidOf('example')).not.toBe(pid);
});

test('it outlives a killed hub; the next hub takes it over', async () => {
  const { JUPYTERHUB_API_TOKEN: token } = await environmentOfService();
  const pid = await pidOf('example');
  const hub = atoll.pidOf('hub');
  process.kill(hub, 'SIGKILL');
  await until('the next hub', () => atoll.pidOf('hub') !== hub);
  const answer = await until('its token to be good', async () => {
    const response = await fetch(`${atoll.url}/hub/api/user`, { headers: { authorization: `token ${token}` } });
    return response.status === 200 && response;
  });
  expect(await answer.json()).toMatchObject({ name: 'example' });
  expect(await pidOf('example')).toBe(pid);
  expect((await environmentOfService()).JUPYTERHUB_API_TOKEN).toBe(token);
});

describe.skipIf(noBrowserReason !== undefined)('in a browser', () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    browser = await launchBrowser();
    page = await (await browser.newContext()).newPage();
  });
  afterAll(() => browser?.close());

  test('a person finds the service in the menu, allows it once, and it knows who they are', async () => {
    await page.goto(`${atoll.url}/hub/login?next=/hub/home`);
    await page.fill('[name=username]', 'ada');
    await page.fill('[name=password]', 'anything');
    await page.click('main button');
    await page.waitForURL(/home/);
    await page.click('summary');
    await page.click('nav >> text=example');
    expect(await page.textContent('body')).toBe('/services/example/');
    await page.goto(`${atoll.url}/services/example/owhoami/`);
    expect(await page.textContent('h1')).toBe('Allow access?');
    await page.click('button[value=allow]');
    await page.waitForURL(/owhoami/);
    expect(JSON.parse((await page.textContent('body')) ?? '')).toMatchObject({ name: 'ada', kind: 'user' });
    // Not asked again.
    await page.context().clearCookies({ name: 'service-example' });
    await page.goto(`${atoll.url}/services/example/owhoami/`);
    expect(JSON.parse((await page.textContent('body')) ?? '')).toMatchObject({ name: 'ada' });
  });
});

test('it ends with Atoll', async () => {
  const pids = [await pidOf('example'), await pidOf('culler')];
  await atoll.stop();
  expect(pids.filter(isThere)).toEqual([]);
});
