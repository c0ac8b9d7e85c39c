import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultSettings } from '../../src/config/settings.ts';
import { launchBrowser, noBrowserReason } from '../support/browser.ts';
import { FakeRuntime } from '../support/fakeRuntime.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';
import { until } from '../support/until.ts';

/** Where mallory's server would answer: a page there is of the hub's own origin. */
const foreignPage = '/user/mallory/lab';

describe.skipIf(noBrowserReason)('a page on the server of somebody else, in the browser of who is signed in', () => {
  let browser: Browser;
  let page: Page;
  let hub: SmallHub;
  let runtime: FakeRuntime;

  beforeAll(async () => {
    browser = await launchBrowser();
    runtime = new FakeRuntime();
    const { authentication } = defaultSettings();
    const dummy = { ...authentication, authenticator: 'dummy' as const, configured: true, allowAll: true };
    hub = await startSmallHub({ runtime, settings: { authentication: dummy } });
    page = await (await browser.newContext()).newPage();
    await page.goto(`${hub.url}/hub/login?next=%2Fhub%2Ftoken`);
    await page.fill('[name=username]', 'ada');
    await page.fill('[name=password]', 'anything');
    await page.click('main button');
    await page.waitForURL(/token/);
    await page.route(`**${foreignPage}`, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<title>mallory</title>' }),
    );
    await page.goto(hub.url + foreignPage);
  });
  afterAll(async () => {
    await browser.close();
    await hub.close();
    await runtime.close();
  });

  /** Runs a script in the foreign page, and gives what it gave. */
  const run = (script: string): Promise<unknown> => page.evaluate(`(async () => { ${script} })()`);

  test.each(['cors', 'same-origin', 'no-cors'])('reads nothing of a page by fetch() in the mode %s', async (mode) => {
    const text = await run(`return (await fetch('/hub/token', { mode: '${mode}' })).text()`);
    expect(text).not.toMatch(/_xsrf"/);
  });

  test('reads nothing of the API by fetch()', async () => {
    const statuses = await run(`
      const answers = ['cors', 'same-origin', 'no-cors'].map((mode) => fetch('/hub/api/user', { mode }));
      return (await Promise.all(answers)).map(({ status }) => status);`);
    expect(statuses).toEqual([403, 403, 403]);
  });

  test('sees no cookie of the hub, whatever address it gives itself', async () => {
    const cookies = await run(`
      history.pushState(null, '', '/hub/token');
      const seen = document.cookie;
      history.back();
      return seen;`);
    expect(cookies).toBe('');
  });

  test.each(['/hub/token', '/hub/api/user', '/hub/static/atoll.css', '/hub/nothing'])(
    'has no hold of a window that it opens at %s',
    async (path) => {
      const opening = page.context().waitForEvent('page');
      await run(`window.opened = window.open('${path}')`);
      const opened = await opening;
      // It begins as an empty page of the opener's, and is cut off from it when the answer comes.
      expect(await until('the end of the hold', () => run('return window.opened.closed'), 30)).toBe(true);
      await opened.waitForURL(`**${path}`);
      await opened.close();
    },
  );

  test('reads nothing of a page by a service worker, even one that may see all requests', async () => {
    const worker = `
      self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
      self.addEventListener('fetch', (event) => {
        if (!event.request.url.includes('/hub/token')) return;
        event.respondWith((async () => {
          const answer = await fetch(event.request);
          const text = await answer.clone().text();
          for (const client of await self.clients.matchAll({ includeUncontrolled: true })) client.postMessage(text);
          return answer;
        })());
      });`;
    await page
      .context()
      .route('**/user/mallory/worker.js', (route) =>
        route.fulfill({ contentType: 'text/javascript', headers: { 'service-worker-allowed': '/' }, body: worker }),
      );
    await run(`
      window.told = new Promise((resolve) => navigator.serviceWorker.addEventListener('message', (event) => resolve(event.data)));
      await navigator.serviceWorker.register('/user/mallory/worker.js', { scope: '/' });
      await navigator.serviceWorker.ready;`);
    const hubPage = await page.context().newPage();
    await hubPage.goto(`${hub.url}/hub/token`);
    expect(await run('return window.told')).not.toMatch(/_xsrf"/);
    await hubPage.close();
    await run('for (const found of await navigator.serviceWorker.getRegistrations()) await found.unregister();');
  });

  test('cannot put a page of the hub into a frame', async () => {
    const text = await run(`
      const frame = document.createElement('iframe');
      const loaded = new Promise((done) => frame.addEventListener('load', done));
      frame.src = '/hub/token';
      document.body.append(frame);
      await loaded;
      try { return frame.contentDocument?.body.textContent ?? ''; } catch (error) { return ''; }`);
    expect(text).toBe('');
  });
});
