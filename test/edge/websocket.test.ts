import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type EdgeWorld, RawClient, startEdgeWorld, TestServer } from '../support/edgeWorld.ts';
import { until } from '../support/until.ts';

let world: EdgeWorld;
let http: Server;
let sockets: WebSocketServer;
const servers: TestServer[] = [];

beforeEach(async () => {
  world = await startEdgeWorld();
  http = createServer((_, response) => response.end('page'));
  sockets = new WebSocketServer({ server: http, handleProtocols: (offered) => [...offered][0] ?? false });
  sockets.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  await world.route({ prefix: '/w/', target: { kind: 'tcp', host: '127.0.0.1', port } });
});

afterEach(async () => {
  for (const socket of sockets.clients) socket.terminate();
  await world.end();
  http.closeAllConnections();
  http.close();
  for (const server of servers.splice(0)) await server.kill();
});

async function open(path = '/w/ws', protocols: string[] = []): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${world.port}${path}`, protocols);
  await once(socket, 'open');
  return socket;
}

async function nextMessage(socket: WebSocket): Promise<string> {
  const [data] = await once(socket, 'message');
  return String(data);
}

async function noTunnel(): Promise<boolean> {
  return until('no WebSocket is left', () => world.edge.stats().tunnels === 0 && world.edge.stats().sockets === 0);
}

describe('a WebSocket', () => {
  test('carries messages of all sizes both ways, with its subprotocol', async () => {
    const socket = await open('/w/ws?x=1', ['bokeh', 'token']);
    expect(socket.protocol).toBe('bokeh');
    for (const size of [0, 1, 125, 126, 65_535, 65_536, 3_000_000]) {
      const message = 'm'.repeat(size);
      socket.send(message);
      expect(await nextMessage(socket)).toBe(message);
    }
    socket.close(4000, 'done');
    const [code, reason] = await once(socket, 'close');
    expect([code, String(reason)]).toEqual([4000, 'done']);
    expect(await noTunnel()).toBe(true);
  });

  test('is closed at the server when the client is gone', async () => {
    const socket = await open();
    await until('the server has it', () => sockets.clients.size === 1);
    socket.terminate();
    await until('the server has noticed', () => sockets.clients.size === 0);
    expect(await noTunnel()).toBe(true);
  });

  test('is closed at the client when the server is gone', async () => {
    const socket = await open();
    const closed = once(socket, 'close');
    for (const accepted of sockets.clients) accepted.terminate();
    const [code] = await closed;
    expect(code).toBe(1006);
    expect(await noTunnel()).toBe(true);
  });

  test('outlives all time limits of requests, idle or not', async () => {
    await world.end();
    world = await startEdgeWorld({ limits: { headMs: 200, keepAliveMs: 200, stallMs: 200, halfCloseMs: 200 } });
    const { port } = http.address() as AddressInfo;
    await world.route({ prefix: '/w/', target: { kind: 'tcp', host: '127.0.0.1', port } });
    const socket = await open();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    socket.send('still there?');
    expect(await nextMessage(socket)).toBe('still there?');
    socket.terminate();
  });

  test('outlives the hub and its own route', async () => {
    const socket = await open();
    await world.hub.kill();
    await world.control.kill();
    socket.send('one');
    expect(await nextMessage(socket)).toBe('one');
    await world.control.start();
    await world.hub.start();
    world.publisher.delete('/w/');
    await world.settled();
    socket.send('two');
    expect(await nextMessage(socket)).toBe('two');
    socket.terminate();
  });

  test('of 50 clients at once mixes nothing up', async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => open()));
    await Promise.all(
      clients.map(async (socket, index) => {
        for (let turn = 0; turn < 20; turn++) {
          socket.send(`${index}.${turn}`);
          expect(await nextMessage(socket)).toBe(`${index}.${turn}`);
        }
      }),
    );
    for (const socket of clients) socket.terminate();
    expect(await noTunnel()).toBe(true);
  });

  test('that sends and does not read is stopped, and loses nothing', async () => {
    const socket = await open();
    const message = Buffer.alloc(1024 * 1024, 'x');
    socket.pause();
    for (let turn = 0; turn < 60; turn++) socket.send(message);
    let before = -1;
    await until('everything stands still', async () => {
      const still = socket.bufferedAmount === before;
      before = socket.bufferedAmount;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return still;
    });
    let received = 0;
    socket.on('message', (data: Buffer) => {
      received += data.length;
    });
    socket.resume();
    expect(await until('all came back', () => received === 60 * message.length)).toBe(true);
    socket.terminate();
  });
});

describe('the handshake', () => {
  const upgrade =
    'GET /w/ws HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';

  test('reaches the server with its fields, and the answer the client', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${world.port}/w/ws`, { headers: { cookie: 'a=b' } });
    const [request] = await once(sockets, 'headers').then(([, request]) => [request]);
    await once(socket, 'open');
    expect(request.headers).toMatchObject({
      connection: 'Upgrade',
      upgrade: 'websocket',
      cookie: 'a=b',
      'x-forwarded-for': '127.0.0.1',
    });
    socket.terminate();
  });

  test('may bring first bytes along, from both sides', async () => {
    const server = await TestServer.raw((socket) => {
      socket.once('data', (head) => {
        const early = head.toString().split('\r\n\r\n')[1];
        socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: any/1\r\n\r\nhello`);
        if (early) socket.write(early.toUpperCase());
        socket.on('data', (chunk) => socket.write(chunk.toString().toUpperCase()));
      });
    });
    servers.push(server);
    await world.route({ prefix: '/u/', target: server.target });
    const client = new RawClient(world.port).send(
      'GET /u/ HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: any/1\r\n\r\nearly',
    );
    expect(await client.expects('EARLY')).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: any/1\r\n\r\nhelloEARLY',
    );
    client.send('late');
    await client.expects('EARLYLATE');
    client.destroy();
    await until('the server is told', () => server.open === 0);
  });

  test('passes a half-close on in both directions', async () => {
    let received = '';
    const server = await TestServer.raw(
      (socket) => {
        socket.once('data', () => {
          socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: any/1\r\n\r\n');
          socket.on('data', (chunk) => {
            received += chunk.toString();
          });
          socket.on('end', () => socket.end(`got ${received}`));
        });
      },
      { allowHalfOpen: true },
    );
    servers.push(server);
    await world.route({ prefix: '/u/', target: server.target });
    const client = new RawClient(world.port).send(
      'GET /u/ HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: any/1\r\n\r\n',
    );
    await client.expects('\r\n\r\n');
    client.send('all of it').finish();
    expect(await client.untilEnd()).toMatch(/got all of it$/);
    expect(await noTunnel()).toBe(true);
  });

  test.each([
    ['403 Forbidden', 'no'],
    ['200 OK', 'a page'],
    ['426 Upgrade Required', 'newer'],
  ])('that is answered with %s passes that on, and the connection ends', async (status, body) => {
    const server = await TestServer.raw((socket) =>
      socket.on('data', () => socket.write(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`)),
    );
    servers.push(server);
    await world.route({ prefix: '/w/', target: server.target });
    const text = await new RawClient(world.port).send(`${upgrade}\r\n`).untilEnd();
    expect(text).toBe(`HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
  });

  test('to a server that is not there is 503', async () => {
    const server = await TestServer.raw(() => {});
    await world.route({ prefix: '/w/', target: server.target });
    await server.kill();
    expect(await new RawClient(world.port).send(`${upgrade}\r\n`).untilEnd()).toMatch(/^HTTP\/1\.1 503 /);
  });

  test('with a 101 that names no protocol is no handshake', async () => {
    const server = await TestServer.raw((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')),
    );
    servers.push(server);
    await world.route({ prefix: '/w/', target: server.target });
    expect(await new RawClient(world.port).send(`${upgrade}\r\n`).untilEnd()).toMatch(/^HTTP\/1\.1 502 /);
  });

  test('of broken frames is the server’s business: the edge lives on', async () => {
    const client = new RawClient(world.port).send(`${upgrade}\r\n`);
    await client.expects('101 Switching');
    client.send(Buffer.from([0xff, 0xff, 0xff, 0, 1, 2, 3, 4]));
    await client.untilEnd();
    const next = await open();
    next.send('fine');
    expect(await nextMessage(next)).toBe('fine');
    next.terminate();
  });
});
