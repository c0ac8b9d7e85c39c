import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createControlListener } from '../../src/edge/controlListener.ts';
import { createEdge } from '../../src/edge/edge.ts';
import type { HttpRoute } from '../../src/edge/protocol.ts';
import { RoutePublisher } from '../../src/edge/routePublisher.ts';
import { Wire } from '../../src/edge/wire.ts';

/** Bytes of a WebSocket message: a header of 6 bytes and 100 bytes of text, as a browser sends it. */
const messageBytes = 106;
const warmUpMs = 700;

const handshake =
  'GET /bench/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';

const switched = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

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

/**
 * The server and the clients of a WebSocket echo in one process, as light as Node can: the server answers any handshake
 * and sends back what comes, without looking into it; each client sends a message, and the next one when it is back.
 * Prints `begin` after a warm-up, and then how many messages a second came back.
 */
export async function runEcho(
  proxyPort: number,
  serverPort: number,
  connections: number,
  seconds: number,
): Promise<void> {
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (accepted) => {
    const wire = Wire.accept(accepted);
    const { socket } = wire;
    socket.on('error', () => {});
    let open = false;
    wire.receive = (chunk) => {
      socket.write(open ? chunk.toString('latin1') : switched, 'latin1');
      open = true;
      return false;
    };
  });
  server.listen(serverPort, '127.0.0.1');
  await once(server, 'listening');
  const message = '\x81\xe4abcd'.padEnd(messageBytes, 'x');
  let received = 0;
  for (let index = 0; index < connections; index++) {
    const wire = Wire.dial({ kind: 'tcp', host: '127.0.0.1', port: proxyPort });
    const { socket } = wire;
    let open = false;
    wire.receive = (chunk) => {
      if (open) received += chunk.length;
      open = true;
      socket.write(message, 'latin1');
      return false;
    };
    socket.on('error', (error) => {
      console.error(error.message);
      process.exit(1);
    });
    socket.write(handshake);
  }
  await new Promise((resolve) => setTimeout(resolve, warmUpMs));
  console.log('begin');
  received = 0;
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  console.log(received / messageBytes / ((performance.now() - start) / 1000));
  process.exit();
}
