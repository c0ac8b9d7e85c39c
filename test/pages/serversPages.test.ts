import { afterEach, describe, expect, test } from 'vitest';
import { defaultSettings, type ServerSettings } from '../../src/config/settings.ts';
import { BrowserSession } from '../support/browserSession.ts';
import { FakeRuntime } from '../support/fakeRuntime.ts';
import { press } from '../support/press.ts';
import { signIn } from '../support/signIn.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';
import { until } from '../support/until.ts';

const opened: { hub: SmallHub; runtime: FakeRuntime }[] = [];

afterEach(async () => {
  for (const { hub, runtime } of opened.splice(0)) {
    await hub.close();
    await runtime.close();
  }
});

/** A hub, and ada's browser, signed in. */
async function open(settings: Partial<ServerSettings> = {}) {
  const runtime = new FakeRuntime();
  const authentication = {
    ...defaultSettings().authentication,
    authenticator: 'dummy' as const,
    configured: true,
    allowAll: true,
    adminUsers: ['root'],
  };
  const servers = { ...defaultSettings().servers, ...settings };
  const hub = await startSmallHub({ runtime, settings: { authentication, servers } });
  opened.push({ hub, runtime });
  return { hub, runtime, browser: await signIn(hub, 'ada') };
}

async function pageAt(browser: BrowserSession, path: string): Promise<string> {
  return (await browser.request(path)).text();
}

const location = (response: Response): string | null => response.headers.get('location');

describe('home', () => {
  test('starts and stops the server with buttons that work without scripts', async () => {
    const { hub, browser } = await open();
    const stopped = await pageAt(browser, '/hub/home');
    expect(stopped).toContain('Stopped');
    expect(stopped).not.toContain('<script');
    expect(location(await press(browser, stopped, '/hub/spawn/ada'))).toBe('/user/ada/');
    const running = await pageAt(browser, '/hub/home');
    expect(running).toContain('Running');
    expect(running).toContain('<a class="button" href="/user/ada/">Open</a>');
    expect(location(await press(browser, running, '/hub/stop/ada'))).toBe('/hub/home');
    expect((await hub.servers.get('ada', ''))?.phase).toBe('stopped');
    expect(await pageAt(browser, '/hub/home')).toContain('Stopped');
  });

  test('restarts a server that runs, a named one too, and says so meanwhile', async () => {
    const { hub, runtime, browser } = await open({ allowNamedServers: true });
    for (const path of ['ada', 'ada/gpu']) {
      const name = path.slice(4);
      await hub.servers.start('ada', name);
      const before = await hub.servers.settled('ada', name, 10_000);
      const home = await pageAt(browser, '/hub/home');
      expect(location(await press(browser, home, `/hub/restart/${path}`))).toBe(`/hub/spawn-pending/${path}`);
      const after = await until('another start to be ready', async () => {
        const server = await hub.servers.get('ada', name);
        return server?.phase === 'ready' && server.workloadId !== before?.workloadId && server;
      });
      expect(runtime.live.map(({ spec }) => spec.id)).toContain(after.workloadId);
    }
    runtime.onStop = () => {};
    await hub.servers.restart('ada', '');
    expect(await pageAt(browser, '/hub/spawn-pending/ada')).toContain('Your server is restarting');
  });

  test('restarts for nobody else, and for no request from elsewhere', async () => {
    const { hub, browser } = await open();
    await hub.servers.start('ada', '');
    const before = await hub.servers.settled('ada', '', 10_000);
    expect((await browser.request('/hub/restart/ada', { form: {} })).status).toBe(403);
    const bob = await signIn(hub, 'bob');
    const theirs = /name="_xsrf" value="([^"]+)"/.exec(await pageAt(bob, '/hub/home'))?.[1] ?? '';
    expect((await bob.request('/hub/restart/ada', { form: { _xsrf: theirs } })).status).toBe(404);
    expect(await hub.servers.get('ada', '')).toMatchObject({ phase: 'ready', workloadId: before?.workloadId });
  });

  test('looks again by itself as long as something is under way', async () => {
    const { hub, runtime, browser } = await open();
    runtime.onStart = (workload) => workload.run();
    expect(await pageAt(browser, '/hub/home')).not.toContain('http-equiv="refresh"');
    await hub.servers.start('ada', '');
    const page = await pageAt(browser, '/hub/home');
    expect(page).toContain('Starting');
    expect(page).toContain('<meta http-equiv="refresh" content="2">');
  });

  test('starts and deletes named servers, where they are allowed', async () => {
    const { hub, browser } = await open({ allowNamedServers: true });
    const home = await pageAt(browser, '/hub/home');
    expect(location(await press(browser, home, '/hub/spawn/ada', { server_name: 'gpu' }))).toBe('/user/ada/gpu/');
    await hub.servers.stop('ada', 'gpu');
    await hub.servers.settled('ada', 'gpu', 5000);
    await press(browser, await pageAt(browser, '/hub/home'), '/hub/delete-server/ada/gpu');
    expect(await hub.servers.get('ada', 'gpu')).toBeUndefined();
    const refused = await press(browser, home, '/hub/spawn/ada', { server_name: '<b>Bad' });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('&lt;b&gt;Bad');
  });

  test('shows nothing of named servers where they are off', async () => {
    const { browser } = await open();
    expect(await pageAt(browser, '/hub/home')).not.toMatch(/named|server_name/i);
  });

  test.each(['/', '/hub'])('%s leads there by way of /hub/', async (path) => {
    const { browser } = await open();
    expect(location(await browser.request(path))).toBe('/hub/');
    expect(location(await browser.request(`${path}?next=%2Fx`))).toBe('/hub/?next=%2Fx');
  });

  test('/hub/ leads to the server, to its start, or home; who is not signed in signs in first', async () => {
    const { hub, browser } = await open();
    expect(location(await browser.request('/hub/'))).toBe('/hub/spawn');
    await hub.servers.start('ada', '');
    await hub.servers.settled('ada', '', 5000);
    expect(location(await browser.request('/hub/'))).toBe('/user/ada/');
    expect(location(await new BrowserSession(hub.url).request('/hub/'))).toBe('/hub/login?next=%2Fhub%2F');
    const { browser: other } = await open({ redirectToServer: false });
    expect(location(await other.request('/hub/'))).toBe('/hub/home');
  });

  test('/hub/ follows a next on this host, and takes along what else was asked', async () => {
    const { hub, browser } = await open();
    expect(location(await browser.request('/hub/?next=%2Fuser%2Fgrace%2Fx%3Fa%3D1&b=2'))).toBe('/user/grace/x?a=1');
    expect(location(await browser.request('/hub/?next=%2F%2Fevil.example%2F&b=2'))).toBe('/hub/spawn?b=2');
    await hub.servers.start('ada', '');
    await hub.servers.settled('ada', '', 5000);
    expect(location(await browser.request('/hub/?b=2'))).toBe('/user/ada/?b=2');
    expect(location(await new BrowserSession(hub.url).request('/hub/?b=2'))).toBe('/hub/login?next=%2Fhub%2F%3Fb%3D2');
  });

  test('the landing page of the settings is there for those who are not signed in, too', async () => {
    const { hub, browser } = await open({ landingUrl: '/services/welcome/' });
    for (const visitor of [browser, new BrowserSession(hub.url)])
      expect(location(await visitor.request('/hub/'))).toBe('/services/welcome/');
  });
});

describe('a start by link', () => {
  test('leads straight to a server that is quick, with the place that was asked for', async () => {
    const { browser } = await open();
    expect(location(await browser.request('/hub/spawn'))).toBe('/user/ada/');
    expect(location(await browser.request('/hub/spawn/ada?next=%2Fuser%2Fada%2Flab%2Ftree%2Fx.ipynb%3Fa%3D1'))).toBe(
      '/user/ada/lab/tree/x.ipynb?a=1',
    );
    expect(location(await browser.request('/hub/user-redirect/git-pull?repo=https%3A%2F%2Fx&a=1'))).toBe(
      `/hub/spawn/ada?next=${encodeURIComponent('/user/ada/git-pull?repo=https%3A%2F%2Fx&a=1')}`,
    );
  });

  test.each([
    'https://evil.example/user/ada/',
    '//evil.example/user/ada/',
    '/\\evil.example/user/ada/',
    '/user/ada/../../hub/logout',
    '/user/ada/%2e%2e/bob/',
    '/user/bob/',
    '/user/ada',
    'user/ada/',
    '\t//evil.example',
    'javascript:alert(1)//user/ada/',
  ])('never leads elsewhere: next=%s', async (next) => {
    const { browser } = await open();
    expect(location(await browser.request(`/hub/spawn/ada?next=${encodeURIComponent(next)}`))).toBe('/user/ada/');
  });

  test.each([
    [{ 'sec-fetch-site': 'cross-site' }],
    [{ 'sec-fetch-site': 'same-site' }],
    [{ 'sec-fetch-site': '', referer: 'https://evil.example/' }],
    [{ 'sec-purpose': 'prefetch;prerender' }],
    [{ purpose: 'prefetch' }],
  ])('that another site or a look ahead caused (%j) starts nothing; it shows a button', async (headers) => {
    const { runtime, browser } = await open();
    const answer = await browser.request('/hub/spawn/ada?next=%2Fuser%2Fada%2Flab', { headers });
    expect(answer.status).toBe(200);
    const page = await answer.text();
    expect(runtime.started).toEqual([]);
    expect(location(await press(browser, page, '/hub/spawn/ada?next=%2Fuser%2Fada%2Flab'))).toBe('/user/ada/lab');
    expect(runtime.started).toHaveLength(1);
    // A server that runs is opened: that changes nothing.
    expect(location(await browser.request('/hub/spawn/ada', { headers }))).toBe('/user/ada/');
  });

  test.each([
    [{ mode: 'cors', site: 'same-origin' }, 'a script on a page of the same origin, such as another user’s server'],
    [{ mode: 'no-cors', site: 'cross-site' }, 'an image'],
  ])('by %j (%s) starts nothing', async ({ mode, site }) => {
    const { runtime, browser } = await open();
    const headers = { 'sec-fetch-mode': mode, 'sec-fetch-site': site };
    expect((await browser.request('/hub/spawn/ada', { headers })).status).toBe(403);
    expect(runtime.started).toEqual([]);
  });

  test('that only asks for the headers starts nothing', async () => {
    const { runtime, browser } = await open();
    await browser.request('/hub/spawn/ada', { method: 'HEAD' });
    expect(runtime.started).toEqual([]);
  });

  test('sends whoever is not signed in to sign in first', async () => {
    const { hub, runtime } = await open();
    const stranger = new BrowserSession(hub.url);
    expect(location(await stranger.request('/hub/spawn/ada'))).toBe('/hub/login?next=%2Fhub%2Fspawn%2Fada');
    expect(runtime.started).toEqual([]);
  });
});

describe('forms', () => {
  test.each(['/hub/spawn/ada', '/hub/stop/ada', '/hub/delete-server/ada/gpu'])(
    '%s does nothing without the XSRF token, and nothing on a GET',
    async (path) => {
      const { hub, browser } = await open({ allowNamedServers: true });
      for (const name of ['', 'gpu']) {
        await hub.servers.start('ada', name);
        await hub.servers.settled('ada', name, 5000);
      }
      const before = (await hub.servers.list()).map(({ name, phase, workloadId }) => ({ name, phase, workloadId }));
      expect((await browser.request(path, { form: {} })).status).toBe(403);
      expect((await browser.request(path, { form: { _xsrf: 'v1.wrong' } })).status).toBe(403);
      const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
      const form = { _xsrf: browser.cookie('_xsrf') ?? '' };
      expect((await browser.request(path, { form, headers: foreign })).status).toBe(403);
      await browser.request(path);
      expect((await hub.servers.list()).map(({ name, phase, workloadId }) => ({ name, phase, workloadId }))).toEqual(
        before,
      );
    },
  );

  test("of others' servers are only for administrators", async () => {
    const { hub, runtime, browser } = await open();
    await hub.servers.start('ada', '');
    await hub.servers.settled('ada', '', 5000);
    const bob = await signIn(hub, 'bob');
    const form = { _xsrf: bob.cookie('_xsrf') ?? '' };
    for (const path of ['/hub/spawn/ada', '/hub/stop/ada', '/hub/delete-server/ada/x'])
      expect((await bob.request(path, { form })).status).toBe(404);
    for (const path of ['/hub/spawn/ada', '/hub/spawn-pending/ada', '/hub/user/ada/', '/hub/spawn-pending/nobody'])
      expect((await bob.request(path)).status).toBe(404);
    expect(runtime.live).toHaveLength(1);
    const root = await signIn(hub, 'root');
    const rootForm = { _xsrf: root.cookie('_xsrf') ?? '' };
    expect(location(await root.request('/hub/stop/ada', { form: rootForm }))).toBe('/hub/spawn-pending/ada');
    expect(await pageAt(root, '/hub/spawn-pending/ada')).toContain('The server of ada is not running');
    expect(await pageAt(browser, '/hub/spawn-pending/ada')).toContain('Your server is not running');
  });
});

describe('progress', () => {
  test('is shown without scripts by loading the page again, and followed with a script', async () => {
    const { hub, runtime, browser } = await open();
    runtime.onStart = (workload) => workload.wait('no <node> is free');
    const next = '/user/ada/lab/tree/a%20b';
    const pending = `/hub/spawn-pending/ada?next=${encodeURIComponent(next)}`;
    const begun = await browser.request(`/hub/spawn?next=${encodeURIComponent(next)}`);
    expect(location(begun)).toBe(pending);
    const answer = await browser.request(pending);
    const page = await answer.text();
    expect(page).toContain('<noscript><meta http-equiv="refresh" content="2"></noscript>');
    expect(page).toContain('Waiting for a place: no &lt;node&gt; is free');
    expect(page).toContain(`data-next="${next}"`);
    expect(answer.headers.get('content-security-policy')).toContain("script-src 'self'");
    const script = /<script src="([^"]+)"/.exec(page)?.[1] ?? '';
    expect((await browser.request(script)).headers.get('content-type')).toContain('javascript');
    const events = /data-progress-url="([^"]+)"/.exec(page)?.[1] ?? '';
    const streamed = browser.request(events, { headers: { 'sec-fetch-mode': 'cors' } });
    const workload = await until('a workload', () => runtime.live[0]);
    workload.run();
    await until('the next step', async () => (await pageAt(browser, pending)).includes('Starting JupyterLab'));
    await workload.answer();
    expect(await (await streamed).text()).toContain('"ready":true');
    await hub.servers.settled('ada', '', 5000);
    expect(location(await browser.request(pending))).toBe(next);
  });

  test('can be given up', async () => {
    const { hub, runtime, browser } = await open();
    runtime.onStart = (workload) => workload.run();
    await hub.servers.start('ada', '');
    const page = await pageAt(browser, '/hub/spawn-pending/ada');
    expect(page).toContain('Cancel');
    expect(location(await press(browser, page, '/hub/stop/ada'))).toBe('/hub/home');
    expect(await hub.servers.get('ada', '')).toMatchObject({ phase: 'stopped', failure: null });
    const after = await browser.request('/hub/spawn-pending/ada');
    expect(after.status).toBe(200);
    expect(await after.text()).toContain('Your server is not running');
    expect(runtime.started).toHaveLength(1);
  });

  test('of a stop is shown until it is over', async () => {
    const { hub, runtime, browser } = await open();
    runtime.onStop = () => {};
    await hub.servers.start('ada', '');
    await hub.servers.settled('ada', '', 5000);
    await hub.servers.stop('ada', '');
    const page = await pageAt(browser, '/hub/spawn-pending/ada');
    expect(page).toContain('Your server is stopping');
    expect(page).toContain('http-equiv="refresh"');
    runtime.live[0]?.exit({ code: 0, signal: null });
    await hub.servers.settled('ada', '', 5000);
    expect(await pageAt(browser, '/hub/spawn-pending/ada')).toContain('Your server is not running');
  });

  test('of a start that failed: the sentence, exit code, last lines without secrets or markup, and another try', async () => {
    const { hub, runtime, browser } = await open();
    runtime.onStart = (workload) => {
      workload.run();
      const token = workload.spec.environment.JUPYTERHUB_API_TOKEN ?? '';
      workload.log.push('\u001b[31m<script>alert(1)</script>\u001b[0m', `token=${token}`, 'ValueError: boom');
      workload.exit({ code: 3, signal: null });
    };
    const begun = await browser.request('/hub/spawn');
    expect(location(begun)).toBe('/hub/spawn-pending/ada');
    await until('the end', async () => (await hub.servers.get('ada', ''))?.phase === 'failed');
    const answer = await browser.request('/hub/spawn-pending/ada');
    expect(answer.status).toBe(500);
    const page = await answer.text();
    expect(page).toContain('Your server ended before it was ready (exit code 3).');
    expect(page).toContain('exit code 3 · ');
    expect(page).toContain('\n&lt;script&gt;alert(1)&lt;/script&gt;\ntoken=&lt;hidden&gt;\nValueError: boom'.slice(1));
    expect(await pageAt(browser, '/hub/home')).toContain('Details');
    expect(location(await browser.request('/hub/user/ada/lab'))).toBe(
      '/hub/spawn-pending/ada?next=%2Fuser%2Fada%2Flab',
    );
    expect(runtime.started).toHaveLength(1);
    runtime.onStart = async (workload) => {
      workload.run();
      await workload.answer();
    };
    expect(location(await press(browser, page, '/hub/spawn/ada'))).toBe('/user/ada/');
  });

  test('limits are told on a page', async () => {
    const { hub, browser } = await open({ activeServerLimit: 1 });
    await hub.authorizationOf('bob');
    await hub.servers.start('bob', '');
    const answer = await browser.request('/hub/spawn');
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toBe('120');
    expect(await answer.text()).toContain('Active user limit exceeded');
  });
});

describe('the paths of a server that does not run', () => {
  test('browsers are led to a page with a button; nothing starts by itself', async () => {
    const { hub, runtime, browser } = await open();
    expect(location(await browser.request('/user/ada/lab/tree/x?y=1'))).toBe('/hub/user/ada/lab/tree/x?y=1');
    const answer = await browser.request('/hub/user/ada/lab/tree/x?y=1');
    expect(answer.status).toBe(424);
    const page = await answer.text();
    expect(page).toContain('Your server is not running');
    expect(runtime.started).toEqual([]);
    const action = '/hub/spawn/ada?next=%2Fuser%2Fada%2Flab%2Ftree%2Fx%3Fy%3D1';
    expect(location(await press(browser, page, action))).toBe('/user/ada/lab/tree/x?y=1');
    runtime.live[0]?.exit({ code: null, signal: 'SIGKILL' });
    await until('the end', async () => (await hub.servers.get('ada', ''))?.phase === 'failed');
    const died = await browser.request('/hub/user/ada/lab');
    expect(died.status).toBe(424);
    expect(await died.text()).toContain('killed from outside (SIGKILL)');
  });

  test('programs are told in JSON, with 424', async () => {
    const { hub, browser } = await open();
    const expected = {
      status: 424,
      message: `JupyterHub server no longer running at /user/ada/api/status. Restart the server at ${hub.url}/hub/spawn/ada`,
    };
    const byScript = await browser.request('/hub/user/ada/api/status', { headers: { 'sec-fetch-mode': 'cors' } });
    expect([byScript.status, await byScript.json()]).toMatchObject([424, expected]);
    const authorization = await hub.authorizationOf('ada');
    const byToken = await fetch(`${hub.url}/user/ada/api/status`, { headers: { authorization } });
    expect([byToken.status, await byToken.json()]).toMatchObject([424, expected]);
    for (const path of ['/user/ada/api/sessions', '/hub/user/ada/api/sessions']) {
      const posted = await browser.request(path, { method: 'POST', body: '{}' });
      expect([posted.status, posted.headers.get('content-type')]).toEqual([424, 'application/json']);
    }
    expect((await fetch(`${hub.url}/hub/user/ada/api/status`)).status).toBe(403);
    const bob = await hub.authorizationOf('bob');
    expect((await fetch(`${hub.url}/hub/user/ada/api/status`, { headers: { authorization: bob } })).status).toBe(404);
  });

  test('of nobody: whoever may see all servers is told that there is no such user', async () => {
    const { hub } = await open();
    const root = await signIn(hub, 'root');
    for (const path of ['/hub/user/no%3Cb%3Edy/lab', '/hub/spawn-pending/no%3Cb%3Edy', '/hub/spawn/no%3Cb%3Edy']) {
      const answer = await root.request(path);
      expect(answer.status).toBe(404);
      expect(await answer.text()).toContain('There is no user no&lt;b&gt;dy.');
    }
    const expected = { status: 404, message: 'There is no user nobody.', code: 'ATOLL_NOT_FOUND' };
    const headers = { authorization: await hub.authorizationOf('root') };
    for (const method of ['GET', 'POST']) {
      const answer = await fetch(`${hub.url}/user/nobody/api/status`, { method, headers });
      expect([answer.status, await answer.json()]).toMatchObject([404, expected]);
    }
  });

  test('without a final slash are led to the page with one, which relative links need', async () => {
    const { browser } = await open();
    expect(location(await browser.request('/user/ada?a=1'))).toBe('/hub/user/ada/?a=1');
    expect(location(await browser.request('/user/ada/gpu'))).toBe('/hub/user/ada/gpu');
  });

  test('of nobody and of somebody else look the same to whoever may see neither', async () => {
    const { hub } = await open({ allowNamedServers: true });
    await hub.servers.create('ada', 'gpu');
    const bob = await signIn(hub, 'bob');
    const headers = { authorization: await hub.authorizationOf('bob') };
    const form = { _xsrf: bob.cookie('_xsrf') ?? '' };
    for (const page of ['user', 'spawn', 'spawn-pending', 'stop', 'delete-server'])
      for (const server of ['', '/gpu']) {
        const answers = await Promise.all(
          ['ada', 'nobody'].flatMap((user) => [
            bob.request(`/hub/${page}/${user}${server}`),
            bob.request(`/hub/${page}/${user}${server}`, { form }),
            fetch(`${hub.url}/user/${user}${server}/api`, { headers }),
            fetch(`${hub.url}/user/${user}${server}/api`, { headers, method: 'POST' }),
          ]),
        );
        const seen = await Promise.all(
          answers.map(async (one) => [one.status, (await one.text()).replaceAll(/value="[^"]+"/g, '')]),
        );
        expect(seen.slice(0, 4)).toEqual(seen.slice(4));
        expect(seen.map(([status]) => status)).toEqual(Array.from({ length: 8 }, () => 404));
      }
  });

  test('below an unknown named server belong to the default server, as any other path; its progress is not found', async () => {
    const { browser } = await open({ allowNamedServers: true });
    const answer = await browser.request('/hub/user/ada/gpu/lab');
    expect([answer.status, await answer.text()]).toMatchObject([424, expect.stringContaining('Your server is not')]);
    const progress = await browser.request('/hub/spawn-pending/ada/gpu');
    expect(progress.status).toBe(404);
    expect(await progress.text()).toContain('gpu');
  });

  test('a start under way is shown', async () => {
    const { hub, runtime, browser } = await open();
    runtime.onStart = (workload) => workload.run();
    await hub.servers.start('ada', '');
    expect(location(await browser.request('/hub/user/ada/lab'))).toBe(
      '/hub/spawn-pending/ada?next=%2Fuser%2Fada%2Flab',
    );
  });

  test('a server that is ready after all is tried again, but not for ever', async () => {
    const { hub, browser } = await open({ allowNamedServers: true });
    await hub.servers.start('ada', 'gpu');
    await hub.servers.settled('ada', 'gpu', 5000);
    expect(location(await browser.request('/hub/user/ada/gpu/lab?a=1'))).toBe('/user/ada/gpu/lab?a=1&redirects=1');
    expect(location(await browser.request('/hub/user/ada/gpu/lab?redirects=1'))).toBe('/user/ada/gpu/lab?redirects=2');
    for (const tried of ['5', '-1', 'x', '1e9']) {
      const answer = await browser.request(`/hub/user/ada/gpu/lab?redirects=${tried}`);
      expect(answer.status).toBe(500);
      expect(await answer.text()).toContain('Redirect loop detected.');
    }
  });

  test.each(['/hub/user/', '/hub/user/%', '/hub/user/%2e%2e/x', '/hub/user/ada%2fgpu/x', '/hub/user//evil.example/'])(
    'an odd path %s is not found, and leads nowhere',
    async (path) => {
      const { browser } = await open();
      expect((await browser.request(path)).status).toBe(404);
    },
  );
});
