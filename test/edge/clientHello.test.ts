import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { array, assert, integer, property, tuple, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseClientHello } from '../../src/edge/tls/clientHello.ts';

/** The first bytes that OpenSSL sends. */
async function capture(options: ConnectionOptions): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ ...options, host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  client.on('error', () => {});
  const [socket] = await once(server, 'connection');
  let bytes = Buffer.alloc(0);
  while (parseClientHello(bytes).kind === 'incomplete') bytes = Buffer.concat([bytes, (await once(socket, 'data'))[0]]);
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

/** The same handshake message in records of the given sizes. */
function inRecords(hello: Buffer, sizes: number[]): Buffer {
  const message = hello.subarray(5);
  const parts: Buffer[] = [];
  for (let at = 0, turn = 0; at < message.length; turn++) {
    const fragment = message.subarray(at, at + (sizes[turn % sizes.length] ?? 1));
    parts.push(Buffer.from([0x16, 3, 1, fragment.length >> 8, fragment.length & 0xff]), fragment);
    at += fragment.length;
  }
  return Buffer.concat(parts);
}

const name = 'daskgateway-prod.0123456789abcdef';
const hello = await capture({ servername: name });
const longHello = await capture({
  servername: name,
  ALPNProtocols: Array.from({ length: 60 }, (_, index) => `${'p'.repeat(90)}${index}`),
});

describe('a ClientHello of OpenSSL', () => {
  test('tells the server name', () => {
    expect(parseClientHello(hello)).toEqual({ kind: 'complete', serverName: name });
  });

  test('larger than 4 KiB tells it too', () => {
    expect(longHello.length).toBeGreaterThan(4096);
    expect(parseClientHello(longHello)).toEqual({ kind: 'complete', serverName: name });
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('of %s alone tells it too', async (version) => {
    const bytes = await capture({ servername: name, minVersion: version, maxVersion: version });
    expect(parseClientHello(bytes)).toEqual({ kind: 'complete', serverName: name });
  });

  test('without a server name says so', async () => {
    expect(parseClientHello(await capture({}))).toEqual({ kind: 'complete', serverName: undefined });
  });

  test('is incomplete until its last byte', () => {
    for (let length = 0; length < hello.length; length++)
      expect(parseClientHello(hello.subarray(0, length))).toEqual({ kind: 'incomplete' });
  });

  test('may come in any records, and with bytes behind it', () => {
    assert(
      property(
        array(integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 6 }),
        uint8Array({ maxLength: 20 }),
        (sizes, rest) => {
          const bytes = Buffer.concat([inRecords(hello, sizes), rest]);
          expect(parseClientHello(bytes)).toEqual({ kind: 'complete', serverName: name });
        },
      ),
    );
  });
});

describe('other bytes', () => {
  test('mutated hellos are never an exception, and never name anybody but a host', () => {
    assert(
      property(
        array(tuple(integer({ min: 0, max: hello.length - 1 }), integer({ min: 0, max: 255 })), {
          minLength: 1,
          maxLength: 8,
        }),
        integer({ min: 0, max: hello.length }),
        (changes, length) => {
          const bytes = Buffer.from(hello);
          for (const [at, value] of changes) bytes[at] = value;
          const result = parseClientHello(bytes.subarray(0, length));
          const named = result.kind === 'complete' ? (result.serverName ?? 'nobody') : 'nobody';
          expect(named).toMatch(/^[\w.-]{1,253}$/);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('arbitrary bytes behind a handshake byte are never an exception', () => {
    assert(
      property(uint8Array({ maxLength: 300 }), (bytes) => {
        expect(['incomplete', 'invalid', 'complete']).toContain(parseClientHello(Buffer.from([0x16, ...bytes])).kind);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['an alert', Buffer.from([0x15, 3, 3, 0, 2, 1, 0])],
    ['an empty record', Buffer.from([0x16, 3, 1, 0, 0])],
    ['a record that is too long', Buffer.from([0x16, 3, 1, 0xff, 0xff])],
    ['SSL 2', Buffer.from([0x80, 0x2e, 1, 0, 2])],
    ['a ServerHello', Buffer.from([0x16, 3, 3, 0, 4, 2, 0, 0, 0])],
    ['a message that is too long', Buffer.from([0x16, 3, 3, 0, 4, 1, 1, 0, 0])],
    ['an empty ClientHello', Buffer.from([0x16, 3, 3, 0, 4, 1, 0, 0, 0])],
  ])('%s is invalid', (_, bytes) => {
    expect(parseClientHello(bytes)).toEqual({ kind: 'invalid' });
  });

  test('a name with a NUL, a slash or a space is invalid', () => {
    for (const character of ['\0', '/', ' ', '%']) {
      const bytes = Buffer.from(hello);
      bytes[bytes.indexOf('prod.')] = character.charCodeAt(0);
      expect(parseClientHello(bytes)).toEqual({ kind: 'invalid' });
    }
  });
});
