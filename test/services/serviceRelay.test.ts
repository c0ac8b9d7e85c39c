import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type WebSocket as ServerSocket, WebSocketServer } from 'ws';
import { PublicUrls } from '../../src/identity/publicUrls.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { servicesInPod } from '../../src/services/servicePlaces.ts';
import { ServiceRelay } from '../../src/services/serviceRelay.ts';
import { until } from '../support/until.ts';

describe('the way to services in the pod of the hub', () => {
  let service: Server;
  let relay: ServiceRelay;
  let base: string;
  let places: ReturnType<typeof servicesInPod>;
  const requests: IncomingMessage[] = [];

  async function openRelay(baseUrl: string): Promise<void> {
    relay = new ServiceRelay({
      host: '127.0.0.1',
      port: 0,
      places,
      urls: new PublicUrls({ baseUrl }),
      log: silentLogger(),
    });
    await relay.open();
    base = `127.0.0.1:${relay.port}`;
  }

  beforeEach(async () => {
    service = createServer((request, response) => {
      requests.push(request);
      request.pipe(response);
    });
    new WebSocketServer({ server: service }).on('connection', (socket: ServerSocket) =>
      socket.on('message', (message: Buffer) => socket.send(`${message.toString()}!`)),
    );
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    const { port } = service.address() as AddressInfo;
    places = servicesInPod({
      docs: { url: `http://127.0.0.1:${port}` },
      'my docs': { url: `http://hub:${port}/` },
      other: { url: 'http://docs.example.org' },
      none: {},
    });
    await openRelay('/');
  });
  afterEach(async () => {
    relay.close();
    service.closeAllConnections();
    await new Promise((resolve) => service.close(resolve));
    requests.length = 0;
  });

  test('is for those on its loopback address, and those that say hub', () => {
    const url = (host: string): { url: string } => ({ url: `http://${host}:1/` });
    const places = servicesInPod({ a: url('127.0.0.1'), b: url('localhost'), c: url('[::1]'), d: url('hub'), e: {} });
    expect([...places]).toEqual([
      ['a', { host: '127.0.0.1', port: 1 }],
      ['b', { host: 'localhost', port: 1 }],
      ['c', { host: '::1', port: 1 }],
      ['d', { host: '127.0.0.1', port: 1 }],
    ]);
    const elsewhere = servicesInPod({ a: url('10.0.0.1'), b: url('hub.other'), c: url('127.example.org') });
    expect([...elsewhere]).toEqual([]);
  });

  test('leads each request to its service, as it was sent', async () => {
    const body = 'x'.repeat(1_000_000);
    for (const path of ['/services/docs/a?b=/services/other/', '/services/my%20docs/']) {
      const answer = await fetch(`http://${base}${path}`, { method: 'POST', body });
      expect(await answer.text()).toBe(body);
      expect(requests.at(-1)?.url).toBe(path);
    }
  });

  test('leads to services below the base of the hub, and to none beside it', async () => {
    relay.close();
    await openRelay('/research/');
    const answer = await fetch(`http://${base}/research/services/docs/a`, { method: 'POST', body: 'hello' });
    expect([await answer.text(), requests.at(-1)?.url]).toEqual(['hello', '/research/services/docs/a']);
    await expect(fetch(`http://${base}/services/docs/a`)).rejects.toThrow('fetch failed');
    expect(requests).toHaveLength(1);
  });

  test('carries WebSockets', async () => {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    const socket = new WebSocket(`ws://${base}/services/docs/ws`);
    socket.addEventListener('open', () => socket.send('hello'));
    socket.addEventListener('message', ({ data }) => {
      resolve(data);
      socket.close();
    });
    expect(await promise).toBe('hello!');
  });

  test.each([
    'GET /services/other/ HTTP/1.1',
    'GET /hub/ HTTP/1.1',
    'GET /services/ HTTP/1.1',
    'nonsense',
    'GET /services/%E0 HTTP/1.1',
  ])('ends a connection that is for none of them: %s', async (line) => {
    const socket = connect(relay.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(`${line}\r\n\r\n`);
    await until('it is closed', () => socket.destroyed || socket.readableEnded || socket.closed);
    expect(requests).toEqual([]);
  });

  test('a connection whose service is away ends, and a first line without an end is not kept', async () => {
    service.closeAllConnections();
    await new Promise((resolve) => service.close(resolve));
    await expect(fetch(`http://${base}/services/docs/`)).rejects.toThrow('fetch failed');
    const socket = connect(relay.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('x'.repeat(70_000));
    await until('it is closed', () => socket.closed || socket.destroyed);
    expect(requests).toEqual([]);
  });
});
