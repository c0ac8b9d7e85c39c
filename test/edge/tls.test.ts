import { once } from 'node:events';
import { connect as connectTcp, createServer as createTcpServer } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Target } from '../../src/edge/protocol.ts';
import { type EdgeWorld, RawClient, startEdgeWorld } from '../support/edgeWorld.ts';
import { type SelfSigned, selfSigned } from '../support/selfSigned.ts';
import { until } from '../support/until.ts';

/** As dask-gateway has it: one self-signed certificate is authority, server and client in one; only those who have it may in. */
let credentials: SelfSigned;
let stranger: SelfSigned;
let scheduler: Server;
let target: Target;
let world: EdgeWorld;

beforeAll(async () => {
  credentials = selfSigned('daskgateway-0a');
  stranger = selfSigned('daskgateway-0a');
  scheduler = createServer(
    { ...credentials, ca: credentials.cert, requestCert: true, rejectUnauthorized: true, allowHalfOpen: true },
    (socket) => {
      socket.on('error', () => {});
      socket.on('data', (chunk) => socket.write(chunk));
      socket.on('end', () => socket.end('goodbye'));
    },
  );
  scheduler.on('tlsClientError', () => {});
  scheduler.listen(0, '127.0.0.1');
  await once(scheduler, 'listening');
  const address = scheduler.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  target = { kind: 'tcp', host: '127.0.0.1', port: address.port };
});

afterAll(() => {
  scheduler.close();
});

beforeEach(async () => {
  world = await startEdgeWorld();
});

afterEach(() => world.end());

const route = (sni = 'daskgateway-0a', to = target): void =>
  world.publisher.put({ kind: 'sni', id: 'scheduler:0a', sni, target: to });

function dial(servername: string, more: object = {}): TLSSocket {
  const socket = connect({
    host: '127.0.0.1',
    port: world.port,
    servername,
    ...credentials,
    ca: credentials.cert,
    checkServerIdentity: () => undefined,
    ...more,
  });
  socket.on('error', () => {});
  return socket;
}

/** Sends a text and returns what comes back. */
async function echo(socket: TLSSocket, text: string): Promise<string> {
  socket.write(text);
  let received = '';
  while (received.length < text.length) received += String((await once(socket, 'data'))[0]);
  return received;
}

const closed = (socket: TLSSocket): Promise<boolean> => until('the connection is closed', () => socket.closed);

const nothingIsLeft = (): Promise<boolean> =>
  until('nothing is left', () => {
    const { sockets, tunnels, heldTls } = world.edge.stats();
    return sockets + tunnels + heldTls === 0;
  });

describe('TLS on the port of HTTP', () => {
  test('reaches the server that its ClientHello names, which sees the client’s certificate itself', async () => {
    route();
    await world.settled();
    const socket = dial('daskgateway-0a');
    await once(socket, 'secureConnect');
    expect(socket.authorized).toBe(true);
    expect(socket.getPeerX509Certificate()?.subject).toBe('CN=daskgateway-0a');
    expect(await echo(socket, 'x'.repeat(3_000_000))).toBe('x'.repeat(3_000_000));
    socket.destroy();
    expect(await nothingIsLeft()).toBe(true);
  });

  test('passes the end of one direction on, and then the rest of the other', async () => {
    route();
    await world.settled();
    const socket = dial('daskgateway-0a', { allowHalfOpen: true });
    await once(socket, 'secureConnect');
    let received = '';
    socket.on('data', (chunk) => {
      received += String(chunk);
    });
    socket.end('hello ');
    await once(socket, 'end');
    expect(received).toBe('hello goodbye');
    socket.destroy();
    expect(await nothingIsLeft()).toBe(true);
  });

  test('attack: without the cluster’s certificate nobody is served', async () => {
    route();
    await world.settled();
    for (const wrong of [{ cert: undefined, key: undefined }, stranger]) {
      const socket = dial('daskgateway-0a', { ...wrong, ca: credentials.cert });
      socket.write('hello');
      let received = '';
      socket.on('data', (chunk) => {
        received += String(chunk);
      });
      await closed(socket);
      expect(received).toBe('');
    }
  });

  test('of a ClientHello in pieces of three bytes, and of one above 4 KiB, works', async () => {
    route();
    await world.settled();
    const ALPNProtocols = Array.from({ length: 60 }, (_, index) => `${'p'.repeat(90)}${index}`);
    // OpenSSL writes the hello in one piece into this relay, which sends it on in crumbs.
    const relay = await RelayInCrumbs.start(world.port);
    const socket = dial('daskgateway-0a', { port: relay.port, ALPNProtocols });
    await once(socket, 'secureConnect');
    expect(await echo(socket, 'crumbs')).toBe('crumbs');
    expect(relay.pieces).toBeGreaterThan(1000);
    socket.destroy();
    relay.end();
  });

  test('of an unknown cluster is held until its route arrives', async () => {
    const socket = dial('daskgateway-0a');
    await until('it is held', () => world.edge.stats().heldTls === 1);
    route();
    await once(socket, 'secureConnect');
    expect(await echo(socket, 'in time')).toBe('in time');
    socket.destroy();
    expect(await nothingIsLeft()).toBe(true);
  });

  test('of an unknown cluster is closed when its route does not arrive', async () => {
    await world.end();
    world = await startEdgeWorld({ limits: { sniHoldMs: 300 } });
    const socket = dial('daskgateway-0b');
    await closed(socket);
    expect(await nothingIsLeft()).toBe(true);
  });

  test('of too many unknown clusters is closed at once', async () => {
    await world.end();
    world = await startEdgeWorld({ limits: { heldTls: 2 } });
    const held = [dial('daskgateway-1'), dial('daskgateway-2')];
    await until('two are held', () => world.edge.stats().heldTls === 2);
    const third = dial('daskgateway-3');
    await closed(third);
    expect(world.edge.stats().heldTls).toBe(2);
    for (const socket of held) socket.destroy();
  });

  test.each(['0a', 'daskgateway-', 'x.daskgateway-0a', 'daskgateway-0a.', 'localhost', 'hub.example'])(
    'for the name %s is closed at once',
    async (name) => {
      route();
      await world.settled();
      const socket = dial(name);
      await closed(socket);
      expect(world.edge.stats().heldTls).toBe(0);
    },
  );

  test('without a name is closed at once', async () => {
    const socket = dial('');
    await closed(socket);
    expect(world.edge.stats().tunnels).toBe(0);
  });

  test('for a server that is not there is closed', async () => {
    route('daskgateway-0a', { kind: 'tcp', host: '127.0.0.1', port: 1 });
    await world.settled();
    const socket = dial('daskgateway-0a');
    await closed(socket);
    expect(await nothingIsLeft()).toBe(true);
  });

  test('goes on when the hub and the route are gone', async () => {
    route();
    await world.settled();
    const socket = dial('daskgateway-0a');
    await once(socket, 'secureConnect');
    world.publisher.delete('scheduler:0a');
    await world.settled();
    await world.hub.kill();
    await world.control.kill();
    expect(await echo(socket, 'still here')).toBe('still here');
    socket.destroy();
  });
});

describe('attack: bytes that begin like TLS', () => {
  test.each([
    ['a hello that never ends', Buffer.from([0x16, 3, 1, 0x20, 0, 1, 0, 0x1f, 0xfc])],
    ['one byte', Buffer.from([0x16])],
  ])('%s is closed after a while', async (_, bytes) => {
    await world.end();
    world = await startEdgeWorld({ limits: { helloMs: 300 } });
    expect(await new RawClient(world.port).send(bytes).untilEnd()).toBe('');
    expect(await nothingIsLeft()).toBe(true);
  });

  test.each([
    ['noise', Buffer.from([0x16, ...Array.from({ length: 100 }, (_, index) => (index * 37) % 256)])],
    [
      'a hello of more than 16 KiB',
      Buffer.concat([Buffer.from([0x16, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xf0]), Buffer.alloc(20_000)]),
    ],
    ['HTTP behind it', Buffer.from('\x16GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
  ])('%s is closed at once', async (_, bytes) => {
    expect(await new RawClient(world.port).send(bytes).untilEnd()).toBe('');
    expect(await nothingIsLeft()).toBe(true);
  });
});

/** Passes bytes on to a port, those of the client in pieces of three. */
class RelayInCrumbs {
  pieces = 0;
  readonly port: number;
  readonly end: () => void;

  private constructor(port: number, end: () => void) {
    this.port = port;
    this.end = end;
  }

  static async start(to: number): Promise<RelayInCrumbs> {
    const server = createTcpServer((client) => {
      const upstream = connectTcp({ port: to, host: '127.0.0.1', noDelay: true });
      const waiting: Buffer[] = [];
      const send = (): void => {
        const piece = waiting.shift();
        if (piece === undefined) return;
        relay.pieces++;
        upstream.write(piece);
        setImmediate(send);
      };
      client.on('data', (chunk) => {
        const idle = waiting.length === 0;
        for (let at = 0; at < chunk.length; at += 3) waiting.push(chunk.subarray(at, at + 3));
        if (idle) send();
      });
      upstream.on('data', (chunk) => client.write(chunk));
      client.on('close', () => upstream.destroy()).on('error', () => {});
      upstream.on('close', () => client.destroy()).on('error', () => {});
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const relay = new RelayInCrumbs(typeof address === 'object' && address ? address.port : 0, () => server.close());
    return relay;
  }
}
