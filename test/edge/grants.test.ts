import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { GrantAnswer, GrantQuestion } from '../../src/edge/protocol.ts';
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
let dashboard: TestServer;
let heads: string[];
let questions: GrantQuestion[];

afterEach(async () => {
  await world.end();
  await dashboard.kill();
});

const signIn: GrantAnswer = {
  allowed: false,
  response: {
    status: 302,
    headers: { location: '/hub/login?next=x', 'x-bad\r\nname': 'v', 'x-bad': 'a\r\nb' },
    body: '',
  },
};

/** A hub that lets pass whom the cookie `jupyterhub-session-id` names `ada…`, and a dashboard behind it. */
async function start(options: EdgeWorldOptions & { ttlSeconds?: number } = {}): Promise<void> {
  heads = [];
  questions = [];
  const { ttlSeconds = 60 } = options;
  world = await startEdgeWorld({
    answerGrant: (question) => {
      questions.push(question);
      const session = /jupyterhub-session-id=(ada\w*)/.exec(question.headers.cookie ?? '')?.[1];
      return Promise.resolve(
        session === undefined ? signIn : { allowed: true, ttlSeconds, grant: `session:${session}` },
      );
    },
    ...options,
  });
  dashboard = await TestServer.raw((socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
        heads.push(text.slice(0, end + 4));
        text = text.slice(end + 4);
        socket.write(
          'HTTP/1.1 200 OK\r\nContent-Length: 9\r\nSet-Cookie: jupyterhub-session-id=evil; Path=/\r\nSet-Cookie: _xsrf=evil\r\nSet-Cookie: bokeh=1\r\n\r\ndashboard',
        );
      }
    });
  });
  await world.route({
    id: 'dashboard:0a',
    prefix: '/clusters/0a/',
    target: dashboard.target,
    stripPrefix: true,
    access: 'granted',
  });
}

const ask = (cookie: string, lines = '', path = '/clusters/0a/status?x=1'): Promise<string> =>
  exchangeBytes(
    world.port,
    `GET ${path} HTTP/1.1\r\nHost: hub.example\r\nCookie: ${cookie}\r\nConnection: close\r\n${lines}\r\n`,
  );

const ada = 'jupyterhub-session-id=ada';

describe('a granted route', () => {
  test('asks the hub with what it needs to know', async () => {
    await start();
    await ask(
      ada,
      'Authorization: token t\r\nAccept: text/html\r\nSec-Fetch-Mode: navigate\r\nX-Forwarded-For: 6.6.6.6\r\nX-Other: 1\r\n',
    );
    expect(questions).toEqual([
      {
        routeId: 'dashboard:0a',
        method: 'GET',
        path: '/clusters/0a/status?x=1',
        headers: {
          host: 'hub.example',
          cookie: ada,
          authorization: 'token t',
          accept: 'text/html',
          'sec-fetch-mode': 'navigate',
          'x-forwarded-for': '127.0.0.1',
          'x-forwarded-proto': 'http',
          'x-forwarded-host': 'hub.example',
          'x-forwarded-port': '80',
        },
      },
    ]);
  });

  test('passes on what the hub allows: without its credentials, with the Host of the client', async () => {
    await start();
    const answer = await ask(`a=1; ${ada}; atoll-view=v; b=2; _xsrf=y`, 'Authorization: token t\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*dashboard$/);
    expect(heads[0]).toMatch(/^GET \/status\?x=1 HTTP\/1\.1\r\nHost: hub\.example\r\n/);
    expect(heads[0]).toContain('Cookie: a=1; b=2\r\n');
    expect(heads[0]).not.toMatch(/authorization|jupyterhub|atoll|_xsrf|token/i);
  });

  test('attack: a dashboard cannot set the hub’s cookies', async () => {
    await start();
    const answer = await ask(ada);
    expect(answer).toContain('Set-Cookie: bokeh=1\r\n');
    expect(answer).not.toContain('evil');
  });

  test('answers what the hub says instead, without header fields that it cannot have meant', async () => {
    await start();
    const answer = await ask('');
    expect(answer).toMatch(/^HTTP\/1\.1 302 Found\r\nlocation: \/hub\/login\?next=x\r\nContent-Length: 0\r\n/);
    expect(answer).not.toContain('x-bad');
    expect(heads).toEqual([]);
  });

  test('asks once for a credential, however many requests come at once or after', async () => {
    await start();
    await Promise.all(Array.from({ length: 20 }, () => ask(ada)));
    await ask(ada);
    expect(questions).toHaveLength(1);
    await ask(`${ada}2`);
    expect(questions).toHaveLength(2);
  });

  test('asks again for each that is refused, since the answer may say where that one should go', async () => {
    await start();
    await Promise.all(['/clusters/0a/one', '/clusters/0a/two'].map((path) => ask('', '', path)));
    expect(questions.map(({ path }) => path).sort()).toEqual(['/clusters/0a/one', '/clusters/0a/two']);
  });

  test('asks again when the time is over', async () => {
    await start({ ttlSeconds: 0.05 });
    await ask(ada);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await ask(ada);
    expect(questions).toHaveLength(2);
  });

  test('forgets the oldest grants when there are too many', async () => {
    await start({ limits: { grants: 2 } });
    for (const name of ['1', '2', '3', '3', '2', '1']) await ask(`${ada}${name}`);
    expect(questions).toHaveLength(4);
  });

  test('attack: a grant for one route is none for another', async () => {
    await start({
      answerGrant: (question) => {
        questions.push(question);
        return Promise.resolve(
          question.routeId === 'dashboard:0a' ? { allowed: true, ttlSeconds: 60, grant: 'g' } : signIn,
        );
      },
    });
    await world.route({ id: 'dashboard:0b', prefix: '/clusters/0b/', target: dashboard.target, access: 'granted' });
    expect(await ask(ada)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await ask(ada, '', '/clusters/0b/')).toMatch(/^HTTP\/1\.1 302 /);
  });
});

describe('revoking a grant', () => {
  test('makes the edge ask again', async () => {
    await start();
    await ask(ada);
    world.publisher.revoke('session:other');
    await world.settled();
    await ask(ada);
    expect(questions).toHaveLength(1);
    world.publisher.revoke('session:ada');
    await world.settled();
    await ask(ada);
    expect(questions).toHaveLength(2);
  });

  test('while a question is under way makes that answer no lasting one', async () => {
    let answer: (value: GrantAnswer) => void = () => {};
    await start({
      answerGrant: (question) => {
        questions.push(question);
        return questions.length > 1 ? Promise.resolve(signIn) : new Promise((resolve) => (answer = resolve));
      },
    });
    const page = ask(ada);
    await until('the hub is asked', () => questions.length === 1);
    world.publisher.revoke('session:ada');
    await world.settled();
    answer({ allowed: true, ttlSeconds: 60, grant: 'session:ada' });
    expect(await page).toMatch(/^HTTP\/1\.1 302 /);
    expect(heads).toEqual([]);
  });

  test('closes connections that rest on it: WebSockets and streams', async () => {
    await start();
    const http = createServer((_, response) => {
      response.writeHead(200);
      response.write('first part');
    });
    const sockets = new WebSocketServer({ server: http });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const { port } = http.address() as AddressInfo;
    await world.route({
      id: 'dashboard:ws',
      prefix: '/ws/',
      target: { kind: 'tcp', host: '127.0.0.1', port },
      access: 'granted',
    });
    const open = async (name: string): Promise<WebSocket> => {
      const socket = new WebSocket(`ws://127.0.0.1:${world.port}/ws/`, { headers: { cookie: `${ada}${name}` } });
      socket.on('error', () => {});
      await once(socket, 'open');
      return socket;
    };
    const [revoked, kept] = [await open(''), await open('2')];
    const stream = new RawClient(world.port).send(`GET /ws/ HTTP/1.1\r\nHost: x\r\nCookie: ${ada}\r\n\r\n`);
    await stream.expects('first part');
    expect(world.edge.stats().granted).toBe(3);
    const closed = once(revoked, 'close');
    world.publisher.revoke('session:ada');
    await closed;
    await until('the stream breaks', () => stream.closed);
    await until('nothing rests on it', () => world.edge.stats().granted === 1);
    kept.ping();
    await once(kept, 'pong');
    kept.terminate();
    for (const socket of sockets.clients) socket.terminate();
    http.closeAllConnections();
    http.close();
  });

  test('counts also when it happens while the edge is cut off', async () => {
    let allow = true;
    await start({
      answerGrant: (question) => {
        questions.push(question);
        return Promise.resolve(allow ? { allowed: true, ttlSeconds: 600, grant: 'session:ada' } : signIn);
      },
    });
    const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(sockets, 'listening');
    const { port } = sockets.address() as AddressInfo;
    await world.route({
      id: 'dashboard:ws',
      prefix: '/ws/',
      target: { kind: 'tcp', host: '127.0.0.1', port },
      access: 'granted',
    });
    const socket = new WebSocket(`ws://127.0.0.1:${world.port}/ws/`, { headers: { cookie: ada } });
    socket.on('error', () => {});
    await once(socket, 'open');
    const closed = once(socket, 'close');
    await world.control.kill();
    allow = false;
    await world.control.start();
    await closed;
    expect(await ask(ada, '', '/clusters/0a/')).toMatch(/^HTTP\/1\.1 302 /);
    sockets.close();
  });
});

describe('while the hub is away', () => {
  test('a grant that is known goes on being good, also past its time', async () => {
    await start({ ttlSeconds: 0.05 });
    await ask(ada);
    await world.control.kill();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await ask(ada)).toMatch(/dashboard$/);
  });

  test('but not for ever', async () => {
    await start({ ttlSeconds: 0.05, limits: { staleGrantMs: 50, holdMs: 200 } });
    await ask(ada);
    await world.control.kill();
    await world.hub.kill();
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await ask(ada)).toMatch(/^HTTP\/1\.1 503 /);
  });

  test('a request without a known grant waits for it', async () => {
    await start();
    await world.control.kill();
    await world.hub.kill();
    const page = ask(ada);
    await until('it is held', () => world.edge.stats().held === 1);
    await world.control.start();
    await world.hub.start();
    expect(await page).toMatch(/dashboard$/);
  });
});

describe('attack: WebSockets of foreign pages (CVE-2024-28179, CVE-2026-40110)', () => {
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
  const open = (lines: string, host = 'hub.example'): Promise<string> =>
    new RawClient(world.port)
      .send(`GET /clusters/0a/ws HTTP/1.1\r\nHost: ${host}\r\nCookie: ${ada}\r\n${upgrade}${lines}\r\n`)
      .untilEnd();

  test.each([
    ['another site', 'Origin: http://evil.example\r\n', 'hub.example'],
    ['another port', 'Origin: http://hub.example:8001\r\n', 'hub.example:8000'],
    ['a subdomain', 'Origin: http://x.hub.example\r\n', 'hub.example'],
    ['a site that begins the same', 'Origin: http://hub.example.evil\r\n', 'hub.example'],
    ['a sandboxed page', 'Origin: null\r\n', 'hub.example'],
    ['an extension', 'Origin: chrome-extension://hub.example\r\n', 'hub.example'],
    ['an empty origin', 'Origin:\r\n', 'hub.example'],
  ])('%s is refused with 403', async (_, lines, host) => {
    await start();
    expect(await open(lines, host)).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*ATOLL_EDGE_FOREIGN_ORIGIN/);
    expect(heads).toEqual([]);
    expect(questions).toEqual([]);
  });

  test.each([
    ['the same site', 'Origin: http://hub.example:8000\r\n', 'hub.example:8000'],
    ['the same site behind TLS', 'Origin: https://hub.example\r\n', 'hub.example'],
    ['the same site in capitals, with its default port', 'Origin: https://HUB.example:443\r\n', 'hub.example'],
    ['no browser', '', 'hub.example'],
  ])('%s passes', async (_, lines, host) => {
    await start();
    expect(await open(lines, host)).toMatch(/^HTTP\/1\.1 200 /);
    expect(heads).toHaveLength(1);
  });

  test('behind a trusted proxy the host is the one that the proxy was asked for', async () => {
    await start({ trustedProxies: ['127.0.0.1'] });
    const asked = 'X-Forwarded-Host: hub.example\r\n';
    expect(await open(`${asked}Origin: https://hub.example\r\n`, 'inner:8000')).toMatch(/^HTTP\/1\.1 200 /);
    expect(await open(`${asked}Origin: https://inner:8000\r\n`, 'inner:8000')).toMatch(/^HTTP\/1\.1 403 /);
  });

  test('an untrusted client cannot name the host itself', async () => {
    await start();
    expect(await open('X-Forwarded-Host: evil.example\r\nOrigin: http://evil.example\r\n')).toMatch(/^HTTP\/1\.1 403 /);
  });
});
