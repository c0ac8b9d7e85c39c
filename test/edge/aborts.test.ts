import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EdgeWorld, RawClient, startEdgeWorld, TestServer } from '../support/edgeWorld.ts';
import { until } from '../support/until.ts';

let world: EdgeWorld;
let server: TestServer;

beforeEach(async () => {
  world = await startEdgeWorld();
});

afterEach(async () => {
  await world.end();
  await server.kill();
});

async function serve(onConnection: Parameters<typeof TestServer.raw>[0]): Promise<void> {
  server = await TestServer.raw(onConnection);
  await world.route({ prefix: '/s/', target: server.target });
}

const getS = 'GET /s/ HTTP/1.1\r\nHost: x\r\n\r\n';

async function nothingIsLeft(): Promise<boolean> {
  return until('nothing is left in the edge', () => {
    const { exchanges, clients, sockets, tunnels, held } = world.edge.stats();
    return exchanges + clients + sockets + tunnels + held === 0;
  });
}

describe.each([
  ['closes', (client: RawClient) => client.destroy()],
  ['resets', (client: RawClient) => client.socket.resetAndDestroy()],
])('a client that %s its connection', (_, leave) => {
  test('before the answer ends the request at the server', async () => {
    await serve((socket) => socket.resume());
    const client = new RawClient(world.port).send(getS);
    await until('the server has the request', () => server.open === 1);
    leave(client);
    await until('the server’s connection is closed', () => server.open === 0);
    expect(await nothingIsLeft()).toBe(true);
  });

  test('in the middle of the answer ends it at the server', async () => {
    await serve((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        const timer = setInterval(() => socket.write('5\r\nhello\r\n'), 10);
        socket.on('close', () => clearInterval(timer));
      });
    });
    const client = new RawClient(world.port).send(getS);
    await client.expects('hello');
    leave(client);
    await until('the server’s connection is closed', () => server.open === 0);
    expect(await nothingIsLeft()).toBe(true);
  });

  test('in the middle of an answer that it does not read ends it at the server', async () => {
    const block = Buffer.alloc(1024 * 1024);
    await serve((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        const more = (): void => {
          while (socket.writable && socket.write(block));
        };
        socket.on('drain', more);
        more();
      });
    });
    const client = new RawClient(world.port).send(getS);
    await client.expects('200 OK');
    client.socket.pause();
    leave(client);
    await until('the server’s connection is closed', () => server.open === 0);
    expect(await nothingIsLeft()).toBe(true);
  });

  test('in the middle of the request’s body ends it at the server', async () => {
    let received = 0;
    await serve((socket) =>
      socket.on('data', (chunk) => {
        received += chunk.length;
      }),
    );
    const client = new RawClient(world.port).send('PUT /s/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nhalf');
    await until('the server has the first bytes', () => received > 0);
    leave(client);
    await until('the server’s connection is closed', () => server.open === 0);
    expect(await nothingIsLeft()).toBe(true);
  });
});

test('attack: a server that sends interim responses without end does not fill the memory', async () => {
  let sent = 0;
  await serve((socket) => {
    const interim = Buffer.from(`HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(2000)}\r\n\r\n`.repeat(50));
    const more = (): void => {
      do sent += interim.length;
      while (socket.writable && socket.write(interim));
    };
    socket.on('drain', more);
    socket.once('data', more);
  });
  const client = new RawClient(world.port).send(getS);
  await client.expects('103');
  client.socket.pause();
  let before = -1;
  await until('the server is stopped', async () => {
    const still = sent === before;
    before = sent;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return still;
  });
  expect(sent).toBeLessThan(60_000_000);
  client.destroy();
  expect(await nothingIsLeft()).toBe(true);
});

test('after hundreds of requests that are broken off anywhere, nothing is left', async () => {
  await serve((socket) => {
    socket.on('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n');
      for (let part = 0; part < 4; part++) setTimeout(() => socket.write(Buffer.alloc(50_000)), part * 5);
    });
  });
  const requests = [
    getS,
    getS + getS,
    'PUT /s/ HTTP/1.1\r\nHost: x\r\nContent-Length: 90000\r\n\r\nhalf',
    'GET /s/ HT',
    '\x16\x03\x01',
  ];
  for (let round = 0; round < 20; round++) {
    const clients = Array.from({ length: 20 }, (_, index) =>
      new RawClient(world.port).send(requests[index % requests.length] as string),
    );
    await new Promise((resolve) => setTimeout(resolve, round * 2));
    for (const [index, client] of clients.entries()) {
      if (index % 2 === 0) client.destroy();
      else client.socket.resetAndDestroy();
    }
  }
  await nothingIsLeft();
  const idle = world.edge.stats().upstreams;
  expect(await until('only idle connections are left at the server', () => server.open === idle)).toBe(true);
});

test('a server that dies while many requests are under way breaks all of them off', async () => {
  await serve((socket) => socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')));
  const clients = Array.from({ length: 30 }, () => new RawClient(world.port).send(getS));
  await Promise.all(clients.map((client) => client.expects('half')));
  await server.kill();
  await until('all clients are told', () => clients.every(({ closed }) => closed));
  await nothingIsLeft();
  expect(world.edge.stats().upstreams).toBe(0);
});
