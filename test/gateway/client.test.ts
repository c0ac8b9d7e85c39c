import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Atoll } from '../support/atoll.ts';
import { GatewayScript } from '../support/gatewayScript.ts';
import { until } from '../support/until.ts';

const serviceToken = 'token-of-the-test-service-0123456789';

const settings = (more = ''): string => `
jupyterhub:
  hub:
    config:
      JupyterHub: { authenticator_class: dummy }
      DummyAuthenticator: { password: a-password-for-the-tests }
      Authenticator: { allow_all: true }
    services:
      tests: { apiToken: ${serviceToken}, admin: true }
${more}`;

/** The unmodified client of dask-gateway, real schedulers and workers, and all of Atoll between them. */
let atoll: Atoll;
const scripts: GatewayScript[] = [];

async function tokenOf(user: string): Promise<string> {
  const ask = (path: string, body: string): Promise<Response> =>
    fetch(`${atoll.url}/hub/api${path}`, {
      method: 'POST',
      headers: { authorization: `token ${serviceToken}`, 'content-type': 'application/json' },
      body,
    });
  await ask(`/users/${user}`, '{}');
  const response = await ask(`/users/${user}/tokens`, '{}');
  if (response.status !== 201) throw new Error(`no token: ${response.status} ${await response.text()}`);
  return ((await response.json()) as { token: string }).token;
}

async function clustersOf(token: string, query = ''): Promise<object> {
  const response = await fetch(`${atoll.url}/services/dask-gateway/api/v1/clusters/${query}`, {
    headers: { authorization: `jupyterhub ${token}` },
  });
  return (await response.json()) as object;
}

const schedulers = (): number[] => processesOf('scheduler-');

/** kill -9; resolves when the next hub's process is there (which answers a little later). */
async function killHub(): Promise<void> {
  const hub = await until('a hub', () => atoll.pidOf('hub'));
  process.kill(hub, 'SIGKILL');
  await until('another hub', () => atoll.pidOf('hub') !== hub);
}

function start(name: string, token: string): GatewayScript {
  const script = new GatewayScript(name, atoll.url, token);
  scripts.push(script);
  return script;
}

/** What a script prints that runs to its end. */
async function run<T>(name: string, user: string): Promise<T> {
  const script = start(name, await tokenOf(user));
  const told = await script.next<T>();
  await script.end();
  return told;
}

afterEach(() => {
  for (const script of scripts.splice(0)) script.kill();
});

describe('clusters', () => {
  beforeAll(async () => {
    atoll = await Atoll.start({ settings: settings() });
  });
  afterAll(() => atoll?.end());

  test('a whole life: make, scale, compute, connect by name, scale down without loss, adapt, shut down', async () => {
    const life = await run<Record<string, unknown> & { first: string[]; name: string; stopping: number }>(
      'life',
      'ada',
    );
    expect(life).toMatchObject({
      info: life.first,
      total: 45,
      listed: [true, 'RUNNING', {}],
      through_name: 42,
      survived: 2470,
      after_down: [expect.stringMatching(/^worker-[0-9a-f]{16}$/)],
      adapted: 'adapted',
      link: `/services/dask-gateway/clusters/${life.name}/status`,
      left: [],
    });
    expect(life.first).toHaveLength(3);
    expect([1, 2]).toContain(life.most);
    expect(life.stopping).toBeLessThan(10);
  });

  test('a killed worker is replaced and its work done again; a killed scheduler is noticed, with the reason, and takes its workers along', async () => {
    const failures = await run<{ replaced: number; total: number; noticed: number; reason: string; ended: number }>(
      'failures',
      'ada',
    );
    expect(failures.total).toBe(190);
    expect(failures.replaced).toBeLessThan(15);
    // 35 to 42 seconds with dask-gateway's own server.
    expect(failures.noticed).toBeLessThan(5);
    expect(failures.ended).toBeLessThan(15);
    expect(failures.reason).toMatch(
      /^GatewayClusterError: Cluster [0-9a-f]{32} has failed\. Its scheduler was killed by SIGKILL\. Its last lines:\n/,
    );
  });

  test('a plain Client of Dask connects by the address that the panel of JupyterLab inserts', async () => {
    expect(await run('plainClient', 'mary')).toEqual({ explicit: 42, configured: 43 });
  });

  test('nothing of a cluster is left after its end: no process, no file', async () => {
    const script = start('hold', await tokenOf('grace'));
    const { name } = await script.next<{ name: string }>();
    expect(namesOfWorkloads(name)).toHaveLength(1);
    await script.end();
    await until(
      'no process of a cluster',
      () => processesOf('scheduler-').length + processesOf('worker-').length === 0,
    );
    expect(await until('no file of a cluster', () => namesOfWorkloads(name).length === 0)).toBe(true);
  });

  describe('dashboards', () => {
    let name: string;
    let owner: string;
    const ask = (path: string, headers: Record<string, string>): Promise<Response> =>
      fetch(`${atoll.url}/services/dask-gateway/clusters/${name}/${path}`, { headers, redirect: 'manual' });

    beforeAll(async () => {
      owner = await tokenOf('hedy');
      const holder = new GatewayScript('hold', atoll.url, owner);
      ({ name } = await holder.next<{ name: string }>());
      return () => holder.end();
    });

    test('open for the owner, page and data', async () => {
      const asOwner = { authorization: `token ${owner}` };
      expect((await ask('status', asOwner)).status).toBe(200);
      const plots = (await (await ask('individual-plots.json', asOwner)).json()) as Record<string, string>;
      expect(plots['Individual Task Stream']).toBe('/individual-task-stream');
      expect(await (await ask('json/counts.json', asOwner)).json()).toMatchObject({ workers: 1 });
    });

    test('their WebSockets open for the owner, also from a page of the hub', async () => {
      const url = `${atoll.url.replace('http', 'ws')}/services/dask-gateway/clusters/${name}/eventstream`;
      const socket = new WebSocket(url, { headers: { authorization: `token ${owner}`, origin: atoll.url } });
      await new Promise((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
      });
      expect(socket.readyState).toBe(WebSocket.OPEN);
      socket.close();
    });

    test('for nobody else, and strangers are sent to the sign-in', async () => {
      const other = await tokenOf('mallory');
      expect((await ask('status', { authorization: `token ${other}` })).status).toBe(404);
      expect((await ask('status', {})).status).toBe(403);
      const page = await ask('status', { accept: 'text/html' });
      expect([page.status, page.headers.get('location')?.split('?')[0]]).toEqual([302, '/hub/login']);
      const url = `${atoll.url.replace('http', 'ws')}/services/dask-gateway/clusters/${name}/eventstream`;
      const status = await new Promise((resolve) => {
        const socket = new WebSocket(url, { headers: { authorization: `token ${other}` } });
        socket.once('unexpected-response', (_request, response) => resolve(response.statusCode));
        socket.once('open', () => resolve('open'));
      });
      expect(status).toBe(404);
    });
  });

  test('a hub that is killed does not disturb a computation, and the next one scales the same cluster', async () => {
    const script = start('hubDies', await tokenOf('katherine'));
    await script.next();
    await killHub();
    script.tell('dead');
    expect(await script.next()).toEqual({ total: 190, workers: 2 });
    script.tell('alive');
    expect(await script.next()).toEqual({ answer: 42 });
    await script.end();
  });

  test('a hub that is killed while somebody waits for their cluster does not end the waiting', async () => {
    const token = await tokenOf('barbara');
    const script = start('waits', token);
    await script.next();
    await until('a cluster that is being started', async () => {
      return Object.keys(await clustersOf(token, '?status=pending')).length === 1;
    });
    // The client has its answer and waits. The scheduler needs longer than this to be ready.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await killHub();
    expect(await script.next()).toEqual({ answer: 45 });
    await script.end();
  });

  test('clusters that were acknowledged are neither lost nor doubled when the hub is killed again and again', async () => {
    await until('an end of all clusters before', () => schedulers().length === 0);
    const token = await tokenOf('radia');
    const script = start('starts', token);
    const names: string[] = [];
    while (names.length < 4) {
      const { name } = await script.next<{ name: string }>();
      names.push(name);
      // At another moment each time: while the scheduler is being started, begins, or is nearly ready.
      await new Promise((resolve) => setTimeout(resolve, names.length * 80));
      await killHub();
    }
    const { acknowledged } = await script.next<{ acknowledged: string[] }>();
    expect(acknowledged).toEqual(names);
    for (const name of names) expect([name, processesOf(`scheduler-${name}`).length]).toEqual([name, 1]);
    // A creation whose answer was lost may have become a cluster too, but never a scheduler without one.
    expect(
      await until('as many schedulers as clusters', async () => {
        const clusters = Object.keys(await clustersOf(token));
        return names.every((name) => clusters.includes(name)) && clusters.length === schedulers().length;
      }),
    ).toBe(true);
  }, 180_000);
});

const small = `
atoll:
  clusters:
    maxWorkers: 2
dask-gateway:
  gateway:
    backend:
      worker: { memory: { request: 300M, limit: 300M } }
      environment: { DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES: '0' }
`;

describe('limits', () => {
  beforeAll(async () => {
    atoll = await Atoll.start({ settings: settings(small) });
  });
  afterAll(() => atoll?.end());

  test('are told as warnings, and wrong requests as errors', async () => {
    expect(await run('limits', 'ada')).toEqual({
      options: {},
      refused: "Unknown fields ['image']. Clusters have no options here.",
      messages: [
        'Scale request of 5 workers would exceed resource limit of 2 workers. Scaling to 2 instead.',
        'Adapt with `maximum=inf, minimum=0` workers would exceed resource limit of 2 workers. Using `maximum=2, minimum=0` instead.',
      ],
      negative: 'Scale expects a non-negative integer, got -1',
    });
  });

  test('of memory end a worker before the machine suffers, and the notebook reads which task it was', async () => {
    const told = await run<{ name: string; error: string; warnings: string[] }>('memory', 'joan');
    expect(told.error).toBe('KilledWorker');
    expect(told.warnings).toEqual([
      expect.stringMatching(
        /^worker-[0-9a-f]{16} was ended by the memory limit \(300 MiB\) while running `hungry-1`; 600 MiB would be twice as much, /,
      ),
      expect.stringMatching(
        /^worker-[0-9a-f]{16} ended with exit code 3 while running `crash-1`, \d+\.\d s after its start/,
      ),
    ]);
  });
});

/**
 * The live processes of the workloads whose id begins so. Their command lines do not tell: a forked one has the fork
 * server's. But each wrote down who it is, at every attempt to start it.
 */
function processesOf(idPrefix: string): number[] {
  const workloads = join(atoll.data, 'process/workloads');
  return readdirSync(workloads, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.startsWith(idPrefix) && /\/process\.\w+\.json$/.test(path))
    .map((path) => Number(/"pid": *(\d+)/.exec(read(join(workloads, path)))?.[1] ?? 0))
    .filter((pid) => pid > 0 && /^State:\s+[^ZX]/m.test(read(`/proc/${pid}/status`)));
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // It ended meanwhile.
  }
}

/** Folders that the runtime keeps for a cluster's scheduler. */
function namesOfWorkloads(clusterName: string): string[] {
  return readdirSync(atoll.data, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith(`scheduler-${clusterName}`),
  );
}
