import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { assert, integer, property } from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { makeCredentials } from '../../src/clusters/credentials.ts';
import { der } from '../../src/clusters/der.ts';

const name = '0123456789abcdef0123456789abcdef';
const folder = mkdtempSync(join(tmpdir(), 'atoll-credentials-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a certificate says what it should, and is signed by its own key', async () => {
  const now = Date.UTC(2026, 0, 1);
  const { tlsCert, tlsKey, token } = await makeCredentials(name, now);
  const certificate = new X509Certificate(tlsCert);
  expect(certificate.subject).toBe('CN=dask-internal');
  expect(certificate.issuer).toBe('CN=dask-internal');
  expect(certificate.subjectAltName).toBe(`DNS:${name}, DNS:daskgateway-${name}, DNS:dask-internal`);
  expect(certificate.ca).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(certificate.checkPrivateKey(createPrivateKey(tlsKey))).toBe(true);
  expect(certificate.validFromDate.getTime()).toBeLessThan(now);
  expect(certificate.validToDate.getTime()).toBeGreaterThan(Date.UTC(2035, 0, 1));
  expect(token).toMatch(/^[0-9a-f]{32}$/);
});

test('two clusters have nothing in common', async () => {
  const [one, other] = await Promise.all([makeCredentials(name, Date.now()), makeCredentials(name, Date.now())]);
  expect(one.token).not.toBe(other.token);
  expect(one.tlsKey).not.toBe(other.tlsKey);
  const [first, second] = [new X509Certificate(one.tlsCert), new X509Certificate(other.tlsCert)];
  expect(first.serialNumber).not.toBe(second.serialNumber);
  expect(second.verify(first.publicKey)).toBe(false);
});

/** Python's ssl as dask uses it on both ends, with OpenSSL's strict checks (the default since Python 3.13). */
const handshake = `
import socket, ssl, sys, threading
def context(purpose):
    made = ssl.create_default_context(purpose, cafile=sys.argv[1])
    made.verify_mode = ssl.CERT_REQUIRED if purpose else None
    made.check_hostname = False
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    made.load_cert_chain(sys.argv[1], sys.argv[2])
    return made
listener = socket.create_server(("127.0.0.1", 0))
def serve():
    stream = context(ssl.Purpose.CLIENT_AUTH).wrap_socket(listener.accept()[0], server_side=True)
    stream.sendall(stream.recv(5))
    stream.close()
threading.Thread(target=serve, daemon=True).start()
stream = context(ssl.Purpose.SERVER_AUTH).wrap_socket(socket.create_connection(listener.getsockname()), server_hostname="daskgateway-x")
stream.sendall(b"hello")
print(stream.recv(5).decode(), stream.version())
`;

test("Python's ssl accepts it as authority, server and client, strictly", async () => {
  const { tlsCert, tlsKey } = await makeCredentials(name, Date.now());
  const [cert, key] = [join(folder, 'dask.crt'), join(folder, 'dask.pem')];
  writeFileSync(cert, tlsCert);
  writeFileSync(key, tlsKey);
  const python = process.env.ATOLL_PYTHON_ENV ? join(process.env.ATOLL_PYTHON_ENV, 'bin/python') : 'python3';
  expect(execFileSync(python, ['-c', handshake, cert, key]).toString().trim()).toBe('hello TLSv1.3');
});

test("another cluster's certificate is refused", async () => {
  const [mine, foreign] = await Promise.all([makeCredentials(name, Date.now()), makeCredentials(name, Date.now())]);
  const server = createServer({ cert: mine.tlsCert, key: mine.tlsKey, ca: mine.tlsCert, requestCert: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const refusal = await new Promise<string>((resolve) => {
    const socket: TLSSocket = connect({
      port,
      host: '127.0.0.1',
      ca: mine.tlsCert,
      cert: foreign.tlsCert,
      key: foreign.tlsKey,
      checkServerIdentity: () => undefined,
    });
    socket.once('error', (error) => resolve(error.message));
    socket.once('close', () => resolve('closed'));
    socket.once('data', () => resolve('accepted'));
    server.once('secureConnection', (accepted) => accepted.write('hello'));
  });
  server.close();
  expect(refusal).not.toBe('accepted');
});

describe('DER', () => {
  test.each([
    [der.integer(Buffer.from([0, 0, 1])), '020101'],
    [der.integer(Buffer.from([0x80])), '02020080'],
    [der.integer(Buffer.from([0])), '020100'],
    [der.oid('1.2.840.10045.4.3.2'), '06082a8648ce3d040302'],
    [der.oid('2.5.29.15'), '0603551d0f'],
    [der.time(Date.UTC(2049, 11, 31, 23, 59, 59)), `170d${Buffer.from('491231235959Z').toString('hex')}`],
    [der.time(Date.UTC(2050, 0, 1)), `180f${Buffer.from('20500101000000Z').toString('hex')}`],
    [der.bits(Buffer.from([0x84]), 2), '03020284'],
  ])('%#', (bytes, hex) => {
    expect(bytes.toString('hex')).toBe(hex);
  });

  test('lengths of any size', () => {
    assert(
      property(integer({ min: 0, max: 70_000 }), (length) => {
        const bytes = der.octets(Buffer.alloc(length));
        const first = bytes[1] ?? 0;
        const digits = first < 0x80 ? 0 : first - 0x80;
        const told = digits === 0 ? first : bytes.readUIntBE(2, digits);
        expect([told, bytes.length]).toEqual([length, 2 + digits + length]);
      }),
    );
  });
});
