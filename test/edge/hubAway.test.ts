import { once } from 'node:events';
import { request } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { type EdgeWorld, exchangeBytes, RawClient, startEdgeWorld, TestServer } from '../support/edgeWorld.ts';
import { until } from '../support/until.ts';

let world: EdgeWorld;

afterEach(() => world.end());

const get = (path: string, lines = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines}\r\n`;
const held = (count: number): Promise<boolean> =>
  until(`${count} requests are held`, () => world.edge.stats().held === count);

async function killHub(): Promise<void> {
  await world.control.kill();
  await world.hub.kill();
}

async function startHub(): Promise<void> {
  await world.control.start();
  await world.hub.start();
}

describe('while the hub is away', () => {
  test('requests for it wait, and are answered when it is back', async () => {
    const bodies: string[] = [];
    world = await startEdgeWorld({
      hub(call, response) {
        let body = '';
        call.on('data', (part) => {
          body += String(part);
        });
        call.on('end', () => {
          bodies.push(`${call.method} ${call.url} ${body.length}`);
          response.end('the hub is back');
        });
      },
    });
    await killHub();
    const pages = Array.from({ length: 20 }, (_, index) => exchangeBytes(world.port, get(`/hub/${index}`)));
    const post = exchangeBytes(
      world.port,
      `POST /hub/post HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 200000\r\n\r\n${'b'.repeat(200_000)}`,
    );
    await held(21);
    await startHub();
    for (const answer of await Promise.all([...pages, post])) expect(answer).toMatch(/the hub is back/);
    expect(bodies).toHaveLength(21);
    expect(bodies).toContain('POST /hub/post 200000');
    expect(world.edge.stats().held).toBe(0);
  });

  test('killed and started again in the middle of requests, none of the GETs notices', async () => {
    let answered = 0;
    world = await startEdgeWorld({
      hub: (_, response) => void setTimeout(() => response.end(`answer ${++answered}`), 30),
    });
    const stop = new AbortController();
    const failures: string[] = [];
    const clients = Array.from({ length: 8 }, async () => {
      while (!stop.signal.aborted) {
        const answer = await exchangeBytes(world.port, get('/hub/api'));
        if (!answer.startsWith('HTTP/1.1 200 ')) failures.push(answer);
      }
    });
    for (let turn = 0; turn < 5; turn++) {
      const before = answered;
      await until('some answers', () => answered > before + 10);
      await killHub();
      await until('some wait', () => world.edge.stats().held > 0);
      await startHub();
    }
    stop.abort();
    await Promise.all(clients);
    expect(failures).toEqual([]);
  });

  test('a long poll that it had begun is asked again when it is back', async () => {
    let asked = 0;
    world = await startEdgeWorld({
      hub(_, response) {
        if (++asked > 1) response.end('the news');
      },
    });
    const answer = exchangeBytes(world.port, get('/services/dask-gateway/api/v1/clusters/0a?wait'));
    await until('the poll has reached the hub', () => asked === 1);
    await world.hub.kill();
    await held(1);
    await world.hub.start();
    expect(await answer).toMatch(/\r\n\r\n[\s\S]*the news/);
    expect(asked).toBe(2);
  });

  test('a POST that had reached it is not sent again, and the caller learns that it is not known what became of it', async () => {
    let asked = 0;
    world = await startEdgeWorld({
      hub(call, response) {
        if (call.method === 'POST') asked++;
        else response.end('hub');
      },
    });
    const answer = exchangeBytes(
      world.port,
      'POST /hub/api/users HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}',
    );
    await until('it has reached the hub', () => asked === 1);
    await world.hub.kill();
    const text = await answer;
    expect(text).toMatch(/^HTTP\/1\.1 502 /);
    expect(JSON.parse(text.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      status: 502,
      code: 'ATOLL_EDGE_CONNECTION_LOST',
    });
    await world.hub.start();
    expect(await exchangeBytes(world.port, get('/'))).toMatch(/^HTTP\/1\.1 200 /);
    expect(asked).toBe(1);
  });

  test('too long: browsers get a page, programs JSON, both with Retry-After', async () => {
    world = await startEdgeWorld({ limits: { holdMs: 200 } });
    await killHub();
    const page = await exchangeBytes(world.port, get('/hub/home', 'Accept: text/html,*/*\r\n'));
    expect(page).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\n/);
    expect(page).toContain('Retry-After: 3\r\n');
    expect(page).toContain('Content-Type: text/html; charset=utf-8\r\n');
    expect(page).toContain('ATOLL_EDGE_HUB_AWAY');
    for (const [path, lines] of [
      ['/hub/api/users', 'Accept: text/html\r\n'],
      ['/base/hub/api', 'Accept: text/html\r\n'],
      ['/services/dask-gateway/api/v1/clusters/', 'Accept: text/html\r\n'],
      ['/hub/home', ''],
      ['/hub/home', 'Accept: text/html\r\nX-Requested-With: XMLHttpRequest\r\n'],
    ] as const) {
      const answer = await exchangeBytes(world.port, get(path, lines));
      expect(answer).toContain('Retry-After: 3\r\n');
      expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({
        status: 503,
        code: 'ATOLL_EDGE_HUB_AWAY',
        message: 'The hub does not answer at the moment.',
        error: 'The hub does not answer at the moment.',
      });
    }
    const head = await exchangeBytes(world.port, get('/hub/').replace('GET', 'HEAD'));
    expect(head).toMatch(/^HTTP\/1\.1 503 [\s\S]*\r\n\r\n$/);
  });

  test('no more requests wait than are allowed, and those whose client is gone do not count', async () => {
    world = await startEdgeWorld({ limits: { heldRequests: 3 } });
    await killHub();
    const clients = Array.from({ length: 3 }, () => new RawClient(world.port).send(get('/hub/')));
    await held(3);
    expect(await exchangeBytes(world.port, get('/hub/'))).toMatch(/^HTTP\/1\.1 503 /);
    clients[0]?.destroy();
    await held(2);
    const last = exchangeBytes(world.port, get('/hub/'));
    await held(3);
    await startHub();
    expect(await last).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('bodies of waiting requests stay with their clients', async () => {
    world = await startEdgeWorld({ limits: { heldBytes: 40_000 } });
    await killHub();
    const client = new RawClient(world.port).send('PUT /hub/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n');
    await held(1);
    client.send(Buffer.alloc(100_000_000));
    let before = -1;
    await until('the client is stopped', async () => {
      const still = client.socket.bytesWritten === before;
      before = client.socket.bytesWritten;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return still;
    });
    expect(client.socket.writableLength).toBeGreaterThan(50_000_000);
    const big = `GET /hub/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: ${'a'.repeat(12_000)}\r\n\r\n`;
    const others = Array.from({ length: 3 }, () => exchangeBytes(world.port, big));
    await held(4);
    expect(await exchangeBytes(world.port, big)).toMatch(/^HTTP\/1\.1 503 /);
    client.destroy();
    await startHub();
    for (const other of await Promise.all(others)) expect(other).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('servers are reached by the routes known before, and by changed ones after', async () => {
    world = await startEdgeWorld();
    const one = await TestServer.http((_, response) => response.end('one'));
    const two = await TestServer.http((_, response) => response.end('two'));
    await world.route({ prefix: '/user/ada/', target: one.target });
    await killHub();
    expect(await exchangeBytes(world.port, get('/user/ada/'))).toMatch(/one/);
    world.publisher.put({
      kind: 'http',
      id: '/user/ada/',
      prefix: '/user/ada/',
      target: two.target,
      stripPrefix: false,
      access: 'open',
    });
    await startHub();
    await until('the new route is there', async () =>
      (await exchangeBytes(world.port, get('/user/ada/'))).includes('two'),
    );
    expect(await exchangeBytes(world.port, get('/user/ada/'))).toMatch(/two/);
    await one.kill();
    await two.kill();
  });
});

describe('an edge that starts before the hub', () => {
  test('is not ready, holds all requests, and serves them once it has the routes', async () => {
    world = await startEdgeWorld({ withoutHub: true });
    const server = await TestServer.http((_, response) => response.end('ada’s'));
    world.publisher.put({
      kind: 'http',
      id: 'a',
      prefix: '/user/ada/',
      target: server.target,
      stripPrefix: false,
      access: 'open',
    });
    let ready = false;
    const becomesReady = async (): Promise<void> => {
      await world.edge.ready;
      ready = true;
    };
    void becomesReady();
    const page = exchangeBytes(world.port, get('/user/ada/'));
    const hubPage = exchangeBytes(world.port, get('/hub/'));
    await held(2);
    expect(ready).toBe(false);
    await startHub();
    await world.edge.ready;
    expect(await page).toMatch(/ada/);
    expect(await hubPage).toMatch(/hub/);
    await server.kill();
  });

  test('does not send a server’s request to the hub only because it does not know the routes yet', async () => {
    const urls: (string | undefined)[] = [];
    world = await startEdgeWorld({
      withoutHub: true,
      limits: { holdMs: 600 },
      hub(call, response) {
        urls.push(call.url);
        response.end('hub');
      },
    });
    await world.hub.start();
    expect(await exchangeBytes(world.port, get('/user/ada/'))).toMatch(/^HTTP\/1\.1 503 /);
    expect(urls).toEqual([]);
  });
});

describe('a server that is not there', () => {
  test('is 503 at once: a page that tries again by itself, or JSON', async () => {
    world = await startEdgeWorld();
    const server = await TestServer.raw(() => {});
    await world.route({ prefix: '/user/ada/', target: server.target });
    await server.kill();
    const page = await exchangeBytes(world.port, get('/user/ada/lab', 'Accept: text/html\r\n'));
    expect(page).toMatch(/^HTTP\/1\.1 503 /);
    expect(page).toContain('<meta http-equiv="refresh" content="3">');
    expect(page).toContain('ATOLL_EDGE_SERVER_AWAY');
    const json = await exchangeBytes(world.port, get('/user/ada/api/contents', 'Accept: text/html\r\n'));
    expect(JSON.parse(json.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status: 503, code: 'ATOLL_EDGE_SERVER_AWAY' });
  });

  test.each([
    ['a port that cannot be', { kind: 'tcp', host: '127.0.0.1', port: 99_999 }],
    ['a host that cannot be', { kind: 'tcp', host: 'no such host', port: 80 }],
    ['a socket that cannot be', { kind: 'unix', path: `/${'x'.repeat(300)}` }],
  ] as const)('because its route has %s is 503 too', async (_, target) => {
    world = await startEdgeWorld();
    await world.route({ prefix: '/user/ada/', target });
    expect(await exchangeBytes(world.port, get('/user/ada/'))).toMatch(/^HTTP\/1\.1 503 /);
  });

  test('leaves the client’s connection usable', async () => {
    world = await startEdgeWorld();
    const server = await TestServer.raw(() => {});
    await world.route({ prefix: '/user/ada/', target: server.target });
    await server.kill();
    const client = new RawClient(world.port).send('GET /user/ada/ HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.expects('ATOLL_EDGE_SERVER_AWAY');
    client.send(get('/hub/'));
    expect(await client.untilEnd()).toMatch(/^HTTP\/1\.1 503 [\s\S]*HTTP\/1\.1 200 /);
  });
});

test('an upload to a server goes on while the hub is killed', async () => {
  world = await startEdgeWorld();
  let received = 0;
  const server = await TestServer.http((call, response) => {
    call.on('data', (part: Buffer) => {
      received += part.length;
    });
    call.on('end', () => response.end('stored'));
  });
  await world.route({ prefix: '/user/ada/', target: server.target });
  const call = request({ port: world.port, path: '/user/ada/f', method: 'PUT' });
  const answered = once(call, 'response');
  call.write(Buffer.alloc(100_000));
  await until('the server has the first half', () => received >= 100_000);
  await killHub();
  call.end(Buffer.alloc(100_000));
  const [response] = await answered;
  let answer = '';
  for await (const part of response) answer += String(part);
  expect(answer).toBe('stored');
  expect(received).toBe(200_000);
  await server.kill();
});
