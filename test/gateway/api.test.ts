import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGatewayApi } from '../../src/api/gateway/createGatewayApi.ts';
import type { GatewayPrincipal } from '../../src/clusters/clusterAccess.ts';
import type { Clusters } from '../../src/clusters/clusters.ts';
import type { ClusterSettings } from '../../src/config/settings.ts';
import { gatewayAccessScope } from '../../src/identity/roles/defaultRoles.ts';
import { ScopeSet } from '../../src/identity/scopes/scopeSet.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { ClusterWorld } from '../support/clusterWorld.ts';
import { TestClock } from '../support/identityWorld.ts';
import type { FakeRoutes } from '../support/serverWorld.ts';
import { until } from '../support/until.ts';

function principal(kind: 'user' | 'service', name: string, scopes: string[]): GatewayPrincipal {
  return { kind, name, admin: scopes.includes('admin:servers'), groups: [], scopes: ScopeSet.of(scopes) };
}

const principals: Record<string, GatewayPrincipal> = {
  ada: principal('user', 'ada', [gatewayAccessScope]),
  bob: principal('user', 'bob', [gatewayAccessScope]),
  // Somebody whose token is good for something else.
  reader: principal('user', 'ada', ['read:users']),
  root: principal('user', 'root', ['access:services', 'admin:servers']),
  // An administrator's own server: its token is limited.
  rootsServer: { ...principal('user', 'root', [gatewayAccessScope]), admin: true },
  serviceAda: principal('service', 'ada', ['access:services']),
};

let world: ClusterWorld;
let clusters: Clusters;
let routes: FakeRoutes;
let api: ReturnType<typeof createGatewayApi>;

async function open(settings: Partial<ClusterSettings> = {}): Promise<void> {
  world = await ClusterWorld.create(settings);
  ({ clusters, routes } = await world.open());
  api = createGatewayApi({
    clusters,
    version: '1.2.3',
    log: silentLogger(),
    authenticate: (request) => {
      const name = /^jupyterhub (\w+)$/.exec(request.headers.get('authorization') ?? '')?.[1];
      return Promise.resolve(name === undefined ? undefined : principals[name]);
    },
  });
}

beforeEach(() => open());
afterEach(() => world.close());

interface Answer {
  status: number;
  body: unknown;
  headers: Headers;
}

async function ask(
  who: string | undefined,
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await api.request(path, {
    method,
    headers: {
      ...headers,
      ...(who === undefined ? {} : { authorization: who.includes(' ') ? who : `jupyterhub ${who}` }),
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
}

/** A running cluster of ada's. */
async function running(): Promise<string> {
  const created = await ask('ada', 'POST', '/api/v1/clusters/', '{}');
  const { name } = created.body as { name: string };
  await clusters.waitForChange(name, 20_000);
  return name;
}

const of = (name: string, rest = ''): string => `/api/v1/clusters/${name}${rest}`;

describe('without signing in', () => {
  test('health and version answer', async () => {
    expect(await ask(undefined, 'GET', '/api/health')).toMatchObject({ status: 200, body: { status: 'pass' } });
    expect(await ask(undefined, 'GET', '/api/version')).toMatchObject({ status: 200, body: { version: '1.2.3' } });
  });

  test('everything else is 401 with the scheme that the client knows', async () => {
    const name = await running();
    for (const [method, path] of [
      ['GET', '/api/v1/options'],
      ['GET', '/api/v1/clusters/'],
      ['POST', '/api/v1/clusters/'],
      ['GET', of(name)],
      ['GET', of('unknown')],
      ['DELETE', of(name)],
      ['POST', of(name, '/scale')],
      ['POST', of(name, '/adapt')],
    ] as const) {
      for (const who of [undefined, 'nobody', 'jupyterhub', 'jupyterhub ', 'Basic YWRhOg==']) {
        const { status, body, headers } = await ask(who, method, path);
        expect([method, path, status]).toEqual([method, path, 401]);
        expect(body).toEqual({ error: 'Authentication required', code: 'ATOLL_GATEWAY_SIGN_IN' });
        expect(headers.get('www-authenticate')).toBe('jupyterhub');
        expect(headers.get('set-cookie')).toBeNull();
      }
    }
    expect((await clusters.get(name))?.phase).toBe('running');
  });

  test('paths are exact, and methods too', async () => {
    for (const path of ['/api/v1/clusters', '/api/v1/options/', '/api/v1', '/', of('x', '/'), of('x', '/logs')])
      expect([path, (await ask('ada', 'GET', path)).status]).toEqual([path, 404]);
    const wrong = await ask('ada', 'PUT', '/api/v1/clusters/');
    expect(wrong).toMatchObject({ status: 405, body: { error: 'Method Not Allowed' } });
    expect(wrong.headers.get('allow')).toBe('GET, HEAD, POST');
  });
});

describe('who may do what', () => {
  test('a token without the scope makes nothing and sees nothing', async () => {
    const name = await running();
    for (const [method, path] of [
      ['POST', '/api/v1/clusters/'],
      ['GET', of(name)],
      ['DELETE', of(name)],
      ['POST', of(name, '/scale')],
    ] as const)
      expect((await ask('reader', method, path, method === 'POST' ? '{"count": 1}' : undefined)).status).toBe(403);
    expect(await clusters.list('ada', ['pending', 'running'])).toHaveLength(1);
  });

  test("others' clusters look like none", async () => {
    const name = await running();
    expect(await ask('bob', 'GET', '/api/v1/clusters/')).toMatchObject({ status: 200, body: {} });
    const paths: [string, (name: string) => string][] = [
      ['GET', (cluster) => of(cluster)],
      ['GET', (cluster) => of(cluster, '?wait')],
      ['POST', (cluster) => of(cluster, '/scale')],
      ['POST', (cluster) => of(cluster, '/adapt')],
      ['DELETE', (cluster) => of(cluster)],
    ];
    const unknown = '0'.repeat(32);
    for (const [method, path] of paths) {
      const body = method === 'POST' ? '{"count": 1}' : undefined;
      const foreign = await ask('bob', method, path(name), body);
      const none = await ask('bob', method, path(unknown), body);
      expect(foreign.status).toBe(method === 'DELETE' ? 204 : 404);
      expect(JSON.stringify(foreign.body)).toBe(JSON.stringify(none.body).replace(unknown, name));
    }
    expect((await clusters.get(name))?.phase).toBe('running');
    expect(world.scheduler(name).messages).toEqual([]);
  });

  test('a service with the name of a person neither owns their clusters nor makes any', async () => {
    const name = await running();
    expect((await ask('serviceAda', 'GET', of(name))).status).toBe(404);
    expect(await ask('serviceAda', 'GET', '/api/v1/clusters/')).toMatchObject({ body: {} });
    expect((await ask('serviceAda', 'POST', '/api/v1/clusters/', '{}')).status).toBe(403);
    expect((await ask('serviceAda', 'DELETE', of(name))).status).toBe(204);
    expect((await clusters.get(name))?.phase).toBe('running');
  });

  test('an administrator sees and stops any, without its key, and does not scale it', async () => {
    const name = await running();
    const seen = await ask('root', 'GET', of(name));
    expect(seen).toMatchObject({ status: 200, body: { status: 'RUNNING', tls_cert: null, tls_key: null } });
    expect((await ask('root', 'POST', of(name, '/scale'), '{"count": 1}')).status).toBe(403);
    expect((await ask('root', 'DELETE', of(name))).status).toBe(204);
    expect((await clusters.waitForChange(name, 20_000))?.reason).toBe('Stopped by root.');
  });

  test('only the owner, and only with Atoll’s addition to the client, learns where a scheduler listens, on this machine alone', async () => {
    const name = await running();
    const told = async (who: string, headers = {}): Promise<string | null> =>
      (await ask(who, 'GET', of(name), undefined, headers)).headers.get('atoll-scheduler');
    const addition = { 'atoll-shown': '' };
    const address = (await clusters.get(name))?.address;
    expect(await told('ada', addition)).toBe(`127.0.0.1:${address?.ports.scheduler}`);
    expect(await told('ada')).toBeNull();
    for (const who of ['root', 'bob', 'serviceAda', 'reader'])
      expect([who, await told(who, addition)]).toEqual([who, null]);
    const inPod = JSON.stringify({ ...address, host: '10.0.0.7' });
    await world.store.write(({ db }) =>
      db.updateTable('clusters').set({ address: inPod }).where('name', '=', name).execute(),
    );
    expect((await clusters.get(name))?.address?.host).toBe('10.0.0.7');
    expect(await told('ada', addition)).toBeNull();
  });

  test("a limited token of an administrator's does not reach others' clusters", async () => {
    const name = await running();
    expect((await ask('rootsServer', 'GET', of(name))).status).toBe(404);
    expect((await ask('rootsServer', 'DELETE', of(name))).status).toBe(204);
    expect((await clusters.get(name))?.phase).toBe('running');
  });

  test("a cluster's own token is for its heartbeat and its end only", async () => {
    const [name, other] = [await running(), await running()];
    const token = `token ${(await clusters.credentials(name))?.token}`;
    const report = JSON.stringify({ count: 0, active_workers: [], closing_workers: [], closed_workers: [] });
    expect((await ask(token, 'POST', of(name, '/heartbeat'), report)).status).toBe(200);
    for (const [method, path] of [
      ['GET', '/api/v1/options'],
      ['GET', '/api/v1/clusters/'],
      ['POST', '/api/v1/clusters/'],
      ['GET', of(name)],
      ['POST', of(name, '/scale')],
      ['POST', of(other, '/heartbeat')],
      ['DELETE', of(other)],
    ] as const)
      expect([method, path, (await ask(token, method, path, method === 'POST' ? report : undefined)).status]).toEqual([
        method,
        path,
        401,
      ]);
    expect((await clusters.get(other))?.phase).toBe('running');
  });
});

describe('options and creation', () => {
  test('no options by default', async () => {
    expect(await ask('ada', 'GET', '/api/v1/options')).toMatchObject({ status: 200, body: { cluster_options: [] } });
  });

  test.each(['{}', '{"cluster_options": {}}', '{"cluster_options": null}', '{"cluster_options": 0}'])(
    '%s makes a cluster with all defaults',
    async (body) => {
      const created = await ask('ada', 'POST', '/api/v1/clusters/', body);
      expect(created.status).toBe(201);
      expect(created.body).toEqual({ name: expect.stringMatching(/^[0-9a-f]{32}$/) });
    },
  );

  test.each([
    ['{"cluster_options": {"image": "x"}}', 422, "Unknown fields ['image']. Clusters have no options here."],
    ['{"cluster_options": [1]}', 422, "options must be a dict, got 'list'"],
    ['{"cluster_options": "x"}', 422, "options must be a dict, got 'str'"],
    ['[]', 422, 'The body must be a JSON object, got []'],
    ['null', 422, 'The body must be a JSON object, got None'],
    ['', 400, expect.stringMatching(/^The body is not valid JSON/)],
    ['{"cluster_options": ', 400, expect.stringMatching(/^The body is not valid JSON/)],
  ])('%s is answered with %i', async (body, status, error) => {
    expect(await ask('ada', 'POST', '/api/v1/clusters/', body)).toMatchObject({ status, body: { error } });
    expect(await clusters.list('ada', ['pending', 'running'])).toEqual([]);
  });

  test('a body of more than 1 MiB is refused, told or not', async () => {
    const large = JSON.stringify({ cluster_options: { a: 'x'.repeat(1024 * 1024) } });
    expect((await ask('ada', 'POST', '/api/v1/clusters/', large)).status).toBe(413);
    const stream = new ReadableStream({
      pull: (controller) => controller.enqueue(new TextEncoder().encode(' '.repeat(65_536))),
    });
    const request = new Request('http://hub/api/v1/clusters/', {
      method: 'POST',
      headers: { authorization: 'jupyterhub ada' },
      body: stream,
      duplex: 'half',
    });
    expect((await api.fetch(request)).status).toBe(413);
  });

  test('limits that the scheduler alone exceeds are told', async () => {
    await world.close();
    await open({ maxMemory: 1024 ** 3 });
    expect(await ask('ada', 'POST', '/api/v1/clusters/', '{}')).toMatchObject({
      status: 422,
      body: { error: 'Scheduler memory request of 2.00 GiB exceeds cluster memory limit of 1024.00 MiB' },
    });
  });
});

describe('looking at clusters', () => {
  const keys = ['name', 'dashboard_route', 'status', 'start_time', 'stop_time', 'options', 'tls_cert', 'tls_key'];

  test('the model has the closed set of keys in every phase; the key only while it runs', async () => {
    world.onScheduler = (workload) => workload.run();
    const created = await ask('ada', 'POST', '/api/v1/clusters/', '{}');
    const { name } = created.body as { name: string };
    await until('started', () => world.schedulers.has(name));
    const pending = (await ask('ada', 'GET', of(name))).body as Record<string, unknown>;
    expect(Object.keys(pending).sort()).toEqual(keys.toSorted());
    expect(pending).toMatchObject({ status: 'PENDING', dashboard_route: null, tls_key: null, stop_time: null });
    expect(pending.start_time).toEqual(expect.any(Number));

    await world.scheduler(name).listen();
    const runs = (await ask('ada', 'GET', of(name, '?wait'))).body as Record<string, unknown>;
    expect(Object.keys(runs).sort()).toEqual(keys.toSorted());
    const credentials = await clusters.credentials(name);
    expect(runs).toMatchObject({
      status: 'RUNNING',
      dashboard_route: `/clusters/${name}/status`,
      options: {},
      tls_cert: credentials?.tlsCert,
      tls_key: credentials?.tlsKey,
    });
    expect((await ask('ada', 'GET', '/api/v1/clusters/')).body).toEqual({ [name]: runs });

    expect((await ask('ada', 'DELETE', of(name))).status).toBe(204);
    const stopped = (await ask('ada', 'GET', of(name, '?wait'))).body as Record<string, unknown>;
    expect(Object.keys(stopped).sort()).toEqual(keys.toSorted());
    expect(stopped).toMatchObject({ status: 'STOPPED', dashboard_route: null, tls_cert: null, tls_key: null });
    expect(stopped.stop_time).toEqual(expect.any(Number));
    expect((await ask('ada', 'DELETE', of(name))).status).toBe(204);
  });

  test('a list shows the active ones, or those of the statuses asked for', async () => {
    const [stopped, runs] = [await running(), await running()];
    await clusters.stop(stopped, 'Stopped by ada.');
    await clusters.waitForChange(stopped, 20_000);
    const listed = async (query: string): Promise<string[]> =>
      Object.keys((await ask('ada', 'GET', `/api/v1/clusters/${query}`)).body as object);
    expect(await listed('')).toEqual([runs]);
    expect(await listed('?status=STOPPED')).toEqual([stopped]);
    expect((await listed('?status=stopped,Running')).sort()).toEqual([stopped, runs].sort());
    expect(await listed('?status=FAILED')).toEqual([]);
  });

  test.each([
    ['?status=', "'' is not a valid ClusterStatus"],
    ['?status=running,bogus', "'bogus' is not a valid ClusterStatus"],
  ])('%s is refused', async (query, error) => {
    expect(await ask('ada', 'GET', `/api/v1/clusters/${query}`)).toMatchObject({ status: 422, body: { error } });
  });

  test.each(['', '?wait=0', '?wait=no', '?wait=0x'])('%s does not wait', async (query) => {
    world.onScheduler = (workload) => workload.run();
    const created = await ask('ada', 'POST', '/api/v1/clusters/', '{}');
    const { name } = created.body as { name: string };
    const start = performance.now();
    expect((await ask('ada', 'GET', of(name, query))).body).toMatchObject({ status: 'PENDING' });
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test.each(['?wait', '?wait=', '?wait=1', '?wait=-3'])('%s answers as soon as it runs', async (query) => {
    world.onScheduler = (workload) => workload.run();
    const created = await ask('ada', 'POST', '/api/v1/clusters/', '{}');
    const { name } = created.body as { name: string };
    let answered = false;
    const waiting = ask('ada', 'GET', of(name, query)).finally(() => (answered = true));
    await until('started', () => world.schedulers.has(name));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(answered).toBe(false);
    await world.scheduler(name).listen();
    expect((await waiting).body).toMatchObject({ status: 'RUNNING' });
  });

  test('a failed start is told as a conflict with its reason to who waits, as a status to others', async () => {
    world.onScheduler = (workload) => {
      workload.run();
      workload.log.push('ImportError: no such module');
      workload.exit({ code: 3, signal: null });
    };
    const created = await ask('ada', 'POST', '/api/v1/clusters/', '{}');
    const { name } = created.body as { name: string };
    expect(await ask('ada', 'GET', of(name, '?wait'))).toMatchObject({
      status: 409,
      body: {
        error: `Cluster ${name} failed to start. Its scheduler ended with exit code 3 before it was ready. Its last lines:\nImportError: no such module`,
        code: 'ATOLL_CLUSTER_FAILED',
      },
    });
    expect(await ask('ada', 'GET', of(name))).toMatchObject({ status: 200, body: { status: 'FAILED' } });
  });

  test('a hub that ends answers who waits with the cluster as it is', async () => {
    world.onScheduler = (workload) => workload.run();
    const created = await ask('ada', 'POST', '/api/v1/clusters/', '{}');
    const { name } = created.body as { name: string };
    const waiting = ask('ada', 'GET', of(name, '?wait'));
    await until('started', () => world.schedulers.has(name));
    await clusters.close();
    expect(await waiting).toMatchObject({ status: 200, body: { status: 'PENDING' } });
  });
});

describe('scale and adapt', () => {
  test('within the limit', async () => {
    const name = await running();
    expect(await ask('ada', 'POST', of(name, '/scale'), '{"count": 2}')).toMatchObject({
      status: 200,
      body: { ok: true, msg: null },
    });
    expect(await ask('ada', 'POST', of(name, '/adapt'), '{"minimum": 1, "maximum": Infinity}')).toMatchObject({
      status: 200,
      body: { ok: true, msg: null },
    });
    expect(await ask('ada', 'POST', of(name, '/adapt'), '{"active": false}')).toMatchObject({ body: { ok: true } });
    expect(world.scheduler(name).messages.map((message) => message.op)).toEqual(['scale', 'adapt', 'adapt', 'scale']);
  });

  test('above the limit less is given, with a warning', async () => {
    await world.close();
    await open({ maxWorkers: 2 });
    const name = await running();
    expect(await ask('ada', 'POST', of(name, '/scale'), '{"count": 3}')).toMatchObject({
      status: 200,
      body: {
        ok: false,
        msg: 'Scale request of 3 workers would exceed resource limit of 2 workers. Scaling to 2 instead.',
      },
    });
    await until('two workers', () => world.liveWorkers.length === 2);
    expect(await ask('ada', 'POST', of(name, '/adapt'), '{"minimum": 0, "maximum": 5}')).toMatchObject({
      body: {
        ok: false,
        msg: 'Adapt with `maximum=5, minimum=0` workers would exceed resource limit of 2 workers. Using `maximum=2, minimum=0` instead.',
      },
    });
  });

  test.each([
    ['/scale', '{}', 422, 'Scale expects a non-negative integer, got None'],
    ['/scale', '{"count": 2.0}', 422, 'Scale expects a non-negative integer, got 2.0'],
    ['/scale', '{"count": -1}', 422, 'Scale expects a non-negative integer, got -1'],
    ['/scale', '[2]', 422, 'The body must be a JSON object, got [2]'],
    ['/adapt', '{"minimum": "one"}', 422, 'Adapt expects a non-negative integer or None as minimum, got one'],
    ['/adapt', '{', 400, expect.stringMatching(/^The body is not valid JSON/)],
  ])('%s %s is refused', async (path, body, status, error) => {
    const name = await running();
    expect(await ask('ada', 'POST', of(name, path), body)).toMatchObject({ status, body: { error } });
    expect(world.scheduler(name).messages).toEqual([]);
  });

  test('a cluster that does not run: 409; its number is checked before', async () => {
    const name = await running();
    await clusters.stop(name, 'Stopped by ada.');
    expect(await ask('ada', 'POST', of(name, '/scale'), '{"count": 1}')).toMatchObject({
      status: 409,
      body: { error: `cluster ${name} is not running: Stopped by ada.` },
    });
    expect((await ask('ada', 'POST', of(name, '/scale'), '{"count": -1}')).status).toBe(422);
    expect((await ask('ada', 'POST', of(name, '/adapt'), '{}')).status).toBe(409);
  });

  test('a scheduler that answers with errors does not end the cluster', async () => {
    const name = await running();
    world.scheduler(name).status = 500;
    const { status, body } = await ask('ada', 'POST', of(name, '/scale'), '{"count": 1}');
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: false, msg: expect.stringMatching(/does not answer at the moment/) });
    expect((await clusters.get(name))?.phase).toBe('running');
  });
});

describe('a scheduler', () => {
  const report = { count: 0, active_workers: [], closing_workers: [], closed_workers: [] };

  async function asScheduler(name: string, body: string, token?: string): Promise<Answer> {
    const own = token ?? (await clusters.credentials(name))?.token ?? '';
    return ask(`token ${own}`, 'POST', of(name, '/heartbeat'), body);
  }

  test.each([
    ['{', 400],
    ['[]', 422],
    ['{"count": -1, "active_workers": [], "closing_workers": [], "closed_workers": []}', 422],
    ['{"count": 1.5, "active_workers": [], "closing_workers": [], "closed_workers": []}', 422],
    ['{"count": 0, "active_workers": "x", "closing_workers": [], "closed_workers": []}', 422],
    ['{"count": 0, "active_workers": [1, null, {}], "closing_workers": [], "closed_workers": []}', 200],
    [
      JSON.stringify({ ...report, closed_workers: Array.from({ length: 300_000 }, (_, index) => `worker-${index}`) }),
      200,
    ],
  ])('%.60s is answered with %i', async (body, status) => {
    const name = await running();
    expect((await asScheduler(name, body)).status).toBe(status);
    expect((await clusters.get(name))?.phase).toBe('running');
  });

  test('with a wrong token, of an unknown cluster, or of an ended one is refused', async () => {
    const name = await running();
    const { token = '' } = (await clusters.credentials(name)) ?? {};
    const refused = { status: 401, body: { error: 'Unauthorized' } };
    expect(await asScheduler(name, '{}', `${token}0`)).toMatchObject(refused);
    expect(await asScheduler('unknown', '{}', token)).toMatchObject(refused);
    await clusters.stop(name, 'Stopped by ada.');
    await clusters.waitForChange(name, 20_000);
    const ended = await asScheduler(name, JSON.stringify(report), token);
    expect(ended).toMatchObject(refused);
    expect(ended.headers.get('www-authenticate')).toBe('token');
    expect((await ask('ada', 'POST', of(name, '/heartbeat'), JSON.stringify(report))).status).toBe(401);
  });

  test('that names other addresses does not move the routes (CVE-2022-21697)', async () => {
    const name = await running();
    const [scheduler] = await clusters.routes();
    const moved = { ...report, scheduler_address: 'tls://127.0.0.1:22', api_address: 'http://169.254.169.254:80' };
    expect((await asScheduler(name, JSON.stringify(moved))).status).toBe(200);
    expect(await clusters.routes()).toHaveLength(2);
    expect((await clusters.routes())[0]).toEqual(scheduler);
  });

  test('whose dashboard is on another port has none: on the one meant for it may be anybody', async () => {
    const name = await running();
    const moved = { ...report, dashboard_address: 'http://127.0.0.1:80' };
    expect((await asScheduler(name, JSON.stringify(moved))).status).toBe(200);
    expect((await clusters.routes()).map((route) => route.id)).toEqual([`scheduler:${name}`]);
    expect((await ask('ada', 'GET', of(name))).body).toMatchObject({ status: 'RUNNING', dashboard_route: null });
    await until('the edge is told', () => routes.table.size === 1);
    expect([...routes.table.keys()]).toEqual([`scheduler:${name}`]);
  });

  test('that asks for its own end gets 204 always, and is stopped only when it is idle', async () => {
    const name = await running();
    const scheduler = world.scheduler(name);
    const { token = '' } = (await clusters.credentials(name)) ?? {};
    scheduler.load = { processing: 0, desired_workers: 2 };
    expect((await ask(`token ${token}`, 'DELETE', of(name))).status).toBe(204);
    expect((await clusters.get(name))?.phase).toBe('running');
    scheduler.load = { processing: 0, desired_workers: 0 };
    expect((await ask(`token ${token}`, 'DELETE', of(name))).status).toBe(204);
    expect((await clusters.waitForChange(name, 20_000))?.phase).toBe('stopped');
  });
});

describe('somebody who waits, with a client that can show it,', () => {
  const wait = async (name: string, shown: string): Promise<[status: string, sentence: string | null]> => {
    const { body, headers } = await ask('ada', 'GET', of(name, '?wait'), undefined, { 'atoll-shown': shown });
    const sentence = headers.get('atoll-waiting');
    return [(body as { status: string }).status, sentence === null ? null : decodeURIComponent(sentence)];
  };

  test('reads what a cluster waits for, once, and gets it as soon as it runs', async () => {
    await world.close();
    await open({ limits: { user: { clusters: 1 }, groups: {}, total: {}, whenFull: 'queue' } });
    const first = await running();
    const { name } = await clusters.create({ name: 'ada', groups: [], admin: false }, {});
    const sentence = 'Your cluster waits for its turn: ada may have 1 cluster at a time, and has 1.';
    expect(await wait(name, '')).toEqual(['PENDING', sentence]);
    // Whatever is no percent-encoding was shown to nobody.
    expect(await wait(name, '%')).toEqual(['PENDING', sentence]);
    const waiting = wait(name, encodeURIComponent(sentence));
    await clusters.stop(first, 'Stopped by ada.');
    expect(await waiting).toEqual(['RUNNING', null]);
  });

  test('reads the words of the runtime, and for how long it has been so', async () => {
    await world.close();
    const clock = new TestClock();
    world = await ClusterWorld.create({});
    ({ clusters } = await world.open({ clock }));
    world.onScheduler = (workload) => workload.wait('no node has enough free cores, 1.5 GiB of 2');
    const { name } = await clusters.create({ name: 'ada', groups: [], admin: false }, {});
    clock.advance(125);
    const { waitsFor } = await clusters.waitForNews(name, 20_000, '');
    expect(waitsFor).toBe('Your cluster waits: no node has enough free cores, 1.5 GiB of 2 (2 min so far).');
  });
});
