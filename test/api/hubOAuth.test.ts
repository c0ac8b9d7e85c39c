import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BrowserSession } from '../support/browserSession.ts';
import { freePort } from '../support/freePort.ts';
import { type IdentityWorld, openIdentityWorld } from '../support/identityWorld.ts';

const secret = 'the-token-of-whoami';
const prefix = '/services/whoami/';

let world: IdentityWorld;
let hub: ReturnType<typeof serve>;
let hubUrl: string;
let service: ChildProcess;
let serviceUrl: string;

beforeAll(async () => {
  const environment = process.env.ATOLL_PYTHON_ENV;
  if (environment === undefined)
    throw new Error('ATOLL_PYTHON_ENV must name a Python environment; scripts/test sets it');
  const hubPort = await freePort();
  hubUrl = `http://127.0.0.1:${hubPort}`;
  service = spawn(
    join(environment, 'bin/python'),
    [resolve(import.meta.dirname, '../support/python/whoamiService.py')],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        PATH: process.env.PATH,
        JUPYTERHUB_SERVICE_NAME: 'whoami',
        JUPYTERHUB_API_TOKEN: secret,
        JUPYTERHUB_API_URL: `${hubUrl}/hub/api`,
        JUPYTERHUB_BASE_URL: '/',
        JUPYTERHUB_SERVICE_PREFIX: prefix,
        JUPYTERHUB_CLIENT_ID: 'service-whoami',
        JUPYTERHUB_HOST: hubUrl,
        // The service of a test has no proxy in front of it, so it answers at an address of its own.
        JUPYTERHUB_OAUTH_CALLBACK_URL: '',
        JUPYTERHUB_OAUTH_ACCESS_SCOPES: JSON.stringify(['access:services', 'access:services!service=whoami']),
      },
    },
  );
  if (!service.stdout) throw new Error('no output');
  const [line] = (await once(createInterface(service.stdout), 'line')) as [string];
  serviceUrl = `http://127.0.0.1:${Number(line)}`;
  world = await openIdentityWorld({
    authentication: { authenticator: 'dummy' },
    services: {
      whoami: {
        name: 'whoami',
        apiToken: secret,
        admin: false,
        display: true,
        oauthNoConfirm: false,
        oauthRedirectUri: `${prefix}oauth_callback`,
        oauthClientAllowedScopes: [],
        info: {},
      },
    },
    roles: [
      {
        name: 'guests',
        description: '',
        scopes: ['access:services!service=whoami'],
        users: ['ada'],
        groups: [],
        services: [],
      },
    ],
  });
  hub = serve({
    fetch: (request) => world.fetch(request),
    hostname: '127.0.0.1',
    port: hubPort,
    overrideGlobalObjects: false,
  });
  if (!hub.listening) await once(hub, 'listening');
});

afterAll(async () => {
  service?.kill();
  hub?.close();
  await world?.close();
});

/** Goes from address to address, the service's ones at the service and the hub's at the hub, as a proxy would lead. */
async function follow(browser: BrowserSession, first: Response): Promise<Response> {
  let response = first;
  for (let step = 0; step < 10 && response.status === 302; step++)
    response = await browser.request(addressOf(response.headers.get('location') ?? ''));
  return response;
}

function addressOf(location: string): string {
  const { pathname, search } = new URL(location, hubUrl);
  return (pathname.startsWith(prefix) ? serviceUrl : hubUrl) + pathname + search;
}

async function signIn(browser: BrowserSession, username: string): Promise<Response> {
  const form = await follow(browser, await browser.request(serviceUrl + prefix));
  const html = await form.text();
  const body = new URLSearchParams({
    username,
    password: 'x',
    _xsrf: /name="_xsrf" value="([^"]+)"/.exec(html)?.[1] ?? '',
    next: (/name="next" value="([^"]+)"/.exec(html)?.[1] ?? '').replaceAll('&amp;', '&'),
  });
  return follow(browser, await browser.request(`${hubUrl}/hub/login`, { method: 'POST', body }));
}

describe('a service with JupyterHub’s own HubOAuth', () => {
  test('signs a person in: hub, consent, code with PKCE, token, user model', async () => {
    const browser = new BrowserSession(hubUrl);
    const consent = await signIn(browser, 'ada');
    const html = await consent.text();
    expect(html).toContain('Allow access?');
    const action = (/action="([^"]+)"/.exec(html)?.[1] ?? '').replaceAll('&amp;', '&');
    expect(action).toContain('code_challenge_method=S256');
    const body = new URLSearchParams({
      answer: 'allow',
      _xsrf: /name="_xsrf" value="([^"]+)"/.exec(html)?.[1] ?? '',
    });
    const page = await follow(browser, await browser.request(hubUrl + action, { method: 'POST', body }));
    expect(page.status).toBe(200);
    const model = (await page.json()) as { scopes: string[]; session_id: string };
    expect(model).toMatchObject({ kind: 'user', name: 'ada', admin: false, groups: [] });
    expect(model.scopes).toContain('access:services!service=whoami');
    expect(model.session_id).toBe(browser.cookie('jupyterhub-session-id'));

    // Logging out at the hub ends the token that the service holds; without the session id its cache does not help.
    await browser.request(`${hubUrl}/hub/logout`);
    const after = await browser.request(serviceUrl + prefix);
    expect(after.status).toBe(302);
    expect(after.headers.get('location')).toContain('/hub/api/oauth2/authorize');
  });

  test('does not let in whom the roles do not', async () => {
    const browser = new BrowserSession(hubUrl);
    const refused = await signIn(browser, 'mallory');
    expect(refused.status).toBe(403);
    expect(await refused.text()).toContain('ATOLL_FORBIDDEN');
  });

  test('asks the hub whose a token is, with and without access', async () => {
    const ask = async (authorization: string): Promise<unknown> => {
      const response = await fetch(`${serviceUrl}${prefix}token`, { headers: { authorization } });
      return response.status === 200 ? response.json() : response.status;
    };
    expect(await ask(`token ${await world.token('ada')}`)).toMatchObject({ name: 'ada', kind: 'user' });
    expect(await ask(`Bearer ${await world.token('ada')}`)).toMatchObject({ name: 'ada' });
    expect(await ask('token nonsense')).toBeNull();
    expect(await ask(`token ${await world.token('mallory')}`)).toBeNull();
  });
});
