import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Atoll } from '../support/atoll.ts';
import { launchBrowser, noBrowserReason } from '../support/browser.ts';
import { until } from '../support/until.ts';

if (noBrowserReason) process.stdout.write(`skipped: the browser tests, because ${noBrowserReason}\n`);

/** Everything here is generous: a machine five times slower must pass too. */
const patience = { timeout: 90_000 };

const computation = [
  'from dask_gateway import GatewayCluster',
  'cluster = GatewayCluster(); cluster.scale(4); client = cluster.get_client()',
  'import dask.array as da; print("mean", round(float(da.random.random((20000, 20000)).mean().compute()), 2))',
  'print("dashboard", cluster.dashboard_link)',
].join('\n');

describe.skipIf(noBrowserReason !== undefined)(
  'a person with a browser, without any settings',
  { timeout: 300_000 },
  () => {
    let atoll: Atoll;
    let browser: Browser;
    let context: BrowserContext;
    let lab: Page;
    let dashboard = '';
    const foreignRequests: string[] = [];

    beforeAll(async () => {
      atoll = await Atoll.start();
      browser = await launchBrowser();
      context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
      context.on('request', (request) => {
        if (!request.url().startsWith(atoll.url) && /^(http|ws)/.test(request.url()))
          foreignRequests.push(request.url());
      });
    });
    afterAll(async () => {
      await browser?.close();
      await atoll?.end();
    });

    test('the link from the terminal leads to JupyterLab, with visible progress on the way', async () => {
      lab = await context.newPage();
      await lab.goto(atoll.signInLink);
      await lab.waitForURL(/\/user\/.*\/lab/, patience);
      await lab.waitForSelector('.jp-Launcher', patience);
      expect(lab.url()).toContain('/lab');
    });

    test('a notebook cell makes a cluster and computes on it', async () => {
      await lab.click('.jp-LauncherCard[data-category="Notebook"]', patience);
      const editor = lab.locator('.jp-Notebook .cm-content').first();
      await editor.waitFor(patience);
      await editor.click();
      await lab.waitForSelector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', patience);
      await lab.keyboard.insertText(computation);
      // As a person would, again if need be: JupyterLab forgets a cell that is run while it is still connecting to its kernel.
      const prompt = lab.locator('.jp-Notebook .jp-InputPrompt').first();
      await until('the cell to run', async () => {
        await lab.keyboard.press('Control+Enter');
        return until('its star or number', async () => /\[[*\d]/.test(await prompt.innerText()), 10).catch(() => false);
      });
      const output = lab.locator('.jp-OutputArea-output');
      await until(
        'the result in the notebook',
        async () => (await output.allInnerTexts()).join('\n').includes('dashboard'),
        120,
      );
      const text = (await output.allInnerTexts()).join('\n');
      expect(text).toContain('mean 0.5');
      dashboard = /dashboard (\S+)/.exec(text)?.[1] ?? '';
      expect(dashboard).toContain('/clusters/');
    });

    test('the dashboard link opens the live dashboard', async () => {
      const page = await context.newPage();
      const sockets: string[] = [];
      page.on('websocket', (socket) => sockets.push(socket.url()));
      await page.goto(new URL(dashboard, atoll.url).href, patience);
      await page.waitForSelector('.bk-Figure, .bk-GridBox, [class*="bk-"]', { state: 'attached', ...patience });
      expect(
        await until('the dashboard’s WebSocket', () => sockets.find((url) => url.includes('/status/ws'))),
      ).toContain(new URL(atoll.url).host);
      await page.close();
    });

    test('somebody who is not signed in is sent to the sign-in page instead', async () => {
      const stranger = await browser.newContext();
      const page = await stranger.newPage();
      await page.goto(new URL(dashboard, atoll.url).href, patience);
      expect(new URL(page.url()).pathname).toBe('/hub/login');
      await stranger.close();
    });

    test('the Dask panel of JupyterLab makes, scales, adapts and stops clusters of the gateway, and puts the way to them into notebooks', async () => {
      await lab.click('[data-id="dask-dashboard-launcher"]', patience);
      await lab.click('[data-command="dask:launch-cluster"]', patience);
      const item = lab.locator('.dask-ClusterListingItem');
      await item.first().waitFor(patience);
      expect(await item.first().innerText()).toContain('GatewayCluster');
      const scale = item.first().getByText('SCALE', { exact: false });
      const dialog = lab.locator('.jp-Dialog');
      const [workers, least, most] = [0, 1, 2].map((nth) => dialog.locator('input[type="number"]').nth(nth));
      const shows = (text: RegExp) => async () => text.test(await item.first().innerText());
      await scale.click(patience);
      await workers?.fill('2');
      await dialog.locator('.jp-mod-accept').click();
      await until('two workers in the panel', shows(/number of workers: *2/i), 90);
      await scale.click(patience);
      await dialog.locator('input[type="checkbox"]').click({ ...patience, force: true });
      await least?.fill('1');
      await most?.fill('3');
      await dialog.locator('.jp-mod-accept').click();
      await until('the bounds in the panel', shows(/minimum workers: *1\s+maximum workers: *3/i), 90);
      await until('an idle worker less', shows(/number of workers: *1/i), 90);
      await item.first().locator('.dask-ClusterListingItem-code').click(patience);
      const code = lab.locator('.jp-Notebook .cm-content');
      await until('code', async () => /Client\("gateway:/.test((await code.allInnerTexts()).join('\n')));
      // The graphs of the panel's own cluster: the list is there, and one of them opens inside the Lab and is drawn.
      const graph = lab.locator('.dask-DashboardListing-list button', { hasText: /^task stream$/i });
      await graph.click(patience);
      const frame = await until('the frame of the graph', () =>
        lab.frames().find((one) => one.url().endsWith('/individual-task-stream')),
      );
      expect(new URL(frame.url()).pathname).toMatch(/^\/services\/dask-gateway\/clusters\/[0-9a-f]{32}\//);
      await frame.waitForSelector('.bk-Figure', { state: 'attached', ...patience });
      await item.first().getByText('SHUTDOWN', { exact: false }).click(patience);
      expect(await until('an empty panel', async () => (await item.count()) === 0, 90)).toBe(true);
    });

    test('no request left the machine', () => {
      expect(foreignRequests).toEqual([]);
    });
  },
);
