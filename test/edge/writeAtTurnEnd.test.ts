import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { writeAtTurnEnd, writeWaiting } from '../../src/edge/connections/writeAtTurnEnd.ts';
import { until } from '../support/until.ts';

const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

/** Two ends of one connection. */
async function pair(): Promise<{ near: Socket; far: Socket }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  server.close();
  sockets.push(near, far);
  return { near, far };
}

test('messages leave at the end of the turn, in the order in which they came', async () => {
  const { near, far } = await pair();
  let received = '';
  far.setEncoding('latin1').on('data', (text: string) => (received += text));
  for (const message of ['one ', 'two ', 'three ']) writeAtTurnEnd(far, near, Buffer.from(message));
  expect(near.bytesWritten).toBe(0);
  await until('all of them', () => received === 'one two three ');
});

test('who writes otherwise or ends the socket lets those that wait go first', async () => {
  const { near, far } = await pair();
  let received = '';
  far.setEncoding('latin1').on('data', (text: string) => (received += text));
  writeAtTurnEnd(far, near, Buffer.from('waited '));
  writeWaiting();
  near.end('at once');
  await once(far, 'end');
  expect(received).toBe('waited at once');
});

test('where they come from is paused when the receiver takes no more', async () => {
  const { near, far } = await pair();
  far.pause();
  const from = (await pair()).far;
  from.resume();
  await until('a full connection', () => {
    for (let count = 0; count < 100; count++) writeAtTurnEnd(from, near, Buffer.alloc(2048));
    writeWaiting();
    return from.isPaused();
  });
  expect(near.writableNeedDrain).toBe(true);
});

test('a socket that is destroyed meanwhile takes nothing, and does no harm', async () => {
  const { near, far } = await pair();
  const other = await pair();
  let received = '';
  other.far.setEncoding('latin1').on('data', (text: string) => (received += text));
  writeAtTurnEnd(far, near, Buffer.from('lost'));
  writeAtTurnEnd(far, other.near, Buffer.from('kept'));
  near.destroy();
  await until('the other message', () => received === 'kept');
  expect(near.bytesWritten).toBe(0);
});
