import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createEdge } from '../../src/edge/edge.ts';
import { type EdgeWorld, RawClient, startEdgeWorld, TestServer } from '../support/edgeWorld.ts';
import { type SelfSigned, selfSigned } from '../support/selfSigned.ts';
import { until } from '../support/until.ts';

const host = 'hub.example.org';
let pair: SelfSigned;
let other: SelfSigned;
let folder: string;
let files: { certificate: string; key: string; hosts: string[] };
let world: EdgeWorld;

beforeAll(() => {
  pair = selfSigned(host);
  other = selfSigned(host);
});

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-certificate-'));
  files = { certificate: join(folder, 'tls.crt'), key: join(folder, 'tls.key'), hosts: [host] };
  write(pair);
  world = await startEdgeWorld({
    tls: files,
    hub: (incoming, response) => {
      const hash = createHash('sha256');
      incoming.on('data', (chunk: Buffer) => hash.update(chunk));
      incoming.on('end', () =>
        response.end(JSON.stringify({ headers: incoming.headers, url: incoming.url, hash: hash.digest('hex') })),
      );
    },
  });
});

afterEach(async () => {
  await world.end();
  rmSync(folder, { recursive: true });
});

function write({ cert, key }: SelfSigned): void {
  writeFileSync(files.certificate, cert);
  writeFileSync(files.key, key);
}

/** What the hub saw of a request over TLS. */
interface Seen {
  headers: Record<string, string>;
  url: string;
  hash: string;
}

function ask(path: string, { body = Buffer.alloc(0), ca = pair.cert, headers = {} } = {}): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: world.port, servername: host, ca, path, method: 'POST', agent: false };
    const sent = httpsRequest({ ...options, headers: { Host: host, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString()) as Seen));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function dial(more: object = {}): TLSSocket {
  const socket = connect({ host: '127.0.0.1', port: world.port, servername: host, ca: pair.cert, ...more });
  socket.on('error', () => {});
  return socket;
}

describe('an edge with a certificate', () => {
  test('serves HTTPS on its one port, and says so to servers; plain HTTP goes on', async () => {
    const { headers, url } = await ask('/hub/x?y=1');
    expect(url).toBe('/hub/x?y=1');
    expect(headers).toMatchObject({
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '443',
      'x-forwarded-for': '127.0.0.1',
      host,
    });
    const inside = new RawClient(world.port).send(
      'GET /a HTTP/1.1\r\nHost: proxy-public.ns\r\nConnection: close\r\n\r\n',
    );
    expect(await inside.untilEnd()).toContain('"x-forwarded-proto":"http"');
  });

  test('passes large bodies whole', async () => {
    const body = randomBytes(5 * 2 ** 20);
    expect((await ask('/', { body })).hash).toBe(createHash('sha256').update(body).digest('hex'));
  });

  test('is not told otherwise by the client: X-Forwarded fields are its own', async () => {
    const { headers } = await ask('/', { headers: { 'X-Forwarded-Proto': 'http', 'X-Forwarded-For': '192.0.2.1' } });
    expect(headers).toMatchObject({ 'x-forwarded-proto': 'https', 'x-forwarded-for': '127.0.0.1' });
  });

  test('sends plain HTTP for a public host on to HTTPS, with the path, and never to another host', async () => {
    const plain = async (head: string): Promise<string> =>
      new RawClient(world.port).send(`${head}\r\nConnection: close\r\n\r\n`).untilEnd();
    const sentOn = await plain(`GET /hub/x?y=1 HTTP/1.1\r\nHost: Hub.Example.org:80`);
    expect(sentOn).toMatch(/^HTTP\/1\.1 308 /);
    expect(sentOn).toContain(`\r\nLocation: https://${host}/hub/x?y=1\r\n`);
    expect(await plain(`GET //evil.example/ HTTP/1.1\r\nHost: ${host}`)).toContain(
      `\r\nLocation: https://${host}//evil.example/\r\n`,
    );
    expect(await plain(`GET /x HTTP/1.1\r\nHost: ada.${host}`)).toContain(`\r\nLocation: https://ada.${host}/x\r\n`);
    for (const other of ['evil.example', `evil${host}`])
      expect(await plain(`GET / HTTP/1.1\r\nHost: ${other}`)).toMatch(/^HTTP\/1\.1 200 /);
  });

  test('carries WebSockets, both ways, until one side ends them', async () => {
    const upstream = await TestServer.raw((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
        socket.on('data', (chunk) => socket.write(chunk));
      });
    });
    await world.route({ prefix: '/user/ada/', target: upstream.target });
    const client = dial();
    let received = '';
    client.on('data', (chunk: Buffer) => {
      received += chunk.toString();
    });
    client.write(`GET /user/ada/ws HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n`);
    await until('the protocol is switched', () => received.includes('101 Switching'));
    client.write('ping over TLS');
    await until('the echo is there', () => received.endsWith('ping over TLS'));
    const { tunnels } = world.edge.stats();
    expect(tunnels).toBe(1);
    client.end();
    await until('both sides are closed', () => world.edge.stats().tunnels === 0 && upstream.open === 0);
    await upstream.kill();
  });

  test('still passes TLS of schedulers on unopened', async () => {
    const seen: Buffer[] = [];
    const scheduler = createTcpServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk) => seen.push(chunk));
    });
    await new Promise<void>((resolve) => void scheduler.listen(0, '127.0.0.1', resolve));
    const address = scheduler.address() as { port: number };
    const target = { kind: 'tcp' as const, host: '127.0.0.1', port: address.port };
    world.publisher.put({ kind: 'sni', id: 's', sni: 'daskgateway-0a', target });
    const client = dial({ servername: 'daskgateway-0a' });
    await until('the ClientHello has reached the scheduler', () => Buffer.concat(seen).includes('daskgateway-0a'));
    expect(Buffer.concat(seen)[0]).toBe(0x16);
    client.destroy();
    await new Promise((resolve) => scheduler.close(resolve));
  });

  test('takes a new certificate without a restart; one that does not fit its key is not taken', {
    timeout: 90_000,
  }, async () => {
    writeFileSync(files.key, other.key);
    await until(
      'the edge says that it goes on with the old one',
      () => world.log.some(({ message }) => message.includes('the old one stays')),
      60,
    );
    expect((await ask('/')).url).toBe('/');
    write(other);
    await until(
      'the new one is shown',
      () =>
        ask('/', { ca: other.cert }).then(
          ({ url }) => url === '/',
          () => false,
        ),
      60,
    );
    await expect(ask('/')).rejects.toThrow(/self-signed|certificate/);
  });

  test('closes connections whose handshake does not go on, and is not brought down by what is no TLS', async () => {
    await world.end();
    world = await startEdgeWorld({ tls: files, limits: { helloMs: 300, headMs: 1000 } });
    const silent = new RawClient(world.port).send(Buffer.from([0x16, 3, 1]));
    const nonsense = new RawClient(world.port).send(
      Buffer.concat([Buffer.from([0x16, 3, 1, 0, 200]), randomBytes(200)]),
    );
    const old = dial({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1' });
    const secureAndSilent = new Promise((done) => dial().once('close', done));
    await Promise.all([
      secureAndSilent,
      silent.untilEnd(),
      nonsense.untilEnd(),
      new Promise((done) => old.once('close', done)),
    ]);
    await until('no connection is left', () => world.edge.stats().sockets === 0);
    const client = dial();
    client.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const [first] = await new Promise<[Buffer]>((done) => client.once('data', (chunk: Buffer) => done([chunk])));
    expect(first.toString()).toMatch(/^HTTP\/1\.1 200 /);
    client.destroy();
  });
});

test('a certificate that cannot be used is told at once', async () => {
  writeFileSync(files.key, other.key);
  const { hub, control } = world;
  const options = { host: '127.0.0.1', port: 0, hub: hub.target, control: control.target, controlToken: 'x' };
  const starting = createEdge({ ...options, tls: files, log: () => {} }).start();
  await expect(starting).rejects.toMatchObject({ code: 'ATOLL_EDGE_CERTIFICATE' });
});

test('without one, connections with TLS that are for no scheduler are closed', async () => {
  await world.end();
  world = await startEdgeWorld();
  const client = dial();
  await new Promise((done) => client.once('close', done));
  expect(client.authorized).toBe(false);
});
