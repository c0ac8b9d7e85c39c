import { afterEach, describe, expect, test } from 'vitest';
import { defaultSettings, type ServerSettings } from '../../src/config/settings.ts';
import { FakeRuntime } from '../support/fakeRuntime.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';
import { until } from '../support/until.ts';

const opened: { hub: SmallHub; runtime: FakeRuntime }[] = [];

afterEach(async () => {
  for (const { hub, runtime } of opened.splice(0)) {
    await hub.close();
    await runtime.close();
  }
});

/** A hub, and a function that calls its API as `ada` (or with another `Authorization`). */
async function open(settings: Partial<ServerSettings> = {}) {
  const runtime = new FakeRuntime();
  const hub = await startSmallHub({ runtime, settings: { servers: { ...defaultSettings().servers, ...settings } } });
  opened.push({ hub, runtime });
  const ada = await hub.authorizationOf('ada');
  const call = async (method: string, path: string, body?: unknown, authorization = ada) => {
    const response = await fetch(`${hub.url}/hub/api${path}`, {
      method,
      headers: { authorization },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type') === 'application/json';
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: (isJson ? JSON.parse(text) : null) as never,
    };
  };
  return { hub, runtime, call, ada };
}

test('a start answers 201 with an empty text when the server is ready, a stop 204', async () => {
  const { call } = await open();
  const started = await call('POST', '/users/ada/server', { user_options: { image: 'x' } });
  expect(started).toMatchObject({ status: 201, text: '' });
  expect(started.headers.get('content-type')).toBe('text/plain');
  expect(await call('POST', '/users/ada/server')).toMatchObject({
    status: 400,
    json: { status: 400, message: 'ada is already running' },
  });
  const { json } = await call('GET', '/users/ada/server');
  expect(json).toMatchObject({
    name: '',
    display_name: '',
    full_name: 'ada/',
    last_activity: (json as { started: string }).started,
    pending: null,
    ready: true,
    stopped: false,
    url: '/user/ada/',
    full_url: null,
    progress_url: '/hub/api/users/ada/server/progress',
    full_progress_url: null,
    user_options: { image: 'x' },
    failure: null,
    started: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/) as string,
  });
  expect(json).not.toHaveProperty('state');
  expect(await call('DELETE', '/users/ada/server')).toMatchObject({ status: 204, text: '' });
  expect((await call('GET', '/users/ada/server')).json).toMatchObject({ stopped: true, ready: false, started: null });
  expect(await call('DELETE', '/users/ada/server')).toMatchObject({ status: 204 });
  expect(await call('DELETE', '/users/ada/servers/')).toMatchObject({ status: 204 });
});

test('a start is a sign of use: what was seen of the last run would have a culler stop the next one at once', async () => {
  const { hub, call } = await open();
  await call('POST', '/users/ada/server');
  const model = async () => (await call('GET', '/users/ada/server')).json as { started: string; last_activity: string };
  await hub.store.write(({ db }) =>
    db
      .updateTable('servers')
      .set({ last_activity: Date.UTC(2026, 0, 1) })
      .execute(),
  );
  const running = await model();
  expect(running.last_activity).toBe(running.started);
  await call('DELETE', '/users/ada/server');
  expect((await model()).last_activity).toBe(running.started);
  await call('POST', '/users/ada/server');
  const again = await model();
  expect(again.last_activity).toBe(again.started);
});

test.each<[unknown, Record<string, unknown>, string]>([
  [undefined, { a: 1 }, 'no body: as before'],
  [{}, { a: 1 }, 'an empty object: as before'],
  [{ b: 2 }, { b: 2 }, 'an older client: the whole body'],
  [{ user_options: { b: 2 } }, { b: 2 }, 'the new key'],
  [{ user_options: null }, {}, 'null: none'],
  [{ display_name: 'Main' }, {}, 'only a display name: none'],
])('a start with the body %j leads to the options %j (%s)', async (body, expected) => {
  const { hub, call } = await open();
  await call('POST', '/users/ada/server', { user_options: { a: 1 } });
  await call('DELETE', '/users/ada/server');
  expect((await call('POST', '/users/ada/server', body)).status).toBe(201);
  expect((await hub.servers.get('ada', ''))?.userOptions).toEqual(expected);
});

test.each([
  ['"text"'],
  ['[]'],
  ['null'],
  ['{"user_options": []}'],
  ['{"user_options": "x"}'],
  ['{"display_name": 5}'],
  ['{"display_name": ""}'],
  ['{"display_name": "a\\u0000"}'],
  ['{bad json'],
])('a start with the body %s is refused with 400, and nothing starts', async (body) => {
  const { call, runtime } = await open();
  const answer = await call('POST', '/users/ada/server', body);
  expect(answer).toMatchObject({ status: 400, json: { status: 400 } });
  expect(answer.text).not.toContain('    at ');
  expect(runtime.started).toEqual([]);
});

test('a failed start tells why, and what the server wrote, to its owner', async () => {
  const { hub, call, runtime } = await open();
  runtime.onStart = (workload) => {
    workload.run();
    workload.log.push("ModuleNotFoundError: No module named 'jupyterhub'");
    workload.exit({ code: 1, signal: null });
  };
  expect(await call('POST', '/users/ada/server')).toMatchObject({
    status: 500,
    json: {
      message: 'Spawn failed: The Python environment of your server lacks the module jupyterhub.',
      code: 'ATOLL_SERVER_MODULE_MISSING',
    },
  });
  await until('the end', async () => (await hub.servers.get('ada', ''))?.phase === 'failed');
  const failure = {
    during: 'start',
    code: 'ATOLL_SERVER_MODULE_MISSING',
    exit_code: 1,
    signal: null,
    log_tail: ["ModuleNotFoundError: No module named 'jupyterhub'"],
  };
  expect((await call('GET', '/users/ada/server')).json).toMatchObject({ stopped: true, failure });
  const reader = await hub.authorizationOf('bob');
  expect((await call('GET', '/users/ada/server', undefined, reader)).status).toBe(404);
  await hub.identity.users.setAdmin('bob', true);
  const seenByAdmin = (await call('GET', '/users/ada/server', undefined, reader)).json;
  expect(seenByAdmin).toMatchObject({ failure, state: { workload: expect.any(String) as string } });
  expect((await call('GET', '/users/ada/server/progress')).text).toBe(
    'data: {"progress":100,"failed":true,"message":"Spawn failed: The Python environment of your server lacks the module jupyterhub."}\n\n',
  );
});

describe('named servers', () => {
  test('are created, listed, changed, started, stopped and deleted', async () => {
    const { call } = await open({ allowNamedServers: true, namedServerLimit: 2 });
    expect(await call('PUT', '/users/ada/servers/gpu', { display_name: 'With GPU' })).toMatchObject({
      status: 201,
      json: { name: 'gpu', display_name: 'With GPU', full_name: 'ada/gpu', url: '/user/ada/gpu/', stopped: true },
    });
    expect(await call('PUT', '/users/ada/servers/gpu')).toMatchObject({
      status: 409,
      json: { message: 'User ada already has server gpu' },
    });
    expect(await call('PUT', '/users/ada/server')).toMatchObject({ status: 409 });
    expect(await call('PATCH', '/users/ada/servers/gpu', { name: 'big', user_options: { a: 1 } })).toMatchObject({
      status: 200,
      json: { name: 'big', display_name: 'With GPU', user_options: { a: 1 } },
    });
    expect(await call('PATCH', '/users/ada/servers/big')).toMatchObject({
      status: 400,
      json: { message: 'Must specify at least one field to modify.' },
    });
    expect(await call('PATCH', '/users/ada/servers/big', { nme: 'x' })).toMatchObject({ status: 400 });
    expect(await call('PATCH', '/users/ada/servers/nope', { name: 'x' })).toMatchObject({ status: 404 });
    expect(await call('POST', '/users/ada/servers/big')).toMatchObject({ status: 201 });
    expect(await call('PATCH', '/users/ada/servers/big', { name: 'x' })).toMatchObject({ status: 400 });
    expect(await call('POST', '/users/ada/servers/two')).toMatchObject({ status: 201 });
    expect(await call('POST', '/users/ada/servers/three')).toMatchObject({
      status: 400,
      json: {
        message:
          'User ada already has the maximum of 2 named servers.  One must be deleted before a new server can be created',
      },
    });
    expect(await call('DELETE', '/users/ada/servers/big', { remove: true })).toMatchObject({ status: 204 });
    expect(await call('GET', '/users/ada/servers/big')).toMatchObject({ status: 404 });
    expect(await call('DELETE', '/users/ada/servers/big')).toMatchObject({
      status: 404,
      json: { message: "ada has no server named 'big'" },
    });
  });

  test('a server may be called progress', async () => {
    const { call } = await open({ allowNamedServers: true });
    expect(await call('POST', '/users/ada/servers/progress')).toMatchObject({ status: 201 });
    expect(await call('GET', '/users/ada/servers/progress')).toMatchObject({ json: { name: 'progress' } });
    expect((await call('GET', '/users/ada/servers/progress/progress')).text).toContain('/user/ada/progress/');
  });

  test.each(['Bad_Name', '1a', 'a--b', 'a'.repeat(31), '%2e%2e%2e', 'a%2fb', 'a%0Ab'])(
    '%s is refused',
    async (name) => {
      const { call } = await open({ allowNamedServers: true });
      for (const method of ['POST', 'PUT']) {
        const answer = await call(method, `/users/ada/servers/${name}`);
        expect(answer).toMatchObject({ status: 400, json: { code: 'ATOLL_SERVER_NAME_INVALID' } });
      }
    },
  );

  test('are refused where the settings do not allow them, and the default server cannot be deleted', async () => {
    const { call } = await open();
    for (const method of ['POST', 'PUT', 'DELETE'])
      expect(await call(method, '/users/ada/servers/gpu')).toMatchObject({
        status: 400,
        json: { message: 'Named servers are not enabled.' },
      });
    expect(await call('DELETE', '/users/ada/server', { remove: true })).toMatchObject({
      status: 400,
      json: { message: 'Cannot delete the default server' },
    });
    expect(await call('DELETE', '/users/ada/server', { remove: 'yes' })).toMatchObject({ status: 400 });
  });
});

describe('who may do what', () => {
  test('nobody without credentials, and nobody else but an administrator', async () => {
    const { hub, call, runtime } = await open();
    const bob = await hub.authorizationOf('bob');
    for (const [method, path] of [
      ['GET', '/users/ada/server'],
      ['POST', '/users/ada/server'],
      ['PUT', '/users/ada/servers/x'],
      ['PATCH', '/users/ada/servers/x'],
      ['DELETE', '/users/ada/server'],
      ['GET', '/users/ada/server/progress'],
      ['POST', '/users/ada/activity'],
    ] as const) {
      expect((await call(method, path, undefined, 'token wrong')).status).toBe(403);
      expect([403, 404]).toContain((await call(method, path, undefined, bob)).status);
    }
    expect(runtime.started).toEqual([]);
    expect(await hub.servers.list()).toEqual([]);
  });

  test('a token for one server reaches this one only, the default one included', async () => {
    const { hub, call } = await open({ allowNamedServers: true });
    const onlyDefault = await hub.authorizationOf('ada', ['start:servers!server=ada/', 'read:servers!server=ada/']);
    const onlyGpu = await hub.authorizationOf('ada', ['start:servers!server=ada/gpu']);
    expect((await call('POST', '/users/ada/server', undefined, onlyDefault)).status).toBe(201);
    expect((await call('GET', '/users/ada/server', undefined, onlyDefault)).status).toBe(200);
    expect((await call('POST', '/users/ada/servers/gpu', undefined, onlyDefault)).status).toBe(404);
    expect((await call('POST', '/users/ada/servers/gpu', undefined, onlyGpu)).status).toBe(201);
    expect((await call('POST', '/users/ada/server', undefined, onlyGpu)).status).toBe(404);
    expect((await call('DELETE', '/users/ada/servers/gpu', undefined, onlyGpu)).status).toBe(403);
  });

  test("a server's own token may report activity, and nothing else here", async () => {
    const { hub, runtime, call } = await open();
    await call('POST', '/users/ada/server');
    const token = `token ${runtime.live[0]?.spec.environment.JUPYTERHUB_API_TOKEN}`;
    const body = {
      servers: { '': { last_activity: '2026-01-01T00:00:00.123456Z' } },
      last_activity: '2026-01-01T00:00:00Z',
    };
    expect(await call('POST', '/users/ada/activity', body, token)).toMatchObject({ status: 200, text: '' });
    expect((await hub.servers.get('ada', ''))?.lastActivity).toBe(Date.parse('2026-01-01T00:00:00.123Z'));
    expect((await call('DELETE', '/users/ada/server', undefined, token)).status).toBe(403);
    expect((await call('POST', '/users/bob/activity', body, token)).status).toBe(404);
    expect(await call('POST', '/users/ada/activity', { servers: { x: body.servers[''] } }, token)).toMatchObject({
      status: 400,
      json: { message: "No such server 'x' for user ada" },
    });
    expect(await call('POST', '/users/ada/activity', {}, token)).toMatchObject({ status: 400 });
  });
});

describe('limits', () => {
  test('429 with Retry-After', async () => {
    const { hub, call, runtime } = await open({ activeServerLimit: 1 });
    runtime.onStart = (workload) => workload.run();
    await hub.servers.start('ada', '');
    const bob = await hub.authorizationOf('bob');
    const answer = await call('POST', '/users/bob/server', undefined, bob);
    expect(answer).toMatchObject({
      status: 429,
      json: { message: 'Active user limit exceeded. Try again in a few minutes.' },
    });
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('progress', () => {
  /** How many follow the servers' changes that did not do so before. */
  function countFollowers({ store }: SmallHub): () => number {
    const follow = store.changes.followOne.bind(store.changes);
    let followers = 0;
    store.changes.followOne = (topic, key, listener) => {
      const stop = follow(topic, key, listener);
      followers += 1;
      return () => {
        followers -= 1;
        stop();
      };
    };
    return () => followers;
  }

  /** The raw stream, and a way to leave it. */
  async function stream(hub: SmallHub, authorization: string) {
    const leave = new AbortController();
    const response = await fetch(`${hub.url}/hub/api/users/ada/server/progress`, {
      headers: { authorization },
      signal: leave.signal,
    });
    const received: string[] = [];
    const decoder = new TextDecoder();
    const ended = (async () => {
      for await (const chunk of response.body ?? []) received.push(decoder.decode(chunk as Uint8Array));
    })().catch(() => undefined);
    return { response, received, ended, leave };
  }

  test('is a stream of events without names, ended by the one that says ready', async () => {
    const { hub, runtime, ada } = await open();
    runtime.onStart = (workload) => workload.run();
    await hub.servers.start('ada', '');
    const { response, received, ended } = await stream(hub, ada);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    await until('the first events', () => received.join('').includes('Starting JupyterLab'));
    await runtime.live[0]?.answer();
    await ended;
    expect(received.join('')).toBe(
      [
        'data: {"progress":0,"message":"Server requested"}\n\n',
        'data: {"progress":10,"message":"Waiting for a place"}\n\n',
        'data: {"progress":30,"message":"Starting JupyterLab"}\n\n',
        'data: {"progress":80,"message":"JupyterLab answers"}\n\n',
        'data: {"progress":100,"ready":true,"message":"Server ready at /user/ada/",' +
          '"html_message":"Server ready at <a href=\\"/user/ada/\\">/user/ada/</a>","url":"/user/ada/"}\n\n',
      ].join(''),
    );
  });

  test('keeps quiet connections open with an empty message every 8 s, and lets go of clients that leave', async () => {
    const { hub, runtime, ada } = await open();
    runtime.onStart = (workload) => workload.run();
    await hub.servers.start('ada', '');
    await until('a workload', () => runtime.live[0]);
    const watchers = countFollowers(hub);
    const { received, leave, ended } = await stream(hub, ada);
    await until('the first events', () => received.join('').includes('Starting JupyterLab'));
    expect(watchers()).toBe(1);
    const begun = performance.now();
    await until('a keep-alive', () => received.includes('\n\n'));
    expect(performance.now() - begun).toBeGreaterThan(6000);
    leave.abort();
    await ended;
    await until('nobody to watch any more', () => watchers() === 0);
  });

  test('of a server that never was is 404, of one that is stopped 400', async () => {
    const { call } = await open();
    expect(await call('GET', '/users/ada/server/progress')).toMatchObject({ status: 404 });
    await call('POST', '/users/ada/server');
    await call('DELETE', '/users/ada/server');
    expect(await call('GET', '/users/ada/server/progress')).toMatchObject({
      status: 400,
      json: { message: 'ada is not starting...' },
    });
  });
});
