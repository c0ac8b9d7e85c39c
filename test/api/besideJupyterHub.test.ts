import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultSettings, type ServiceSettings } from '../../src/config/settings.ts';
import { apiWalk, paged, type Step } from '../support/apiWalk.ts';
import { FakeRuntime } from '../support/fakeRuntime.ts';
import { freePort } from '../support/freePort.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';
import { until } from '../support/until.ts';

const environment = process.env.ATOLL_PYTHON_ENV;
if (environment === undefined) throw new Error('ATOLL_PYTHON_ENV must name a Python environment; scripts/test sets it');

/** Where ours answers otherwise, on purpose. */
const deliberate: Readonly<Record<string, string>> = {
  'GET /user adm': 'to a service, JupyterHub calls nothing what it calls "" and {} to others',
  'PATCH /users/ada/servers/gpu {"bogus":1}': 'JupyterHub fails (500) on an unknown key',
  'POST /shares/ada/ {"user":"carol","scopes":["bogus"]}': 'JupyterHub fails (500) on an unknown scope',
  'POST /share-codes/ada/': 'ours knows its own address: full_accept_url is not null',
};

describe('JupyterHub 6.1 beside ours, asked the same', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'atoll-jupyterhub-'));
  const runtime = new FakeRuntime();
  let hub: SmallHub;
  let peer: ChildProcess;
  let stub: Server;
  let theirs = '';

  beforeAll(async () => {
    const [port, stubPort] = await Promise.all([freePort(), freePort()]);
    stub = createServer((_, response) => response.end('{}')).listen(stubPort, '127.0.0.1');
    theirs = `http://127.0.0.1:${port}`;
    const config = resolve(import.meta.dirname, '../support/python/stubbedJupyterHub.py');
    peer = spawn(`${environment}/bin/python`, ['-m', 'jupyterhub', '-f', config], {
      cwd: folder,
      stdio: 'ignore',
      env: { ...process.env, HUB_PORT: String(port), STUB_PORT: String(stubPort), HOME: folder },
    });
    runtime.onStart = (workload) => {
      workload.run();
      void workload.answer(200);
    };
    hub = await startOurs();
    await until('JupyterHub', async () => (await fetch(`${theirs}/hub/api/`)).ok, 180);
  }, 300_000);
  afterAll(async () => {
    peer?.kill('SIGKILL');
    if (peer && peer.exitCode === null && peer.signalCode === null) await once(peer, 'exit');
    await hub?.close();
    await runtime.close();
    stub?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  function startOurs(): Promise<SmallHub> {
    const { authentication, servers } = defaultSettings();
    const service = (name: string, admin = false): ServiceSettings => ({
      name,
      apiToken: `${name}-token-0123456789`,
      admin,
      display: true,
      oauthNoConfirm: false,
      oauthClientAllowedScopes: [],
      info: {},
    });
    const scopes = [
      'list:users!group=physics',
      'admin:users!group=physics',
      'read:users:name!user=gus',
      'read:servers!user=ada',
      'read:groups!group=physics',
      'list:groups!group=physics',
      'list:services!service=adm',
    ];
    return startSmallHub({
      runtime,
      settings: {
        authentication: {
          ...authentication,
          authenticator: 'dummy',
          configured: true,
          allowAll: true,
          adminUsers: ['root-admin'],
        },
        servers: { ...servers, allowNamedServers: true, namedServerLimit: 3 },
        groups: { physics: { users: ['gus'], properties: { a: 1 } } },
        services: { adm: service('adm', true), weak: service('weak'), filtered: service('filtered') },
        roles: [{ name: 'some', description: '', scopes, users: [], groups: [], services: ['filtered'] }],
      },
    });
  }

  async function answerOf(base: string, [method, path, body, as = 'adm']: Step): Promise<unknown> {
    const response = await fetch(`${base}/hub/api${path.replace(paged, '')}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(as !== 'none' && { authorization: `token ${as}-token-0123456789` }),
        ...(path.startsWith(paged) && { accept: 'application/jupyterhub-pagination+json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = (await response.text()).replaceAll(base, 'BASE').replace(/^data: /, '');
    return {
      status: response.status,
      body: response.status >= 400 ? '' : comparable(text === '' ? '' : JSON.parse(text)),
    };
  }

  test('answers alike: status and body', async () => {
    const different: Record<string, unknown> = {};
    for (const step of apiWalk) {
      const [expected, ours] = [await answerOf(theirs, step), await answerOf(hub.url, step)];
      const [method, path, body, as] = step;
      const name = [method, path, body === undefined ? undefined : JSON.stringify(body), as].filter(Boolean).join(' ');
      if (JSON.stringify(expected) !== JSON.stringify(ours)) different[name] = { expected, ours };
    }
    for (const name of Object.keys(deliberate)) {
      expect(different).toHaveProperty([name]);
      delete different[name];
    }
    expect(different).toEqual({});
  });
});

/** An answer without what must differ, and in one order. */
function comparable(value: unknown): unknown {
  if (typeof value === 'string') return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? 'a time' : value;
  if (Array.isArray(value))
    return value.map(comparable).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .filter(([key]) => !unlike.has(key))
    .map(([key, item]) => [key, key === 'scopes' ? knownScopes(item) : comparable(item)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}

/** Secrets, ids and times of their own; what ours has more; what settings' tokens have no id for. */
const unlike = new Set([
  'token',
  'token_id',
  'id',
  'code',
  'accept_url',
  'last_activity',
  'state',
  'failure',
  'dask-gateway',
  'user_options',
  'message',
  'html_message',
]);

/** Without those of Atoll alone. */
function knownScopes(scopes: unknown): string[] {
  return (scopes as string[]).filter((scope) => scope !== 'read:audit' && !scope.includes('dask-gateway')).sort();
}
