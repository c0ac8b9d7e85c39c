import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultSettings } from '../../src/config/settings.ts';
import { FakeRuntime } from '../support/fakeRuntime.ts';
import { type SmallHub, startSmallHub } from '../support/smallHub.ts';

interface Operation {
  method: string;
  path: string;
  hasBody: boolean;
  form: boolean;
}

let runtime: FakeRuntime;
let hub: SmallHub;
let authorization: string;
let operations: Operation[];

beforeAll(async () => {
  runtime = new FakeRuntime();
  const { servers } = defaultSettings();
  hub = await startSmallHub({ runtime, settings: { servers: { ...servers, allowNamedServers: true } } });
  await hub.identity.users.ensure('root', true);
  await hub.identity.users.ensure('ada');
  await hub.identity.groups.create(['lab'], ['ada']);
  await hub.servers.create('ada', 'gpu');
  authorization = await hub.authorizationOf('root');
  const document = (await (await fetch(`${hub.url}/hub/api/openapi.json`)).json()) as {
    paths: Record<string, Record<string, { requestBody?: { content: Record<string, unknown> } }>>;
  };
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { requestBody }]) => ({
      method: method.toUpperCase(),
      path,
      hasBody: requestBody !== undefined,
      form: Object.hasOwn(requestBody?.content ?? {}, 'application/x-www-form-urlencoded'),
    })),
  );
});
afterAll(async () => {
  await hub.close();
  for (const workload of runtime.workloads.values()) workload.close();
});

/** Sends a request exactly as it is given: no client in between tidies the path up. */
function send(
  method: string,
  path: string,
  body?: string | Buffer,
  type = 'application/json',
): Promise<{ status: number; text: string }> {
  const { hostname, port } = new URL(hub.url);
  return new Promise((resolve, reject) => {
    const headers = {
      authorization,
      ...(body !== undefined && { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
    };
    const sent = httpRequest({ hostname, port, method, path: `/hub/api${path}`, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Whether this is the body of an error, as JupyterHub has it and with our code. */
function isError(text: string, status: number): boolean {
  const body = JSON.parse(text) as { status: unknown; message: unknown; code: string };
  return body.status === status && typeof body.message === 'string' && body.code.startsWith('ATOLL_');
}

/** Everything that a request could have stored. */
async function stored(): Promise<string> {
  const { db } = hub.store;
  const tables = [
    'users',
    'groups',
    'group_members',
    'servers',
    'services',
    'shares',
    'share_codes',
    'api_tokens',
  ] as const;
  const rows = await Promise.all(tables.map((table) => db.selectFrom(table).selectAll().execute()));
  // When something was used last is written by the way.
  return JSON.stringify(rows, (key, value: unknown) => (key === 'last_activity' ? undefined : value));
}

/** The path with this in place of each name. */
function pathWith(path: string, name: string): string {
  return path.replace(/\{\w+\}/g, name);
}

const existing: Record<string, string> = { user: 'ada', server: 'gpu', group: 'lab', owner: 'ada', name: 'gpu' };
function existingPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, (_whole, name: string) => existing[name] ?? 'none');
}

/** Routes that end the test's hub or stay open. */
const left = new Set(['POST /shutdown']);

const badNames: [string, string][] = [
  ['a slash', 'a%2Fb'],
  ['a slash, encoded twice', 'a%252Fb'],
  ['two dots, encoded twice', '%252e%252e'],
  ['one dot, encoded twice', '%252E'],
  ['a zero', 'a%00b'],
  ['a line break', 'a%0d%0aSet-Cookie:%20x=y'],
  ['a byte that is no UTF-8', 'a%ffb'],
  ['half a percent sign', 'a%zz'],
  ['a direction mark', 'a%E2%80%AEb'],
  ['white space', '%20%20'],
  ['256 characters', 'x'.repeat(256)],
  ['8000 characters', 'x'.repeat(8000)],
];

describe('names in paths', () => {
  test.each(badNames)('%s: nothing is made of it, and no route fails', async (_what, name) => {
    const before = await stored();
    const failed: string[] = [];
    for (const { method, path, hasBody, form } of operations) {
      if (!path.includes('{') || left.has(`${method} ${path}`)) continue;
      const body = hasBody ? (form ? 'a=b' : '{}') : undefined;
      const { status } = await send(method, pathWith(path, name), body);
      if (status < 400 || status >= 500) failed.push(`${method} ${path} ${status}`);
    }
    expect(failed).toEqual([]);
    expect(await stored()).toBe(before);
  });
});

describe('bodies', () => {
  const unreadable: [string, string | Buffer][] = [
    ['broken JSON', '{"a": '],
    ['two values', '{} {}'],
    ['a bare word', 'none'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['200 levels', `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`],
  ];
  test.each(unreadable)('%s: 4xx on every route that takes one', async (_what, body) => {
    const before = await stored();
    const failed: string[] = [];
    for (const { method, path, hasBody, form } of operations) {
      if (!hasBody || form || left.has(`${method} ${path}`)) continue;
      const { status, text } = await send(method, existingPath(path), body);
      if (![400, 403, 404, 413].includes(status) || !isError(text, status)) failed.push(`${method} ${path} ${status}`);
    }
    expect(failed).toEqual([]);
    expect(await stored()).toBe(before);
  });

  const wrong: unknown[] = [[], 'text', 7, true, null, [{}], { zzz: 1 }, { __proto__x: 1, constructor: 1 }];
  test('of another shape never make a route fail', async () => {
    const failed: string[] = [];
    for (const value of wrong)
      for (const { method, path, hasBody, form } of operations) {
        if (!hasBody || form || left.has(`${method} ${path}`) || path.includes('/server')) continue;
        const { status } = await send(method, existingPath(path), JSON.stringify(value));
        if (status >= 500) failed.push(`${method} ${path} ${JSON.stringify(value)} ${status}`);
      }
    expect(failed).toEqual([]);
  });

  test.each(['multipart/form-data; boundary=x', 'text/xml', 'text/html', 'image/png', 'nonsense'])(
    'of the type %s are refused',
    async (type) => {
      const before = await stored();
      const failed: string[] = [];
      for (const { method, path, hasBody } of operations) {
        if (!hasBody || left.has(`${method} ${path}`)) continue;
        const { status } = await send(method, existingPath(path), '{}', type);
        if (![403, 404, 415].includes(status)) failed.push(`${method} ${path} ${status}`);
      }
      expect(failed).toEqual([]);
      expect(await stored()).toBe(before);
    },
  );

  test('as curl sends them by default are taken', async () => {
    const { status } = await send('POST', '/users', '{"usernames": ["curly"]}', 'application/x-www-form-urlencoded');
    expect(status).toBe(201);
    await hub.identity.users.delete('curly');
  });
});
