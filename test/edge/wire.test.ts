import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { smallestRead, takeReadBuffer } from '../../src/edge/connections/readBuffers.ts';
import { Wire } from '../../src/edge/connections/wire.ts';
import { until } from '../support/until.ts';

let accepted: Wire;
let dialled: Wire;
let close: () => void;

beforeEach(async () => {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connection = once(server, 'connection') as Promise<[Socket]>;
  dialled = Wire.dial({ kind: 'tcp', host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  accepted = Wire.accept((await connection)[0]);
  close = () => {
    dialled.socket.destroy();
    accepted.socket.destroy();
    server.close();
  };
});

afterEach(() => close());

test.each(['accepted', 'dialled'])('the %s end reads everything, whatever is kept of it', async (end) => {
  const [reader, writer] = end === 'accepted' ? [accepted, dialled] : [dialled, accepted];
  const kept: Buffer[] = [];
  const copied: Buffer[] = [];
  let length = 0;
  reader.receive = (chunk) => {
    length += chunk.length;
    copied.push(Buffer.from(chunk));
    kept.push(copied.length % 3 === 0 ? chunk : Buffer.from(chunk));
    return copied.length % 3 === 0;
  };
  const sent = Buffer.alloc(5_000_000);
  for (let at = 0; at < sent.length; at += 4) sent.writeUInt32BE(at, at);
  writer.socket.write(sent.subarray(0, 10));
  await until('the first bytes', () => length === 10);
  writer.socket.write(sent.subarray(10, 20_000));
  writer.socket.write(sent.subarray(20_000));
  await until('all bytes', () => length === sent.length);
  expect(Buffer.concat(copied).equals(sent)).toBe(true);
  expect(Buffer.concat(kept).equals(sent)).toBe(true);
});

test('bytes that are not kept are overwritten by the next ones: the buffer is used again', async () => {
  const seen: Buffer[] = [];
  accepted.receive = (chunk) => {
    seen.push(chunk);
    return false;
  };
  dialled.socket.write('one');
  await until('the first', () => seen.length === 1);
  dialled.socket.write('two');
  await until('the second', () => seen.length === 2);
  expect(String(seen[0])).toBe('two');
});

test('the buffer stays large between large messages that end in a small read, and shrinks after many small ones', async () => {
  let length = 0;
  let size = 0;
  accepted.receive = (chunk) => {
    length += chunk.length;
    size = chunk.buffer.byteLength;
    return false;
  };
  const send = async (bytes: number): Promise<void> => {
    const expected = length + bytes;
    dialled.socket.write(Buffer.alloc(bytes));
    await until('what was sent', () => length === expected);
  };
  await send(1_000_000);
  const large = size;
  await send(10);
  expect([large, size]).toEqual([256 * 1024, 256 * 1024]);
  for (let count = 0; count < 10; count++) await send(10);
  expect(size).toBe(8 * 1024);
});

test('both ends pause, go on, and tell each other their end', async () => {
  let received = '';
  let ended = false;
  accepted.receive = (chunk) => {
    received += String(chunk);
    return false;
  };
  accepted.socket.on('end', () => {
    ended = true;
    accepted.socket.end('goodbye');
  });
  // A pause in the very turn of a resume does not hold (Node): such a reader must bear one more chunk.
  await new Promise((resolve) => setTimeout(resolve, 10));
  accepted.socket.pause();
  dialled.socket.end('hello');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect([received, ended]).toEqual(['', false]);
  let answer = '';
  dialled.receive = (chunk) => {
    answer += String(chunk);
    return false;
  };
  accepted.socket.resume();
  await until('the end', () => ended);
  await until('the answer', () => answer === 'goodbye');
  expect(received).toBe('hello');
  await until('both are closed', () => accepted.socket.closed && dialled.socket.closed);
});

test('an accepted connection knows whom it comes from', () => {
  expect(accepted.socket.remoteAddress).toBe('127.0.0.1');
});

test('what one connection keeps is not read into by the next one, and its buffer is used again once it is closed', async () => {
  const received: Buffer[] = [];
  accepted.receive = (chunk) => received.push(chunk) === 1;
  dialled.socket.write('kept');
  await until('the first', () => received.length === 1);
  dialled.socket.write('not kept');
  await until('the second', () => received.length === 2);
  accepted.socket.destroy();
  await once(accepted.socket, 'close');
  // The other end may have been closed, too.
  const taken = [takeReadBuffer(smallestRead), takeReadBuffer(smallestRead)];
  expect(taken.map(({ buffer }) => buffer)).toContain(received[1]?.buffer);
  for (const buffer of taken) buffer.fill('x');
  expect(String(received[0])).toBe('kept');
});
