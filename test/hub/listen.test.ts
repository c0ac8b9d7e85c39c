import { once } from 'node:events';
import type { Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { closeServer, listenOn } from '../../src/hub/listen.ts';

let server: Server | undefined;
afterEach(async () => {
  if (server) await closeServer(server, 0);
});

/** Sends a part of a request, then one more byte from time to time; returns what is answered until the end. */
async function trickle(port: number, head: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (bytes) => (answer += bytes.toString())).on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(head);
  const timer = setInterval(() => socket.write('a'), 20);
  await closed;
  clearInterval(timer);
  return answer;
}

test.each([
  ['a body', 'POST /hub/login HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n'],
  ['a head', 'GET /hub/login HTTP/1.1\r\nHost: x\r\nX-A: '],
])('attack: %s that comes byte by byte for ever is cut off', async (_what, head) => {
  server = await listenOn(
    { host: '127.0.0.1', port: 0 },
    (request, response) => {
      request.resume().on('end', () => response.end());
    },
    { requestMs: 300 },
  );
  const { port } = server.address() as AddressInfo;
  // The bytes that are still under way can take the answer away from whoever sends them.
  expect(await trickle(port, head)).toMatch(/^(?:HTTP\/1\.1 408 |$)/);
});

test('a connection may rest longer than that between two requests', async () => {
  server = await listenOn({ host: '127.0.0.1', port: 0 }, (_request, response) => response.end('ok'), {
    requestMs: 200,
  });
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  let answers = '';
  socket.on('data', (bytes) => (answers += bytes.toString()));
  const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
  socket.write(request);
  await sleep(1000);
  socket.end(request.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  await once(socket, 'close');
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
});

test('an answer may take longer than that', async () => {
  server = await listenOn(
    { host: '127.0.0.1', port: 0 },
    (_request, response) => void setTimeout(() => response.end('late'), 1000),
    { requestMs: 200 },
  );
  const { port } = server.address() as AddressInfo;
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('late');
});
