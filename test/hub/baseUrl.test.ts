import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultSettings } from '../../src/config/settings.ts';
import { BrowserSession } from '../support/browserSession.ts';
import { FakeRuntime } from '../support/fakeRuntime.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';

const base = '/research/';

describe('a hub below a base URL', () => {
  let hub: SmallHub;
  let runtime: FakeRuntime;
  let browser: BrowserSession;
  let authorization: string;
  let signedIn: Response;

  beforeAll(async () => {
    runtime = new FakeRuntime();
    const { authentication, servers } = defaultSettings();
    hub = await startSmallHub({
      runtime,
      settings: {
        addresses: { baseUrl: base },
        services: {
          grades: {
            name: 'grades',
            url: 'http://127.0.0.1:9',
            admin: false,
            display: false,
            info: {},
            oauthNoConfirm: false,
            oauthClientAllowedScopes: [],
          },
        },
        authentication: {
          ...authentication,
          authenticator: 'dummy',
          configured: true,
          allowAll: true,
          adminUsers: ['ada'],
        },
        servers: { ...servers, allowNamedServers: true },
      },
    });
    authorization = await hub.authorizationOf('ada');
    await hub.identity.users.create(['bob', 'eve']);
    browser = new BrowserSession(hub.url);
    await browser.visit('/research/hub/login');
    signedIn = await browser.request('/research/hub/login', {
      form: { username: 'ada', password: 'x', _xsrf: browser.cookie('_xsrf') ?? '', next: '/research/hub/token' },
    });
    await hub.servers.start('ada', '');
  });
  afterAll(async () => {
    await hub.close();
    await runtime.close();
  });

  const api = (path: string, init: { method?: string; headers?: Record<string, string> } = {}): Promise<Response> =>
    fetch(`${hub.url}/research/hub/api${path}`, { ...init, headers: { authorization, ...init.headers } });

  test.each([
    ['/', '/research/'],
    ['/hub/home?a=1', '/research/hub/home?a=1'],
    ['/user/ada/lab', '/research/user/ada/lab'],
    ['/research', '/research/hub/'],
    ['/research/', '/research/hub/'],
    ['/research/user/bob/lab?x=1', '/research/hub/user/bob/lab?x=1'],
    [
      '/research/hub/user-redirect/lab/tree/a.ipynb',
      '/research/hub/spawn/ada?next=%2Fresearch%2Fuser%2Fada%2Flab%2Ftree%2Fa.ipynb',
    ],
    ['/research/hub/spawn-pending/ada/none', undefined],
  ])('%s leads to %s', async (from, to) => {
    const answer = await browser.request(from);
    expect(answer.headers.get('location') ?? undefined).toBe(to);
  });

  test('who signs in comes to where they wanted to go', () => {
    expect([signedIn.status, signedIn.headers.get('location')]).toEqual([302, '/research/hub/token']);
  });

  test('who is not signed in comes back to where they wanted to go', async () => {
    const answer = await fetch(`${hub.url}/research/hub/token?x=1`, { redirect: 'manual' });
    expect(answer.headers.get('location')).toBe('/research/hub/login?next=%2Fresearch%2Fhub%2Ftoken%3Fx%3D1');
  });

  test.each([
    'hub/home',
    'hub/token',
    'hub/admin',
    'hub/admin/users/ada',
    'hub/admin/groups',
    'hub/admin/audit',
    'hub/nowhere',
  ])('every address on the page %s is below it, and is there', async (page) => {
    const answer = await browser.request(base + page);
    const text = await answer.text();
    const addresses = [...text.matchAll(/(?:href|src|action|data-[\w-]+)="(\/[^"]*)"/g)].map(
      ([, address = '']) => address,
    );
    expect(addresses.length).toBeGreaterThan(3);
    expect(addresses.filter((address) => !address.startsWith(base))).toEqual([]);
    const links = [...text.matchAll(/(?:href|src)="(\/[^"]*)"/g)].map(([, address = '']) =>
      address.replaceAll('&amp;', '&'),
    );
    for (const link of new Set(links.filter((address) => !/logout|\/clusters|\/user\//.test(address))))
      expect([link, (await browser.request(link)).status]).not.toEqual([link, 404]);
    expect(answer.headers.get('content-security-policy')).toContain('report-uri /research/hub/security/csp-report');
  });

  test('cookies are for it, and not for what is beside it', async () => {
    const fresh = new BrowserSession(hub.url);
    await fresh.visit('/research/hub/login');
    const answer = await fresh.request('/research/hub/login', {
      form: { username: 'bob', password: 'x', _xsrf: fresh.cookie('_xsrf') ?? '' },
    });
    const paths = answer.headers.getSetCookie().map((line) => /^([^=]+)=.*?; Path=([^;]+)/.exec(line)?.slice(1));
    expect(paths).toEqual([
      ['jupyterhub-hub-login', '/research/hub/'],
      ['jupyterhub-session-id', '/research/'],
      ['atoll-view', '/research/services/dask-gateway/'],
      ['_xsrf', '/research/hub/'],
    ]);
  });

  test('the API tells addresses below it', async () => {
    const ada = (await (await api('/users/ada?include_stopped_servers=1')).json()) as {
      servers: Record<string, { url: string; progress_url: string }>;
    };
    expect(ada.servers['']).toMatchObject({
      url: '/research/user/ada/',
      progress_url: '/research/hub/api/users/ada/server/progress',
    });
    const paged = await api('/users?limit=1', { headers: { accept: 'application/jupyterhub-pagination+json' } });
    const { _pagination } = (await paged.json()) as { _pagination: { next: { url: string } } };
    expect(_pagination.next.url).toBe(`${hub.url}/research/hub/api/users?limit=1&offset=1`);
    expect((await fetch(_pagination.next.url, { headers: { authorization } })).status).toBe(200);
    const document = (await (await api('/openapi.json')).json()) as { servers: { url: string }[] };
    expect(document.servers).toEqual([{ url: '/research/hub/api' }]);
    const routes = (await (await api('/proxy')).json()) as Record<string, unknown>;
    expect(Object.keys(routes)).toContain('/research/');
    const code = (await (await api('/share-codes/ada/', { method: 'POST' })).json()) as Record<string, string>;
    expect(code.accept_url).toMatch(/^\/research\/hub\/accept-share\?code=/);
    expect(code.full_accept_url).toBe(hub.url + code.accept_url);
    const services = (await (await api('/services')).json()) as Record<string, { prefix: string }>;
    expect(services.grades?.prefix).toBe('/research/services/grades/');
  });

  test('nothing is served beside it', async () => {
    for (const path of ['/hub/api/user', '/hub/static/atoll.css', '/researchhub/api/user', '/hub/health'])
      expect([path, (await fetch(hub.url + path, { redirect: 'manual' })).status]).toEqual([path, 302]);
    expect((await fetch(`${hub.url}/research/hub/health`)).status).toBe(200);
  });

  test('a server is told where it is, and is asked there whether it answers', async () => {
    const workload = [...runtime.workloads.values()][0]?.spec.environment ?? {};
    expect(workload).toMatchObject({
      JUPYTERHUB_BASE_URL: '/research/',
      JUPYTERHUB_SERVICE_PREFIX: '/research/user/ada/',
      JUPYTERHUB_OAUTH_CALLBACK_URL: '/research/user/ada/oauth_callback',
      JUPYTERHUB_API_URL: `${hub.url}/research/hub/api`,
      JUPYTERHUB_ACTIVITY_URL: `${hub.url}/research/hub/api/users/ada/activity`,
      DASK_GATEWAY__ADDRESS: `${hub.url}/research/services/dask-gateway/`,
      DASK_GATEWAY__PUBLIC_ADDRESS: '/research/services/dask-gateway/',
    });
    expect(workload.JUPYTERHUB_SERVICE_URL).toMatch(/^http:\/\/[\d.]+:\d+\/research\/user\/ada\/$/);
  });

  test('a program signs people in by a redirect to below it, and to nowhere else', async () => {
    const client = await hub.identity.issueServerCredentials({ user: 'ada', serverName: '' });
    const authorize = (redirectUri: string): Promise<Response> =>
      browser.request(
        `/research/hub/api/oauth2/authorize?client_id=${client.clientId}&response_type=code&state=s&redirect_uri=${encodeURIComponent(redirectUri)}`,
      );
    const answer = await authorize('/research/user/ada/oauth_callback');
    expect(answer.headers.get('location')).toMatch(/^\/research\/user\/ada\/oauth_callback\?code=[\w-]+&state=s$/);
    expect((await authorize('/user/ada/oauth_callback')).status).toBe(400);
    const token = await fetch(`${hub.url}/research/hub/api/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        client_id: client.clientId,
        client_secret: client.token,
        grant_type: 'authorization_code',
        code: /code=([\w-]+)/.exec(answer.headers.get('location') ?? '')?.[1] ?? '',
        redirect_uri: '/research/user/ada/oauth_callback',
      }),
    });
    expect([token.status, await token.json()]).toMatchObject([200, { token_type: 'Bearer' }]);
  });
});
