import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createControlListener } from '../../src/edge/controlListener.ts';
import { createEdge } from '../../src/edge/edge.ts';
import type { HttpRoute } from '../../src/edge/protocol.ts';
import { RoutePublisher } from '../../src/edge/routePublisher.ts';

/** Bytes of a WebSocket message: a header of 6 bytes and 100 bytes of text, as a browser sends it. */
export const messageBytes = 106;

const handshake =
  'GET /bench/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

function httpRoute(id: string, port: number): HttpRoute {
  const target = { kind: 'tcp', host: '127.0.0.1', port } as const;
  return { kind: 'http', id, prefix: `/${id}/`, target, stripPrefix: false, access: 'open' };
}

/** An edge on `port` with a route to `target` and a thousand others. */
export async function runEdge(folder: string, port: number, target: number, webSocketTarget: number): Promise<void> {
  const publisher = new RoutePublisher();
  for (let user = 0; user < 1000; user++) publisher.put(httpRoute(`user/user-${user}`, 9));
  publisher.put(httpRoute('bench', target));
  publisher.put(httpRoute('bench/ws', webSocketTarget));
  const path = join(folder, `control-${process.pid}.sock`);
  const listener = createControlListener({
    publisher,
    token: 'token',
    onActivity: () => undefined,
    answerGrant: () => Promise.reject(new Error('no grants here')),
    onError: console.error,
  });
  createHttpServer(listener).listen(path);
  const edge = createEdge({
    host: '127.0.0.1',
    port,
    hub: { kind: 'tcp', host: '127.0.0.1', port: target },
    control: { kind: 'unix', path },
    controlToken: 'token',
    log: (level, fields, message) => level === 'error' && console.error(message, fields),
  });
  await edge.start();
}

/** Answers any WebSocket handshake, and then sends back what comes, without looking into it: as light as Node can. */
export function runEchoServer(port: number): void {
  createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      socket.on('data', (chunk) => socket.write(chunk.toString('latin1'), 'latin1'));
    });
  }).listen(port, '127.0.0.1');
}

/** Sends one message on each of so many WebSockets, and the next when it is back; prints how many a second came back. */
export function runEchoLoad(port: number, connections: number, seconds: number): void {
  const message = '\x81\xe4abcd'.padEnd(messageBytes, 'x');
  const buffer = Buffer.allocUnsafe(64 * 1024);
  let received = 0;
  for (let index = 0; index < connections; index++) {
    let open = false;
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer,
        callback: (length) => {
          if (open) received += length;
          open = true;
          socket.write(message, 'latin1');
          return true;
        },
      },
    });
    socket.on('error', (error) => {
      console.error(error.message);
      process.exit(1);
    });
    socket.write(handshake);
  }
  const warmUpMs = 1000;
  setTimeout(() => {
    received = 0;
    const start = performance.now();
    console.log('begin');
    setTimeout(() => {
      console.log(received / messageBytes / ((performance.now() - start) / 1000));
      process.exit();
    }, seconds * 1000);
  }, warmUpMs);
}
