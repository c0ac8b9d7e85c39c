import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Atoll } from '../support/atoll.ts';
import { BrowserSession } from '../support/browserSession.ts';
import { until } from '../support/until.ts';

const token = 'token-of-the-test-service-0123456789';

const settings = (more = '', authenticator = 'dummy'): string => `
jupyterhub:
  hub:
    config:
      JupyterHub: { authenticator_class: ${authenticator} }
      Authenticator: { allow_all: true, admin_users: [root] }
    services:
      tests: { apiToken: ${token}, admin: true }
${more}`;

describe('settings files that change while Atoll runs', () => {
  let atoll: Atoll;
  beforeAll(async () => {
    atoll = await Atoll.start({ settings: settings() });
  });
  afterAll(() => atoll?.end());

  const call = async (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${atoll.url}/hub/api${path}`, { ...init, headers: { authorization: `token ${token}` } });
  const report = async (): Promise<Record<string, unknown>> =>
    (await (await call('/settings')).json()) as Record<string, unknown>;
  /** As an editor does it. */
  const write = (text: string): void => {
    const file = join(atoll.data, 'test-settings.yaml');
    writeFileSync(`${file}~`, text);
    renameSync(`${file}~`, file);
  };
  const printed = (text: string | RegExp, from = 0): Promise<unknown> =>
    until(`"${text}" on the terminal`, () => atoll.output.slice(from).search(text) !== -1);
  const profile = `  singleuser:
    profileList: [{ display_name: Small, kubespawner_override: { environment: { SIZE: small } } }]
`;

  test('count without a restart; running servers stay as they are, and are named', async () => {
    await call('/users/ada', { method: 'POST' });
    expect((await call('/users/ada/server', { method: 'POST' })).status).toBe(201);
    const [hub, edge] = [atoll.pidOf('hub'), atoll.pidOf('edge')];
    write(settings(profile));
    await printed(
      /in force\.\n {2}At once: jupyterhub\.singleuser\.profileList\n.*until they are started again: ada\n/,
    );
    expect(await report()).toMatchObject({
      changes: [{ path: 'jupyterhub.singleuser.profileList', counts: 'at once' }],
      refused: null,
      outdated_servers: [{ user: 'ada', name: '' }],
    });
    expect((await (await call('/users/ada/server')).json()) as object).toMatchObject({ ready: true });
    expect([atoll.pidOf('hub'), atoll.pidOf('edge')]).toEqual([hub, edge]);
    await call('/users/ada/server', { method: 'DELETE' });
    expect((await call('/users/ada/server', { method: 'POST' })).status).toBe(201);
    expect((await (await call('/users/ada/server')).json()) as object).toMatchObject({
      user_options: { profile: 'small' },
    });
    expect(await report()).toMatchObject({ outdated_servers: [] });
  });

  test('are refused when they are broken: the old ones stay, and administrators see why on every page', async () => {
    const from = atoll.output.length;
    write(settings(`${profile}    memory: { limit: plenty }\n`));
    await printed(/refused; the old settings stay in force\.\n {2}\S+test-settings\.yaml:\d+:\d+: /, from);
    expect(await report()).toMatchObject({
      refused: { problems: [expect.stringContaining('singleuser.memory.limit')] },
    });
    const pageFor = async (name: string): Promise<string> => {
      const browser = new BrowserSession(atoll.url);
      await browser.visit('/hub/login');
      const form = { username: name, password: '', _xsrf: browser.cookie('_xsrf') ?? '' };
      await browser.request('/hub/login', { form });
      return (await browser.request('/hub/home')).text();
    };
    expect(await pageFor('root')).toContain('The settings files were changed, and refused');
    expect(await pageFor('bob')).not.toContain('The settings files were changed');
    // A hub that dies now starts by the old ones.
    const hub = atoll.pidOf('hub');
    process.kill(hub, 'SIGKILL');
    await until('a new hub', async () => (await call('/').catch(() => undefined))?.status === 200);
    write(settings(profile));
    await printed('The settings files say again what is in force.', from);
    expect(await report()).toMatchObject({ refused: null });
  });

  test('a proxy with HTTPS in front is believed once it is named, and nobody else ever', async () => {
    const cookies = async (): Promise<string> => {
      const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '9.9.9.9', 'sec-fetch-mode': 'navigate' };
      // Not by fetch, which says itself how it fetches.
      const [answer] = (await once(get(`${atoll.url}/hub/login`, { headers }), 'response')) as [IncomingMessage];
      answer.resume();
      return (answer.headers['set-cookie'] ?? []).join('\n');
    };
    expect(await cookies()).toMatch(/_xsrf=/);
    expect(await cookies()).not.toMatch(/; Secure/);
    const from = atoll.output.length;
    write(settings(`${profile}atoll: { edge: { trustedProxies: [127.0.0.1] } }\n`));
    await printed(/in force\.\n {2}At once: atoll\.edge\.trustedProxies/, from);
    expect(await cookies()).toMatch(/; Secure/);
    write(settings(profile));
    await printed(/in force\.\n[^]*in force\.\n/, from);
    expect(await cookies()).not.toMatch(/; Secure/);
  });

  test('what only a starting hub reads starts it anew; servers and the edge go on', async () => {
    const from = atoll.output.length;
    const [hub, edge] = [atoll.pidOf('hub'), atoll.pidOf('edge')];
    write(settings(profile).replace('[root]', '[root, grace]'));
    await printed(/only a hub that starts .*\n[^]*in force\.\n/, from);
    expect(atoll.pidOf('hub')).not.toBe(hub);
    expect(atoll.pidOf('edge')).toBe(edge);
    expect((await (await call('/users/grace')).json()) as object).toMatchObject({ admin: true });
    expect((await (await call('/users/ada/server')).json()) as object).toMatchObject({ ready: true });
  });

  test('who is blocked loses servers and tokens', async () => {
    const from = atoll.output.length;
    const made = await call('/users/ada/tokens', { method: 'POST' });
    const { token: own } = (await made.json()) as { token: string };
    const asAda = (): Promise<Response> =>
      fetch(`${atoll.url}/hub/api/user`, { headers: { authorization: `token ${own}` } });
    expect((await asAda()).status).toBe(200);
    write(settings(profile).replace('[root]', '[root, grace], blocked_users: [ada]'));
    await printed('in force.\n', from);
    expect((await asAda()).status).toBe(403);
    await until('the end of the server', async () => {
      const { stopped } = (await (await call('/users/ada/server')).json()) as { stopped: boolean };
      return stopped;
    });
    write(settings(profile).replace('[root]', '[root, grace]'));
    await printed(/in force\.\n[^]*in force\.\n/, from);
    expect((await call('/users/ada/server', { method: 'POST' })).status).toBe(201);
  });

  test('what a starting hub would refuse is refused before it starts', async () => {
    const from = atoll.output.length;
    const hub = atoll.pidOf('hub');
    const services = '    services:\n';
    write(settings(profile).replace(services, `${services}      other: { apiToken: ${token} }\n`));
    await printed(/refused; the old settings stay in force\.\n.*: The service "\w+" has the same API token/, from);
    expect(atoll.pidOf('hub')).toBe(hub);
  });

  test('what only a starting hub refuses is taken back', async () => {
    const from = atoll.output.length;
    write(settings(profile).replace('authenticator_class: dummy', 'authenticator_class: github'));
    await printed(/refused; the old settings stay in force\.\n.*ATOLL_AUTHENTICATOR_INCOMPLETE/, from);
    await until('the hub', async () => (await call('/users/grace').catch(() => undefined))?.status === 200);
    // The terminal is told first.
    const isTold = async (): Promise<boolean> => JSON.stringify(await report()).includes('needs a client_id');
    await until('the report', isTold);
    expect(await report()).toMatchObject({
      refused: { problems: [expect.stringContaining('ATOLL_AUTHENTICATOR_INCOMPLETE')] },
    });
  });

  test('SIGHUP reads them at once', async () => {
    const from = atoll.output.length;
    write(settings(`${profile}    memory: { limit: 3G }\n`).replace('[root]', '[root, grace]'));
    process.kill(atoll.pidOf('up'), 'SIGHUP');
    await printed(/For servers that are started from now on: jupyterhub\.singleuser\.memory\.limit/, from);
    expect(await report()).toMatchObject({ refused: null, outdated_servers: [{ user: 'ada', name: '' }] });
  });
});
