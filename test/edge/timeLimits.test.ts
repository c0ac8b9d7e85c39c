import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type EdgeWorld, exchangeBytes, RawClient, startEdgeWorld, TestServer } from '../support/edgeWorld.ts';
import { until } from '../support/until.ts';

let world: EdgeWorld;
const servers: TestServer[] = [];

afterEach(async () => {
  await world.end();
  for (const server of servers.splice(0)) await server.kill();
});

async function serve(onConnection: Parameters<typeof TestServer.raw>[0]): Promise<TestServer> {
  const server = await TestServer.raw(onConnection);
  servers.push(server);
  await world.route({ prefix: '/s/', target: server.target });
  return server;
}

const getS = 'GET /s/ HTTP/1.1\r\nHost: x\r\n\r\n';

test('attack: a head that comes byte by byte for ever is cut off with 408', async () => {
  world = await startEdgeWorld({ limits: { headMs: 600 } });
  const client = new RawClient(world.port).send('GET / HTTP/1.1\r\nHost: x\r\nX: ');
  const timer = setInterval(() => client.send('a'), 50);
  try {
    expect(await client.untilEnd()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  } finally {
    clearInterval(timer);
  }
});

test('a connection that says nothing is closed', async () => {
  world = await startEdgeWorld({ limits: { headMs: 300 } });
  expect(await new RawClient(world.port).untilEnd()).toBe('');
});

test('attack: a head without end is refused with 431, before it fills the memory', async () => {
  world = await startEdgeWorld();
  const client = new RawClient(world.port).send('GET / HTTP/1.1\r\nHost: x\r\n');
  const timer = setInterval(() => client.send(`X: ${'a'.repeat(8000)}\r\n`), 1);
  try {
    await client.expects('\r\n\r\n');
  } finally {
    clearInterval(timer);
  }
  expect(client.received).toMatch(/^HTTP\/1\.1 431 /);
  client.destroy();
});

test('a head just below the limit passes', async () => {
  world = await startEdgeWorld();
  let length = 0;
  await serve((socket) =>
    socket.on('data', (chunk) => {
      length += chunk.length;
      if (chunk.toString().endsWith('\r\n\r\n')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    }),
  );
  const text = await exchangeBytes(
    world.port,
    `GET /s/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: ${'a'.repeat(65_000)}\r\n\r\n`,
  );
  expect(text).toMatch(/^HTTP\/1\.1 200 /);
  expect(length).toBeGreaterThan(65_000);
});

test('an idle connection is closed after a while', async () => {
  world = await startEdgeWorld({ limits: { keepAliveMs: 300 } });
  const client = new RawClient(world.port).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.expects('hub');
  expect(await client.untilEnd()).toMatch(/^HTTP\/1\.1 200 /);
});

test('clients may keep idle connections for more than 75 s', async () => {
  const { defaultLimits } = await import('../../src/edge/edgeLimits.ts');
  world = await startEdgeWorld();
  expect(defaultLimits.keepAliveMs).toBeGreaterThan(75_000);
});

test('a body that stops coming is given up, and the server is told', async () => {
  world = await startEdgeWorld({ limits: { stallMs: 400 } });
  const server = await serve((socket) => socket.resume());
  const client = new RawClient(world.port).send('PUT /s/ HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
  await until('the client is told', () => client.closed || client.ended);
  expect(await until('the server is told', () => server.open === 0)).toBe(true);
});

test('a client that does not read its answer is given up', async () => {
  world = await startEdgeWorld({ limits: { stallMs: 400 } });
  const server = await serve((socket) => {
    const more = (): void => {
      while (socket.writable && socket.write(Buffer.alloc(1024 * 1024)));
    };
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.on('drain', more);
      more();
    });
  });
  const client = new RawClient(world.port).send(getS);
  await client.expects('200 OK');
  client.socket.pause();
  expect(await until('the server is told', () => server.open === 0)).toBe(true);
  client.destroy();
});

test.each(['Connection: close\r\n', ''])('a client that reads slowly gets its whole answer, with %j', async (line) => {
  world = await startEdgeWorld({ limits: { lingerMs: 100, keepAliveMs: 100, headMs: 100 } });
  const bytes = 12_000_000;
  await serve((socket) =>
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`);
      socket.write(Buffer.alloc(bytes));
    }),
  );
  const client = connect(world.port, '127.0.0.1');
  client.write(`GET /s/ HTTP/1.1\r\nHost: x\r\n${line}\r\n`);
  let received = 0;
  client.on('data', (part) => {
    received += part.length;
    client.pause();
    setTimeout(() => client.resume(), 5);
  });
  await until('everything has come', () => received > bytes);
  client.destroy();
  expect(received).toBeGreaterThan(bytes);
});

test('a server may think for as long as it wants', async () => {
  world = await startEdgeWorld({ limits: { stallMs: 100, headMs: 100, keepAliveMs: 100, halfCloseMs: 100 } });
  await serve((socket) =>
    socket.once('data', () => setTimeout(() => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), 1000)),
  );
  const client = new RawClient(world.port).send(getS);
  expect(await client.expects('\r\n\r\nok')).toMatch(/^HTTP\/1\.1 200 /);
  client.destroy();
});

test('idle connections to servers are closed after a while', async () => {
  world = await startEdgeWorld({ limits: { upstreamIdleMs: 300 } });
  const server = await serve((socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')),
  );
  const client = new RawClient(world.port).send(getS);
  await client.expects('\r\n\r\nok');
  expect(server.open).toBe(1);
  expect(await until('it is closed', () => server.open === 0)).toBe(true);
  client.destroy();
});

describe('the end of the edge', () => {
  test('lets requests under way end, and closes idle connections', async () => {
    world = await startEdgeWorld({ limits: { stopMs: 5000 } });
    let answer = (): void => {};
    const server = await serve((socket) => {
      answer = () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      socket.resume();
    });
    const idle = new RawClient(world.port).send('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await idle.expects('hub');
    const busy = new RawClient(world.port).send(getS);
    await until('the server has the request', () => server.open === 1);
    const stopped = world.edge.stop();
    await idle.untilEnd();
    answer();
    expect(await busy.untilEnd()).toBe('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
    await stopped;
    expect(world.edge.stats().sockets).toBe(0);
  });

  test('does not wait for ever', async () => {
    world = await startEdgeWorld({ limits: { stopMs: 200 } });
    const server = await serve((socket) => socket.resume());
    const busy = new RawClient(world.port).send(getS);
    await until('the server has the request', () => server.open === 1);
    await world.edge.stop();
    const closed = await until('all is closed', () => (busy.closed || busy.ended) && server.open === 0);
    expect(closed).toBe(true);
  });
});
