import { Agent, get, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type EdgeWorld, exchangeBytes, RawClient, startEdgeWorld, TestServer } from '../support/edgeWorld.ts';
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

/** Routes /s/ to a server that is handed bare connections. */
async function serve(onConnection: Parameters<typeof TestServer.raw>[0]): Promise<TestServer> {
  const server = await TestServer.raw(onConnection, { allowHalfOpen: true });
  servers.push(server);
  await world.route({ prefix: '/s/', target: server.target });
  return server;
}

/** Routes /s/ to a server that answers each request head with `response`. */
function answer(response: string): Promise<TestServer> {
  return serve((socket) => {
    socket.on('data', () => socket.write(Buffer.from(response, 'latin1')));
    socket.on('end', () => socket.end());
  });
}

const getS = 'GET /s/ HTTP/1.1\r\nHost: x\r\n\r\n';

describe('connections', () => {
  test('are kept on both sides: many requests, one connection to the server', async () => {
    const server = await answer('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const ports = new Set<number | undefined>();
    for (let turn = 0; turn < 20; turn++) {
      await new Promise<void>((resolve, reject) => {
        const call = get({ port: world.port, path: '/s/', agent }, (response) => {
          ports.add(call.socket?.localPort);
          response.resume().on('end', resolve);
        }).on('error', reject);
      });
    }
    agent.destroy();
    expect(ports.size).toBe(1);
    expect(server.accepted).toBe(1);
  });

  test('take pipelined requests, and answer in their order', async () => {
    const seen: string[] = [];
    await serve((socket) => {
      socket.on('data', (chunk) => {
        const path = chunk.toString().split(' ')[1] ?? '';
        seen.push(path);
        const delay = path === '/s/1' ? 100 : 0;
        setTimeout(() => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`), delay);
      });
    });
    const head = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: x\r\n${more}\r\n`;
    const text = await exchangeBytes(
      world.port,
      head('/s/1') + head('/s/2') + head('/hub') + head('/s/3', 'Connection: close\r\n'),
    );
    expect(seen).toEqual(['/s/1', '/s/2', '/s/3']);
    expect(text.match(/\r\n\r\n\/s\/1HTTP[\s\S]*\r\n\r\n\/s\/2HTTP[\s\S]*hub[\s\S]*\r\n\r\n\/s\/3$/)).not.toBeNull();
  });

  test('take pipelined requests with bodies', async () => {
    const bodies: string[] = [];
    const server = await TestServer.http((call, response) => {
      let body = '';
      call.on('data', (part) => {
        body += String(part);
      });
      call.on('end', () => {
        bodies.push(body);
        response.end();
      });
    });
    servers.push(server);
    await world.route({ prefix: '/s/', target: server.target });
    await exchangeBytes(
      world.port,
      'POST /s/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello' +
        'POST /s/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nGET\r\n1\r\n \r\n0\r\nX-T: 1\r\n\r\n' +
        '\r\nPOST /s/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nend',
    );
    expect(bodies).toEqual(['hello', 'GET ', 'end']);
  });

  test('do not keep the answers of a client that pipelines and does not read', async () => {
    const body = 'x'.repeat(100_000);
    const server = await answer(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    const client = new RawClient(world.port);
    client.socket.pause();
    const before = process.memoryUsage().rss;
    let requests = 0;
    while (client.socket.writableLength < 1_000_000 && requests < 200_000) {
      client.send(getS.repeat(100));
      requests += 100;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(server.accepted).toBeLessThan(3);
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
    client.destroy();
    await until('all is closed', () => world.edge.stats().exchanges === 0 && world.edge.stats().clients === 0);
  });

  test('of HTTP/1.0 are kept only when asked for, and said so', async () => {
    await answer('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    const client = new RawClient(world.port).send('GET /s/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    expect(await client.expects('\r\n\r\nok')).toContain('Connection: keep-alive\r\n');
    client.send('GET /s/ HTTP/1.0\r\n\r\n');
    const text = await client.untilEnd();
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    expect(text).toMatch(/Connection: close\r\n\r\nok$/);
  });
});

describe('responses without a body', () => {
  test.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['HEAD', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: "x"\r\n\r\n'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ])('to %s: %j end with their head, and the connection goes on', async (method, response) => {
    const server = await answer(response);
    const call = `${method} /s/ HTTP/1.1\r\nHost: x\r\n\r\n`;
    const client = new RawClient(world.port).send(call);
    await client.expects(response);
    client.send(call);
    await client.expects(response + response);
    client.destroy();
    expect(server.accepted).toBe(1);
  });

  test('204 loses framing that it must not have', async () => {
    await answer('HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n');
    const client = new RawClient(world.port).send(getS);
    expect(await client.expects('\r\n\r\n')).toBe('HTTP/1.1 204 No Content\r\n\r\n');
    client.destroy();
  });
});

describe('chunked responses', () => {
  const chunked =
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n4\r\nabcd\r\n2\r\nef\r\n0\r\nX-T: 1\r\n\r\n';

  test('pass with their trailers, in whatever pieces they come', async () => {
    const server = await serve((socket) => {
      const bytes: number[] = [];
      const send = (): void => {
        const byte = bytes.shift();
        if (byte === undefined) return;
        socket.write(Buffer.of(byte));
        setTimeout(send, 1);
      };
      socket.on('data', () => {
        bytes.push(...Buffer.from(chunked));
        send();
      });
    });
    const client = new RawClient(world.port).send(getS);
    expect(await client.expects('X-T: 1\r\n\r\n')).toBe(chunked);
    client.send(getS);
    await until('the second answer', () => client.received === chunked + chunked);
    client.destroy();
    expect(server.accepted).toBe(1);
  });

  test('are taken apart for HTTP/1.0', async () => {
    await answer(chunked);
    expect(await exchangeBytes(world.port, 'GET /s/ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')).toBe(
      'HTTP/1.1 200 OK\r\nTrailer: X-T\r\nConnection: close\r\n\r\nabcdef',
    );
  });

  test('with broken framing break the client’s connection off, without an end that looks right', async () => {
    await answer('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\nXX\r\n0\r\n\r\n');
    const client = new RawClient(world.port).send(getS);
    await until('the connection breaks', () => client.closed);
    expect(client.received).not.toMatch(/\r\n0\r\n\r\n$/);
  });
});

describe('interim responses', () => {
  test('100 Continue is the server’s to give; the body comes after it', async () => {
    let body = '';
    await serve((socket) => {
      socket.once('data', (head) => {
        expect(head.toString()).toContain('Expect: 100-continue\r\n');
        socket.write('HTTP/1.1 100 Continue\r\n\r\n');
        socket.on('data', (part) => {
          body += part.toString();
          if (body.length === 5) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        });
      });
    });
    const client = new RawClient(world.port).send(
      'POST /s/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
    );
    expect(await client.expects('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hello');
    await client.expects('\r\n\r\nok');
    expect(body).toBe('hello');
    client.destroy();
  });

  test('a refusal instead of 100 Continue reaches the client, and the connection ends', async () => {
    await answer('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig');
    const text = await exchangeBytes(
      world.port,
      'POST /s/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5000000\r\n\r\n',
    );
    expect(text).toBe('HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig');
  });

  test('others pass too, several of them, but not to HTTP/1.0', async () => {
    const response =
      'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    await answer(response);
    const client = new RawClient(world.port).send(getS);
    expect(await client.expects('\r\n\r\nok')).toBe(response);
    client.destroy();
    expect(await exchangeBytes(world.port, 'GET /s/ HTTP/1.0\r\n\r\n')).toBe(
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
    );
  });

  test('a server that ends after an interim response has not answered', async () => {
    await serve((socket) => socket.once('data', () => socket.end('HTTP/1.1 102 Processing\r\n\r\n')));
    const text = await exchangeBytes(world.port, 'GET /s/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(text).toMatch(/^HTTP\/1\.1 102 Processing\r\n\r\nHTTP\/1\.1 502 /);
  });
});

describe('the end of a connection', () => {
  test('ends a response without length, and then the client’s connection', async () => {
    await serve((socket) => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\n\r\nuntil the end')));
    expect(await exchangeBytes(world.port, getS)).toBe('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end');
  });

  test.each([
    ['a known length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', false],
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n', false],
    ['no length, by a reset', 'HTTP/1.1 200 OK\r\n\r\nhalf', true],
  ])('in the middle of a response of %s is no clean end for the client', async (_, response, reset) => {
    await serve((socket) =>
      socket.once('data', () => {
        socket.write(response);
        setTimeout(() => (reset ? socket.resetAndDestroy() : socket.end()), 50);
      }),
    );
    const client = new RawClient(world.port).send(getS);
    await client.expects('half');
    await until('the connection breaks', () => client.closed);
    expect(client.error).toMatchObject({ code: 'ECONNRESET' });
  });

  test('before any byte of the answer is 502, for a request that must not be repeated', async () => {
    let requests = 0;
    await serve((socket) =>
      socket.once('data', () => {
        requests++;
        socket.destroy();
      }),
    );
    const text = await exchangeBytes(
      world.port,
      'POST /s/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1\.1 502 /);
    expect(JSON.parse(text.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      status: 502,
      code: 'ATOLL_EDGE_CONNECTION_LOST',
    });
    expect(requests).toBe(1);
  });

  test('of an idle connection to a server is not the client’s concern: the request goes over a new one', async () => {
    const server = await serve((socket, index) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        // The first connection dies of its second request, as a server does that closes an idle connection at that moment.
        if (index === 0) socket.once('data', () => socket.resetAndDestroy());
      });
    });
    const client = new RawClient(world.port).send(getS);
    await client.expects('\r\n\r\nok');
    client.send(getS);
    await until('the second answer', () => client.received.match(/\r\n\r\nok/g)?.length === 2);
    expect(server.accepted).toBe(2);
    client.destroy();
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])(
    'a %s never takes an idle connection, so that it need never be repeated',
    async (method) => {
      const server = await answer('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      const client = new RawClient(world.port).send(getS);
      await client.expects('\r\n\r\nok');
      client.send(`${method} /s/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`);
      await until('the second answer', () => client.received.match(/\r\n\r\nok/g)?.length === 2);
      expect(server.accepted).toBe(2);
      client.destroy();
    },
  );

  test('a server that says close gets no second request on that connection', async () => {
    const server = await answer('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
    const client = new RawClient(world.port).send(getS);
    await client.expects('\r\n\r\nok');
    client.send(getS);
    await until('the second answer', () => client.received.match(/\r\n\r\nok/g)?.length === 2);
    expect(server.accepted).toBe(2);
    client.destroy();
  });

  test('attack: bytes that a server sends after its response never reach the next client', async () => {
    await serve((socket) =>
      socket.on('data', () =>
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'),
      ),
    );
    for (let turn = 0; turn < 3; turn++) {
      const client = new RawClient(world.port).send(getS);
      expect(await client.expects('\r\n\r\nok')).not.toContain('evil');
      client.destroy();
    }
  });

  test('attack: bytes that a server sends unasked never reach the next client', async () => {
    const server = await serve((socket) =>
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'), 30);
        socket.on('end', () => socket.end());
      }),
    );
    const first = new RawClient(world.port).send(getS);
    await first.expects('\r\n\r\nok');
    await until('the edge has dropped that connection', () => server.open === 0);
    const second = new RawClient(world.port).send(getS);
    expect(await second.expects('\r\n\r\nok')).not.toContain('evil');
    first.destroy();
    second.destroy();
  });
});

describe('half-closed clients', () => {
  test('that have said everything still get their answers', async () => {
    await serve((socket) =>
      socket.on('data', () => setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), 100)),
    );
    const text = await new RawClient(world.port)
      .send(getS + getS)
      .finish()
      .untilEnd();
    expect(text).toBe('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'.repeat(2));
  });

  test('that have not sent the whole body are gone', async () => {
    const server = await serve((socket) => socket.resume().on('end', () => socket.end()));
    const client = new RawClient(world.port).send('POST /s/ HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nhalf');
    await until('the server has the request', () => server.open === 1);
    client.finish();
    await until('the connection to the server is closed', () => server.open === 0);
    expect(await until('the client is told', () => client.ended)).toBe(true);
  });

  test.each([
    ['a body that is not whole', 'POST /s/slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['no answer', 'GET /s/slow HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('whose last pipelined request has %s are gone once the others are answered', async (_, last) => {
    const server = await serve((socket) => {
      socket.on('data', (chunk) => {
        // Late enough for the client's FIN to be there before.
        if (!chunk.includes('slow'))
          setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'), 100);
      });
      socket.on('end', () => socket.end());
    });
    const text = await new RawClient(world.port)
      .send(getS + last)
      .finish()
      .untilEnd();
    expect(text).toBe('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    expect(await until('nothing is under way', () => world.edge.stats().exchanges === 0)).toBe(true);
    expect(await until('the server is told', () => server.open === world.edge.stats().upstreams)).toBe(true);
  });

  test('that hear nothing for a while are gone', async () => {
    const server = await serve((socket) => socket.resume().on('end', () => socket.end()));
    const client = new RawClient(world.port).send(getS);
    await until('the server has the request', () => server.open === 1);
    client.finish();
    expect(await until('the connection to the server is closed', () => server.open === 0)).toBe(true);
    client.destroy();
  });
});

test('a request’s trailers reach the server', async () => {
  const trailers: unknown[] = [];
  const server = await TestServer.http((call, response) => {
    call.resume().on('end', () => {
      trailers.push(call.trailers);
      response.end();
    });
  });
  servers.push(server);
  await world.route({ prefix: '/s/', target: server.target });
  await new Promise<void>((resolve, reject) => {
    const call = request({ port: world.port, path: '/s/', method: 'POST', headers: { Trailer: 'x-sum' } }, (response) =>
      response.resume().on('end', resolve),
    );
    call.on('error', reject);
    call.write('data');
    call.addTrailers({ 'x-sum': '42' });
    call.end();
  });
  expect(trailers).toEqual([{ 'x-sum': '42' }]);
});
