import { createHash, randomBytes } from 'node:crypto';
import { request } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EdgeWorld, RawClient, startEdgeWorld, TestServer } from '../support/edgeWorld.ts';
import { until } from '../support/until.ts';

let world: EdgeWorld;
const servers: TestServer[] = [];

beforeEach(async () => {
  world = await startEdgeWorld();
});

afterEach(async () => {
  await world.end();
  for (const server of servers.splice(0)) await server.kill();
});

const total = 100 * 1024 * 1024;
const block = randomBytes(1024 * 1024);

function digestOfBlocks(): string {
  const hash = createHash('sha256');
  for (let sent = 0; sent < total; sent += block.length) hash.update(block);
  return hash.digest('hex');
}

async function serve(listener: Parameters<typeof TestServer.http>[0]): Promise<void> {
  const server = await TestServer.http(listener);
  servers.push(server);
  await world.route({ prefix: '/s/', target: server.target });
}

describe.each(['with a length', 'chunked'])('100 MB %s', (kind) => {
  const headers = kind === 'chunked' ? {} : { 'Content-Length': String(total) };

  test('come down whole', async () => {
    await serve((_, response) => {
      response.writeHead(200, headers);
      let sent = 0;
      const more = (): void => {
        while (sent < total) {
          sent += block.length;
          if (!response.write(block)) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
    });
    const hash = createHash('sha256');
    let length = 0;
    const answer = await fetch(`http://127.0.0.1:${world.port}/s/`);
    for await (const part of answer.body ?? []) {
      hash.update(part);
      length += part.length;
    }
    expect(length).toBe(total);
    expect(hash.digest('hex')).toBe(digestOfBlocks());
  });

  test('go up whole', async () => {
    await serve((call, response) => {
      const hash = createHash('sha256');
      call.on('data', (part: Buffer) => hash.update(part));
      call.on('end', () => response.end(hash.digest('hex')));
    });
    const answer = await new Promise<string>((resolve, reject) => {
      const call = request({ port: world.port, path: '/s/', method: 'PUT', headers }, (response) => {
        let text = '';
        response.on('data', (part) => {
          text += String(part);
        });
        response.on('end', () => resolve(text));
      });
      call.on('error', reject);
      let sent = 0;
      const more = (): void => {
        while (sent < total) {
          sent += block.length;
          if (!call.write(block)) {
            call.once('drain', more);
            return;
          }
        }
        call.end();
      };
      more();
    });
    expect(answer).toBe(digestOfBlocks());
  });
});

describe('back-pressure', () => {
  /** What may be under way between two ends: the sockets' buffers of the system, several MB each on some systems. */
  const mostUnderWay = 40 * 1024 * 1024;

  test('a client that does not read stops the server, and then gets everything', async () => {
    let sent = 0;
    await serve((_, response) => {
      response.writeHead(200, { 'Content-Length': String(total) });
      const more = (): void => {
        while (sent < total) {
          sent += block.length;
          if (!response.write(block)) {
            response.once('drain', more);
            return;
          }
        }
      };
      more();
    });
    const client = connect(world.port, '127.0.0.1');
    client.write('GET /s/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    client.pause();
    let before = -1;
    await until('the server is stopped', async () => {
      const still = sent === before && sent > 0;
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return still;
    });
    expect(sent).toBeLessThan(mostUnderWay);
    // From here on in fits and starts, so that every way of being half-written is met.
    const parts: Buffer[] = [];
    client.on('data', (part) => {
      parts.push(part);
      if (parts.length % 50 !== 0) return;
      client.pause();
      setTimeout(() => client.resume(), 1);
    });
    await new Promise((resolve) => client.on('end', resolve).resume());
    const received = Buffer.concat(parts);
    const body = received.subarray(received.indexOf('\r\n\r\n') + 4);
    expect(createHash('sha256').update(body).digest('hex')).toBe(digestOfBlocks());
  });

  test('a server that does not read stops the client, and then gets everything', async () => {
    let parts = 0;
    let read = (): void => {};
    await serve((call, response) => {
      read = () => {
        const hash = createHash('sha256');
        call.on('data', (part: Buffer) => {
          hash.update(part);
          if (++parts % 50 !== 0) return;
          call.pause();
          setTimeout(() => call.resume(), 1);
        });
        call.on('end', () => response.end(hash.digest('hex')));
      };
    });
    const client = new RawClient(world.port);
    client.send(`PUT /s/ HTTP/1.1\r\nHost: x\r\nContent-Length: ${total}\r\n\r\n`);
    let sent = 0;
    const more = (): void => {
      while (sent < total) {
        sent += block.length;
        if (!client.socket.write(block)) {
          client.socket.once('drain', more);
          return;
        }
      }
    };
    more();
    let before = -1;
    await until('the client is stopped', async () => {
      const still = sent === before;
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 300));
      return still;
    });
    expect(sent).toBeLessThan(mostUnderWay);
    read();
    expect(await client.expects(digestOfBlocks())).toMatch(/^HTTP\/1\.1 200 /);
    client.destroy();
  });
});

test('a server may answer before it has the whole body; the client gets the answer, and the connection ends', async () => {
  await serve((_, response) => {
    response.writeHead(403, { 'Content-Length': '2' });
    response.end('no');
  });
  const client = new RawClient(world.port);
  client.send(`PUT /s/ HTTP/1.1\r\nHost: x\r\nContent-Length: ${total}\r\n\r\n`).send(block);
  const text = await client.expects('\r\n\r\nno');
  expect(text).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
  expect(text).toContain('Connection: close\r\n');
  await client.untilEnd();
  await until('nothing is left', () => world.edge.stats().exchanges === 0);
});

test('an event stream comes as it is sent, not at its end', async () => {
  let send: (text: string) => void = () => {};
  await serve((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.flushHeaders();
    send = (text) => response.write(text);
  });
  const client = new RawClient(world.port).send('GET /s/ HTTP/1.1\r\nHost: x\r\n\r\n');
  await client.expects('text/event-stream');
  for (const text of ['data: one\n\n', 'data: two\n\n']) {
    send(text);
    expect(await client.expects(text)).toContain(text);
  }
  client.destroy();
});
