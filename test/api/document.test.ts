import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { defaultSettings } from '../../src/config/settings.ts';
import { FakeRuntime } from '../support/fakeRuntime.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';

interface Document {
  paths: Record<
    string,
    Record<string, { responses: Record<string, { content?: Record<string, { schema: object }> }> }>
  >;
  components: { schemas: Record<string, object> };
}

let runtime: FakeRuntime;
let hub: SmallHub;
let authorization: string;
let document: Document;
const seen = new Set<string>();

beforeAll(async () => {
  runtime = new FakeRuntime();
  const { servers } = defaultSettings();
  hub = await startSmallHub({
    runtime,
    settings: {
      servers: { ...servers, allowNamedServers: true },
      authentication: { ...defaultSettings().authentication, adminUsers: ['root'] },
    },
  });
  authorization = await hub.authorizationOf('root');
  document = (await (await fetch(`${hub.url}/hub/api/openapi.json`)).json()) as Document;
});
afterAll(async () => {
  await hub.close();
  for (const workload of runtime.workloads.values()) workload.close();
});

/** Every route that answers well, in an order in which each finds what it needs. */
const calls: [status: number, operation: string, path: string, body?: unknown][] = [
  [200, 'GET /', '/'],
  [200, 'GET /health', '/health'],
  [200, 'GET /info', '/info'],
  [200, 'GET /user', '/user'],
  [201, 'POST /users', '/users', { usernames: ['ada', 'bob'] }],
  [201, 'POST /users/{user}', '/users/eve', {}],
  [200, 'GET /users', '/users?state=inactive&sort=-last_activity&include_stopped_servers=1'],
  [200, 'PATCH /users/{user}', '/users/eve', { name: 'eva', admin: true }],
  [200, 'GET /users/{user}', '/users/eva'],
  [204, 'DELETE /users/{user}', '/users/eva'],
  [201, 'POST /groups', '/groups', { groups: ['lab', 'class'] }],
  [201, 'POST /groups/{group}', '/groups/club', { users: ['ada'] }],
  [200, 'GET /groups', '/groups'],
  [200, 'POST /groups/{group}/users', '/groups/lab/users', { users: ['ada', 'bob'] }],
  [200, 'DELETE /groups/{group}/users', '/groups/lab/users', { users: ['ada'] }],
  [200, 'PUT /groups/{group}/properties', '/groups/lab/properties', { quota: { cpu: 2 } }],
  [200, 'GET /groups/{group}', '/groups/lab'],
  [204, 'DELETE /groups/{group}', '/groups/club'],
  [201, 'POST /users/{user}/tokens', '/users/ada/tokens', { note: 'n', scopes: ['read:users!user'] }],
  [200, 'GET /users/{user}/tokens', '/users/ada/tokens'],
  [200, 'GET /users/{user}/tokens/{token}', '/users/ada/tokens/a2'],
  [204, 'DELETE /users/{user}/tokens/{token}', '/users/ada/tokens/a2'],
  [201, 'POST /users/{user}/server', '/users/ada/server', { user_options: { a: 1 } }],
  [200, 'GET /users/{user}/server', '/users/ada/server'],
  [200, 'GET /users/{user}/server/progress', '/users/ada/server/progress'],
  [200, 'GET /users/{user}/servers/', '/users/ada/servers/'],
  [200, 'GET /users/{user}/servers//progress', '/users/ada/servers//progress'],
  [200, 'POST /users/{user}/activity', '/users/ada/activity', { last_activity: '2020-01-01T00:00:00Z' }],
  [200, 'GET /proxy', '/proxy'],
  [200, 'POST /proxy', '/proxy'],
  [204, 'DELETE /users/{user}/server', '/users/ada/server'],
  [200, 'PATCH /users/{user}/server', '/users/ada/server', { display_name: 'Mine' }],
  [201, 'POST /users/{user}/servers/', '/users/ada/servers/'],
  [204, 'DELETE /users/{user}/servers/', '/users/ada/servers/'],
  [200, 'PATCH /users/{user}/servers/', '/users/ada/servers/', { user_options: null }],
  [201, 'PUT /users/{user}/servers/{server}', '/users/ada/servers/gpu', { display_name: 'GPU' }],
  [200, 'PATCH /users/{user}/servers/{server}', '/users/ada/servers/gpu', { name: 'tpu' }],
  [201, 'POST /users/{user}/servers/{server}', '/users/ada/servers/tpu'],
  [200, 'GET /users/{user}/servers/{server}', '/users/ada/servers/tpu'],
  [200, 'GET /users/{user}/servers/{server}/progress', '/users/ada/servers/tpu/progress'],
  ...(['', 'tpu'] as const).flatMap((server): [number, string, string, unknown?][] => {
    const [place, mine] = server === '' ? ['{user}/', '{owner}/'] : ['{user}/{server}', '{owner}/{name}'];
    return [
      [
        200,
        `POST /shares/${place}`,
        `/shares/ada/${server}`,
        { user: 'bob', scopes: ['access:servers', 'read:servers'] },
      ],
      [200, `POST /shares/${place}`, `/shares/ada/${server}`, { group: 'lab' }],
      [200, `PATCH /shares/${place}`, `/shares/ada/${server}`, { user: 'bob', scopes: ['read:servers'] }],
      [200, `PATCH /shares/${place}`, `/shares/ada/${server}`, { user: 'root' }],
      [200, `GET /shares/${place}`, `/shares/ada/${server}`],
      [200, 'GET /shares/{user}', '/shares/ada'],
      [200, 'GET /users/{user}/shared', '/users/bob/shared'],
      [200, 'GET /groups/{group}/shared', '/groups/lab/shared'],
      [200, `GET /users/{user}/shared/${mine}`, `/users/bob/shared/ada/${server}`],
      [200, `GET /groups/{group}/shared/${mine}`, `/groups/lab/shared/ada/${server}`],
      [204, `DELETE /users/{user}/shared/${mine}`, `/users/bob/shared/ada/${server}`],
      [204, `DELETE /groups/{group}/shared/${mine}`, `/groups/lab/shared/ada/${server}`],
      [204, `DELETE /shares/${place}`, `/shares/ada/${server}`],
      [200, `POST /share-codes/${place}`, `/share-codes/ada/${server}`, { expires_in: 60 }],
      [200, `GET /share-codes/${place}`, `/share-codes/ada/${server}`],
      [200, 'GET /share-codes/{user}', '/share-codes/ada'],
      [204, `DELETE /share-codes/${place}`, `/share-codes/ada/${server}`],
    ];
  }),
  [204, 'DELETE /users/{user}/servers/{server}', '/users/ada/servers/tpu', { remove: true }],
  [201, 'POST /services/{service}', '/services/extra', { url: 'http://127.0.0.1:1', api_token: 'token-of-extra' }],
  [200, 'GET /services', '/services'],
  [200, 'GET /services/{service}', '/services/extra'],
  [200, 'DELETE /services/{service}', '/services/extra'],
  [202, 'POST /shutdown', '/shutdown', {}],
];

/** Documented, and seen in tests of their own. */
const seenElsewhere = new Set([
  // test/api/hubOAuth.test.ts, test/identity/oauth.test.ts
  'POST /oauth2/token 200',
  'POST /oauth2/token 400',
  'POST /oauth2/token 401',
  // test/api/operations.test.ts
  'GET /metrics 200',
  'GET /audit 200',
  // test/api/tokens.test.ts
  'GET /authorizations/token/{token} 200',
  // The default server is there from the first start on.
  'PUT /users/{user}/server 201',
  'PUT /users/{user}/servers/ 201',
  // test/api/serversApi.test.ts: a start or stop that takes longer than ten seconds
  ...['server', 'servers/', 'servers/{server}'].flatMap((place) => [
    `POST /users/{user}/${place} 202`,
    `DELETE /users/{user}/${place} 202`,
  ]),
]);

test.each(calls)('%i %s', async (status, operation, path, body) => {
  const [method = '', route = ''] = operation.split(' ');
  const response = await fetch(`${hub.url}/hub/api${path}`, {
    method,
    headers: { authorization },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  expect({ status: response.status, text }).toMatchObject({ status });
  const documented = document.paths[route]?.[method.toLowerCase()]?.responses[String(status)];
  expect(documented, 'the document has this answer').toBeDefined();
  seen.add(`${operation} ${status}`);
  const [type, content] = Object.entries(documented?.content ?? {})[0] ?? [];
  expect(text === '').toBe(type === undefined);
  const received = response.headers.get('content-type') ?? '';
  expect(received.startsWith(type ?? '')).toBe(true);
  if (type === 'application/json' && content) schemaOf(content.schema).parse(JSON.parse(text));
});

test('every documented answer was seen, here or in a test of its own', () => {
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) =>
      Object.keys(responses)
        .filter((status) => status !== 'default')
        .map((status) => `${method.toUpperCase()} ${path} ${status}`),
    ),
  );
  expect(documented.filter((answer) => !seen.has(answer) && !seenElsewhere.has(answer))).toEqual([]);
  expect([...seenElsewhere].filter((answer) => !documented.includes(answer))).toEqual([]);
});

test('every route of JupyterHub 6.1 is there, but what it dropped itself', () => {
  const places = ['/users/{user}/server', '/users/{user}/servers/{server}'];
  const shared = ['/users/{user}/shared', '/groups/{group}/shared'];
  const routes: Record<string, string> = {
    '/': 'get',
    '/info': 'get',
    '/shutdown': 'post',
    '/health': 'get',
    '/metrics': 'get',
    '/user': 'get',
    '/users': 'get post',
    '/users/{user}': 'get post patch delete',
    '/users/{user}/activity': 'post',
    ...Object.fromEntries(places.map((place) => [place, 'get put post patch delete'])),
    ...Object.fromEntries(places.map((place) => [`${place}/progress`, 'get'])),
    '/users/{user}/tokens': 'get post',
    '/users/{user}/tokens/{token}': 'get delete',
    ...Object.fromEntries(shared.map((list) => [list, 'get'])),
    ...Object.fromEntries(shared.map((list) => [`${list}/{owner}/{name}`, 'get delete'])),
    '/groups': 'get post',
    '/groups/{group}': 'get post delete',
    '/groups/{group}/users': 'post delete',
    '/groups/{group}/properties': 'put',
    '/services': 'get',
    '/services/{service}': 'get post delete',
    '/proxy': 'get post patch',
    '/shares/{user}': 'get',
    '/shares/{user}/{server}': 'get post patch delete',
    '/share-codes/{user}': 'get',
    '/share-codes/{user}/{server}': 'get post delete',
    '/authorizations/token/{token}': 'get',
    '/oauth2/token': 'post',
  };
  const wanted = Object.entries(routes).flatMap(([path, methods]) =>
    methods.split(' ').map((method) => `${method.toUpperCase()} ${path}`),
  );
  const there = new Set(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    ),
  );
  // /metrics is a module of its own.
  expect(wanted.filter((route) => !there.has(route) && route !== 'GET /metrics')).toEqual([]);
});

test('a key that is not documented would be noticed', () => {
  const user = { kind: 'user', name: 'ada', admin: false, user_info: null };
  const schema = schemaOf({ $ref: '#/components/schemas/User' });
  expect(schema.safeParse(user).success).toBe(true);
  expect(schema.safeParse({ ...user, surprise: 1 }).success).toBe(false);
});

/** A schema of the document, with unknown keys refused: what an answer has, the document has. */
function schemaOf(schema: object): z.ZodType {
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas }).replaceAll(
    '#/components/schemas/',
    '#/$defs/',
  );
  const closed = JSON.parse(text, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && 'properties' in value && !('additionalProperties' in value)
      ? { ...value, additionalProperties: false }
      : value,
  ) as Parameters<typeof z.fromJSONSchema>[0];
  return z.fromJSONSchema(closed);
}
