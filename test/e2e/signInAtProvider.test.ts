import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Atoll } from '../support/atoll.ts';
import { launchBrowser, noBrowserReason } from '../support/browser.ts';
import { BrowserSession } from '../support/browserSession.ts';
import { freePort } from '../support/freePort.ts';
import { type OidcProvider, startOidcProvider } from '../support/oidcProvider.ts';
import { until } from '../support/until.ts';

const redirectTo = (port: number): string => `http://127.0.0.1:${port}/hub/oauth_callback`;

/** A hub whose people sign in at the provider; those of the group `staff` are let in, as administrators. */
function startHub(provider: OidcProvider, port: number): Promise<Atoll> {
  const { client_id, client_secret } = provider.client;
  return Atoll.start({
    port,
    settings: `jupyterhub:
  hub:
    config:
      JupyterHub: { authenticator_class: generic-oauth, redirect_to_server: false }
      GenericOAuthenticator:
        issuer: ${provider.issuer}
        client_id: ${client_id}
        client_secret: ${client_secret}
        login_service: the institute
        username_claim: preferred_username
        scope: [openid, profile, groups]
        manage_groups: true
        admin_groups: [staff]
        auth_refresh_age: 2
`,
  });
}

if (noBrowserReason !== undefined)
  process.stdout.write(`skipped: signing in at a provider in a browser, because ${noBrowserReason}\n`);

describe.skipIf(noBrowserReason !== undefined)('signing in at an OpenID provider, in a browser', () => {
  let provider: OidcProvider;
  let atoll: Atoll;
  let browser: Browser;
  beforeAll(async () => {
    const port = await freePort();
    provider = await startOidcProvider([redirectTo(port)]);
    provider.accounts.set('ada', { sub: 'ada', preferred_username: 'Ada', name: 'Ada Lovelace', groups: ['staff'] });
    provider.accounts.set('eve', { sub: 'eve', preferred_username: 'eve', groups: [] });
    atoll = await startHub(provider, port);
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await atoll?.end();
    await provider?.close();
  });

  test('leads from the page that was asked for, by a button and the provider, back to it; and out again', async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('console', (message) => {
      const isOurs = message.location().url.startsWith(atoll.url);
      if (isOurs && message.type() === 'error') errors.push(message.text());
    });
    await page.goto(`${atoll.url}/hub/home`);
    await page.getByRole('link', { name: 'Sign in with the institute' }).press('Enter');
    await page.getByLabel('Account').fill('ada');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.waitForURL(`${atoll.url}/hub/home`);
    expect(await page.getByRole('navigation', { name: 'Main' }).isVisible()).toBe(true);
    expect(await page.getByRole('banner').textContent()).toContain('ada');
    // An administrator by the group.
    expect(await page.getByRole('link', { name: 'Admin' }).isVisible()).toBe(true);
    expect(errors).toEqual([]);
    await page.getByRole('link', { name: 'Log out' }).click();
    await page.getByText('You are signed out.').waitFor();
    await page.close();
  });

  test('says in plain words who may not come in, and offers to try again', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${atoll.url}/hub/login`);
    await page.getByRole('link', { name: 'Sign in with the institute' }).click();
    await page.getByLabel('Account').fill('eve');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toContain(
      'You are not on the list of people who may use this hub.',
    );
    expect(await page.getByRole('link', { name: 'Sign in with the institute' }).isVisible()).toBe(true);
    await context.close();
  });
});

test('who leaves the group loses the server that runs, at once and without a request of theirs', {
  timeout: 240_000,
}, async () => {
  const port = await freePort();
  const provider = await startOidcProvider([redirectTo(port)]);
  const atoll = await startHub(provider, port);
  try {
    const enter = async (sub: string): Promise<(path: string, method?: string) => Promise<Response>> => {
      provider.accounts.set(sub, { sub, preferred_username: sub, groups: ['staff'] });
      provider.signsInAs = sub;
      const browser = new BrowserSession(atoll.url);
      const there = await browser.request('/hub/oauth_login');
      await browser.visit((await provider.visit(there.headers.get('location') ?? '')).href);
      const headers = { 'x-xsrftoken': browser.cookie('_xsrf') ?? '', 'content-type': 'application/json' };
      const made = await browser.request(`/hub/api/users/${sub}/tokens`, { method: 'POST', headers, body: '{}' });
      const { token } = (await made.json()) as { token: string };
      return (path, method = 'GET') =>
        fetch(`${atoll.url}/hub/api${path}`, { method, headers: { authorization: `token ${token}` } });
    };
    const [ada, bob] = [await enter('ada'), await enter('bob')];
    await bob('/users/bob/server', 'POST');
    const servers = async (): Promise<Record<string, { ready: boolean }>> =>
      ((await (await ada('/users/bob')).json()) as { servers: Record<string, { ready: boolean }> }).servers;
    await until('the server to be ready', async () => (await servers())['']?.ready === true, 120);
    provider.accounts.set('bob', { sub: 'bob', preferred_username: 'bob', groups: [] });
    await until('the server to be gone', async () => Object.keys(await servers()).length === 0, 60);
    expect((await bob('/user')).status).toBe(403);
    expect((await ada('/user')).status).toBe(200);
  } finally {
    await atoll.end();
    await provider.close();
  }
});
