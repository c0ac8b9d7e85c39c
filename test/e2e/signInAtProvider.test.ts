import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Atoll } from '../support/atoll.ts';
import { launchBrowser, noBrowserReason } from '../support/browser.ts';
import { freePort } from '../support/freePort.ts';
import { type OidcProvider, startOidcProvider } from '../support/oidcProvider.ts';

if (noBrowserReason !== undefined)
  process.stdout.write(`skipped: signing in at a provider in a browser, because ${noBrowserReason}\n`);

describe.skipIf(noBrowserReason !== undefined)('signing in at an OpenID provider, in a browser', () => {
  let provider: OidcProvider;
  let atoll: Atoll;
  let browser: Browser;
  beforeAll(async () => {
    const port = await freePort();
    provider = await startOidcProvider([`http://127.0.0.1:${port}/hub/oauth_callback`]);
    provider.accounts.set('ada', { sub: 'ada', preferred_username: 'Ada', name: 'Ada Lovelace', groups: ['staff'] });
    provider.accounts.set('eve', { sub: 'eve', preferred_username: 'eve', groups: [] });
    const { client_id, client_secret } = provider.client;
    atoll = await Atoll.start({
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
`,
    });
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
