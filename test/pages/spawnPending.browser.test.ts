import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { defaultSettings } from '../../src/config/settings.ts';
import { launchBrowser, noBrowserReason } from '../support/browser.ts';
import { FakeRuntime, type FakeWorkload } from '../support/fakeRuntime.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';
import { until } from '../support/until.ts';

describe.skipIf(noBrowserReason)('the page of a start, in a browser that runs scripts', () => {
  let browser: Browser;
  let page: Page;
  let hub: SmallHub;
  let runtime: FakeRuntime;
  let workload: FakeWorkload;
  let errors: string[];

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  beforeEach(async () => {
    runtime = new FakeRuntime();
    runtime.onStart = (started) => started.wait('a machine is joining');
    const { authentication } = defaultSettings();
    const dummy = { ...authentication, authenticator: 'dummy' as const, configured: true, allowAll: true };
    hub = await startSmallHub({ runtime, settings: { authentication: dummy } });
    page = await browser.newPage();
    errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await page.goto(`${hub.url}/hub/login?next=%2Fhub%2Fhome`);
    await page.fill('[name=username]', 'ada');
    await page.fill('[name=password]', 'anything');
    await page.click('main button');
    await page.waitForURL(/home/);
    await page.goto(`${hub.url}/hub/spawn?next=${encodeURIComponent('/user/ada/lab/tree/a')}`);
    await page.waitForURL(/spawn-pending/);
    workload = await until('a workload', () => runtime.live[0]);
  });

  afterEach(async () => {
    await page.close();
    await hub.close();
    await runtime.close();
  });

  test('follows it without being loaded again, and goes on to the place that was asked for', async () => {
    await page.evaluate('document.body.setAttribute("data-same-page", "yes")');
    expect(await page.textContent('.steps li:last-child')).toBe('Waiting for a place: a machine is joining');
    const before = Number(await page.getAttribute('progress', 'value'));
    workload.run();
    await page.waitForSelector('.steps li:last-child:text("Starting JupyterLab")');
    expect(await page.evaluate('document.querySelector("progress").value')).toBeGreaterThan(before);
    const clock = await page.textContent('time');
    await until('the clock to move', async () => (await page.textContent('time')) !== clock);
    expect(await page.getAttribute('body', 'data-same-page')).toBe('yes');
    expect(errors).toEqual([]);
    const opened = page.waitForRequest((request) => new URL(request.url()).pathname === '/user/ada/lab/tree/a');
    await workload.answer();
    await opened;
  });

  test('tells a failure, with its last lines, as soon as it happens', async () => {
    workload.run();
    workload.log.push('ValueError: <b>boom</b>');
    workload.exit({ code: 3, signal: null });
    await page.waitForSelector('[role=alert]');
    expect(await page.textContent('[role=alert]')).toContain('exit code 3');
    expect(await page.textContent('pre')).toBe('ValueError: <b>boom</b>');
    await page.waitForSelector('button:text("Start it again")');
  });

  test('comes after that of the stop in a restart, which is kept up to date without being loaded again', async () => {
    // Away from the page that goes to the server by itself, before there is one.
    await page.goto('about:blank');
    workload.run();
    await workload.answer();
    await until('ready', async () => (await hub.servers.get('ada', ''))?.phase === 'ready');
    runtime.onStop = () => {};
    await page.goto(`${hub.url}/hub/home`);
    errors = [];
    await page.click('button:text("Restart")');
    await page.waitForSelector('h1:text("Your server is restarting")');
    await page.evaluate('document.body.setAttribute("data-same-page", "yes")');
    await until('the polite signal', () => workload.stops.length);
    workload.exit({ code: 0, signal: null });
    await page.waitForSelector('h1:text("Your server is starting")');
    expect(await page.getAttribute('body', 'data-same-page')).toBe('yes');
    expect(errors).toEqual([]);
    const again = await until('another workload', () => runtime.live[0]);
    const opened = page.waitForRequest(
      (request) => request.isNavigationRequest() && new URL(request.url()).pathname === '/user/ada/',
    );
    // A script that followed the hub to the server would be sent round in circles by its sign-in.
    const followed: string[] = [];
    page.on('response', (response) => {
      if (!response.request().isNavigationRequest()) followed.push(new URL(response.url()).pathname);
    });
    again.run();
    await again.answer();
    await opened;
    expect(followed.filter((path) => path.startsWith('/user/'))).toEqual([]);
  });

  test('can be given up with its button', async () => {
    await page.click('button:text("Cancel")');
    await page.waitForURL(/hub\/home/);
    expect(await hub.servers.get('ada', '')).toMatchObject({ phase: 'stopped', failure: null });
    expect(errors).toEqual([]);
  });
});
