import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import {
  type EdgeWorld,
  type EdgeWorldOptions,
  exchangeBytes,
  RawClient,
  startEdgeWorld,
  TestServer,
} from '../support/edgeWorld.ts';
import { until } from '../support/until.ts';

let world: EdgeWorld;
const servers: TestServer[] = [];

async function start(options: EdgeWorldOptions = {}): Promise<void> {
  world = await startEdgeWorld(options);
}

async function raw(onConnection: Parameters<typeof TestServer.raw>[0]): Promise<TestServer> {
  const server = await TestServer.raw(onConnection);
  servers.push(server);
  return server;
}

/** A server that tells what it was asked, as raw text; answers every request head with 200 and a short body. */
async function echoServer(): Promise<{ server: TestServer; heads: string[] }> {
  const heads: string[] = [];
  const server = await raw((socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        heads.push(text.slice(0, end + 4));
        text = text.slice(end + 4);
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      }
    });
  });
  return { server, heads };
}

afterEach(async () => {
  await world.end();
  for (const server of servers.splice(0)) await server.kill();
});

describe('the head that a server gets', () => {
  test('is the client’s, in its order and spelling, with X-Forwarded lines', async () => {
    await start();
    const { server, heads } = await echoServer();
    await world.route({ prefix: '/s/', target: server.target });
    await exchangeBytes(
      world.port,
      'GET /s/a%40b?c=%2F HTTP/1.1\r\nhOsT: hub.example:8123\r\nX-One: 1\r\nCOOKIE: a=b\r\nAuthorization: token t\r\nX-one: 2\r\nConnection: close\r\n\r\n',
    );
    expect(heads).toEqual([
      'GET /s/a%40b?c=%2F HTTP/1.1\r\nhOsT: hub.example:8123\r\nX-One: 1\r\nCOOKIE: a=b\r\nAuthorization: token t\r\nX-one: 2\r\n' +
        'X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: hub.example:8123\r\nX-Forwarded-Port: 8123\r\n\r\n',
    ]);
  });

  test('lacks hop-by-hop fields and those that Connection lists', async () => {
    await start();
    const { server, heads } = await echoServer();
    await world.route({ prefix: '/s/', target: server.target });
    await exchangeBytes(
      world.port,
      'GET /s/ HTTP/1.1\r\nHost: x\r\nKeep-Alive: 5\r\nProxy-Connection: a\r\nTE: trailers\r\nProxy-Authorization: b\r\nUpgrade: c\r\nHTTP2-Settings: d\r\nX-Mine: e\r\nX-Other: f\r\nConnection: close, X-Mine\r\n\r\n',
    );
    expect(heads[0]).toBe(
      'GET /s/ HTTP/1.1\r\nHost: x\r\nX-Other: f\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: x\r\nX-Forwarded-Port: 80\r\n\r\n',
    );
  });

  test('attack: Connection cannot take away what identifies the sender or frames the message', async () => {
    await start();
    const { server, heads } = await echoServer();
    await world.route({ prefix: '/s/', target: server.target });
    await exchangeBytes(
      world.port,
      'GET /s/ HTTP/1.1\r\nHost: x\r\nAuthorization: token t\r\nCookie: a=b\r\nOrigin: http://x\r\nContent-Length: 0\r\n' +
        'Connection: close, Authorization, Cookie, Host, Origin, X-Forwarded-For, X-Forwarded-Host, Content-Length\r\n\r\n',
    );
    for (const line of [
      'Host: x',
      'Authorization: token t',
      'Cookie: a=b',
      'Origin: http://x',
      'Content-Length: 0',
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Host: x',
    ])
      expect(heads[0]).toContain(`${line}\r\n`);
  });

  test('attack: a client cannot say whom it comes from, in no spelling', async () => {
    await start();
    const { server, heads } = await echoServer();
    await world.route({ prefix: '/s/', target: server.target });
    const lies = [
      'X-Forwarded-For',
      'x-forwarded-for',
      'X_Forwarded_For',
      'X-Forwarded-Proto',
      'X-Forwarded-Host',
      'X-Forwarded-Port',
      'X-Forwarded-User',
      'X-Forwarded-Peer',
      'X_Forwarded_Peer',
      'Forwarded',
      'X-Real-IP',
      'X_REAL_IP',
      'X-Scheme',
      'X-Original-URL',
      'Content_Length',
    ];
    await exchangeBytes(
      world.port,
      `GET /s/ HTTP/1.1\r\nHost: x\r\n${lies.map((name) => `${name}: 6.6.6.6\r\n`).join('')}Connection: close\r\n\r\n`,
    );
    expect(heads[0]).not.toContain('6.6.6.6');
    expect(heads[0]?.match(/x.forwarded.for/gi)).toEqual(['X-Forwarded-For']);
  });

  test('keeps what a trusted proxy says; the last address is the client’s', async () => {
    await start({ trustedProxies: ['127.0.0.0/8'] });
    const { server, heads } = await echoServer();
    await world.route({ prefix: '/s/', target: server.target });
    await exchangeBytes(
      world.port,
      'GET /s/ HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 10.1.2.3\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: hub.example\r\nX-Real-IP: 6.6.6.6\r\nConnection: close\r\n\r\n',
    );
    expect(heads[0]).toBe(
      'GET /s/ HTTP/1.1\r\nHost: inner\r\nX-Forwarded-For: 10.1.2.3\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: hub.example\r\nX-Forwarded-Port: 443\r\nX-Forwarded-Peer: 127.0.0.1\r\n\r\n',
    );
  });

  /** The X-Forwarded-For and -Proto that a server sees of a request with these fields. */
  async function seenBehind(trustedProxies: string[], forwardedFor: string): Promise<string[]> {
    await start({ trustedProxies });
    const { server, heads } = await echoServer();
    await world.route({ prefix: '/s/', target: server.target });
    await exchangeBytes(
      world.port,
      `GET /s/ HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: ${forwardedFor}\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n`,
    );
    return [...(heads[0] ?? '').matchAll(/X-Forwarded-(?:For|Proto): (.*)\r\n/g)].map((match) => match[1] ?? '');
  }

  test.each([
    ['from an untrusted peer', ['10.0.0.0/8'], '6.6.6.6', ['127.0.0.1', 'http']],
    ['from nobody trusted at all', [], '6.6.6.6, 127.0.0.1', ['127.0.0.1', 'http']],
    [
      'that the client wrote itself, before the real ones',
      ['127.0.0.1'],
      '6.6.6.6, 9.9.9.9',
      ['6.6.6.6, 9.9.9.9', 'https'],
    ],
    ['of proxies in a row', ['127.0.0.1', '10.0.0.0/8'], '6.6.6.6, 9.9.9.9, 10.1.1.1', ['6.6.6.6, 9.9.9.9', 'https']],
    [
      'of a client that claims to be a trusted proxy',
      ['127.0.0.1', '10.0.0.0/8'],
      '6.6.6.6, 10.1.1.1',
      ['6.6.6.6', 'https'],
    ],
    ['with ports', ['127.0.0.1'], '9.9.9.9:4711', ['9.9.9.9', 'https']],
    ['of IPv6', ['127.0.0.1', 'fd00::/8'], '2001:db8::1, [fd00::1]:443', ['2001:db8::1', 'https']],
    ['that are none', ['127.0.0.1'], 'unknown', ['unknown, 127.0.0.1', 'https']],
    ['that are missing', ['127.0.0.1'], ' , ', ['127.0.0.1', 'https']],
  ])('X-Forwarded-For: addresses %s', async (_, trusted, sent, seen) => {
    expect(await seenBehind(trusted, sent)).toEqual(seen);
  });

  test('the hub may name other trusted proxies at any time, for connections that are open too', async () => {
    await start();
    const { server, heads } = await echoServer();
    await world.route({ prefix: '/s/', target: server.target });
    const request = 'GET /s/ HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 9.9.9.9\r\n';
    const client = new RawClient(world.port).send(`${request}\r\n`);
    await until('the first request', () => heads.length === 1);
    world.publisher.trust(['127.0.0.1']);
    await world.settled();
    client.send(`${request}Connection: close\r\n\r\n`);
    await until('the second request', () => heads.length === 2);
    client.socket.destroy();
    expect(heads.map((head) => /X-Forwarded-For: (.*)\r\n/.exec(head)?.[1])).toEqual(['127.0.0.1', '9.9.9.9']);
  });

  test('has the host of an absolute-form target, and only its path', async () => {
    await start();
    const { server, heads } = await echoServer();
    await world.route({ prefix: '/s/', target: server.target });
    await exchangeBytes(
      world.port,
      'GET http://real.example/s/a?b HTTP/1.1\r\nHost: fake.example\r\nConnection: close\r\n\r\n',
    );
    expect(heads[0]).toMatch(/^GET \/s\/a\?b HTTP\/1\.1\r\n/);
    expect(heads[0]?.match(/\r\nhost: .*/gi)).toEqual(['\r\nHost: real.example']);
    expect(heads[0]).toContain('X-Forwarded-Host: real.example\r\n');
  });

  test('of an HTTP/1.0 client without Host is HTTP/1.1 with one', async () => {
    await start();
    const { server, heads } = await echoServer();
    await world.route({ prefix: '/s/', target: server.target });
    const answer = await exchangeBytes(world.port, 'GET /s/ HTTP/1.0\r\nHost:\r\n\r\n');
    expect(heads[0]).toMatch(/^GET \/s\/ HTTP\/1\.1\r\n/);
    expect(heads[0]?.match(/\r\nhost: .*/gi)).toEqual(['\r\nHost: localhost']);
    expect(answer).toBe('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
  });

  test.each([
    ['/p/q/a%2Fb//c?d', '/a%2Fb//c?d'],
    ['/p/q', '/'],
    ['/p/q?d', '/?d'],
    ['/%70/q/x', '/x'],
  ])('of a route that strips its prefix: %s becomes %s', async (path, stripped) => {
    await start();
    const { server, heads } = await echoServer();
    await world.route({ prefix: '/p/q/', target: server.target, stripPrefix: true });
    await exchangeBytes(world.port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(heads[0]?.split(' ')[1]).toBe(stripped);
  });
});

describe('where a request goes', () => {
  test('without a route: to the hub, its path untouched', async () => {
    const urls: (string | undefined)[] = [];
    await start({
      hub(request, response) {
        urls.push(request.url);
        response.end('from the hub');
      },
    });
    for (const path of ['/', '/hub/home?x', '//user/ada/', '/user/ada%2Fx']) {
      expect(await exchangeBytes(world.port, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).toMatch(
        /from the hub$/,
      );
    }
    expect(urls).toEqual(['/', '/hub/home?x', '//user/ada/', '/user/ada%2Fx']);
  });

  test('attack: no spelling of a path reaches one server under the name of another', async () => {
    await start();
    const ada = await echoServer();
    const bob = await echoServer();
    await world.route({ prefix: '/user/ada/', target: ada.server.target });
    await world.route({ prefix: '/user/bob/', target: bob.server.target });
    for (const path of [
      '/user/ada/../bob/',
      '/user/ada/%2e%2e/bob/',
      '/user/ada/..%2fbob/',
      '/user/ada%2f..%2fbob/',
      '/user/ada/.%2e/bob',
      '/user/ada/..\\bob/',
      '/user/ada/..%5cbob/',
      '/user/./bob/',
      '/user/bob/%00',
    ])
      expect(await exchangeBytes(world.port, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(ada.heads).toEqual([]);
    expect(bob.heads).toEqual([]);
  });

  test('a route that changes its target takes new requests there, also on a connection that is open', async () => {
    await start();
    const one = await raw((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none')),
    );
    const two = await raw((socket) =>
      socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo')),
    );
    await world.route({ prefix: '/s/', target: one.target });
    const client = new RawClient(world.port).send('GET /s/ HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.expects('\r\n\r\none');
    await world.route({ prefix: '/s/', target: two.target });
    client.send('GET /s/ HTTP/1.1\r\nHost: x\r\n\r\n');
    await client.expects('\r\n\r\ntwo');
    world.publisher.delete('/s/');
    await world.settled();
    client.send('GET /s/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await client.untilEnd()).toMatch(/hub\r\n0\r\n\r\n$|hub$/);
    await until('the idle connections to the former targets are closed', () => one.open === 0 && two.open === 0);
  });
});

describe('the head that a client gets', () => {
  /** What the client gets when a server answers like this and closes. */
  async function answered(
    response: string,
    request = 'GET /s/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
  ): Promise<string> {
    await start();
    const server = await raw((socket) => socket.once('data', () => socket.end(Buffer.from(response, 'latin1'))));
    await world.route({ prefix: '/s/', target: server.target });
    return exchangeBytes(world.port, request);
  }

  test('is the server’s, without what concerns its connection only', async () => {
    expect(
      await answered(
        'HTTP/1.1 299 So Sö\r\nServer: s\r\nConnection: close, X-Mine, Set-Cookie\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: a\r\nUpgrade: h2c\r\nService-Worker-Allowed: /\r\nClear-Site-Data: "*"\r\nSet-Cookie: jupyterhub-user-ada=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok',
      ),
    ).toBe(
      'HTTP/1.1 299 So Sö\r\nServer: s\r\nSet-Cookie: jupyterhub-user-ada=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
    );
  });

  test('of a status line without reason is accepted', async () => {
    expect(await answered('HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok')).toBe(
      'HTTP/1.1 200\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
    );
  });

  test('of 426 keeps the offer to upgrade', async () => {
    expect(
      await answered(
        'HTTP/1.1 426 Upgrade Required\r\nConnection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n',
      ),
    ).toBe(
      'HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\nConnection: close, upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
  });

  test.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['another version', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status above 999', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n'],
    ['both kinds of framing', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello'],
    ['an unknown encoding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['a folded line', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n'],
    ['a switch that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n'],
    ['a head without end', `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(40_000)}`],
  ])('of a server that answers with %s is 502', async (_, response) => {
    const answer = await answered(response);
    expect(answer).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    expect(answer).toContain('ATOLL_EDGE_BAD_RESPONSE');
  });
});

test('what node:http understands of a forwarded request is what the client meant', async () => {
  await start();
  let seen: IncomingMessage | undefined;
  const server = await TestServer.http((request, response) => {
    seen = request;
    response.end('ok');
  });
  servers.push(server);
  await world.route({ prefix: '/user/a@b/', target: server.target });
  const answer = await fetch(`http://127.0.0.1:${world.port}/user/a%40b/%C3%BC/~x?q=%2F`, { headers: { 'x-a': 'b' } });
  expect(await answer.text()).toBe('ok');
  expect(seen?.url).toBe('/user/a%40b/%C3%BC/~x?q=%2F');
  expect(seen?.headers['x-a']).toBe('b');
  expect(seen?.headers.host).toBe(`127.0.0.1:${world.port}`);
  expect(seen?.headers['x-forwarded-port']).toBe(String(world.port));
});
