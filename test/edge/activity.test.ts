import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ActivityBook } from '../../src/edge/control/activity.ts';
import type { ActivityReport } from '../../src/edge/protocol.ts';
import { type EdgeWorld, exchangeBytes, RawClient, startEdgeWorld, TestServer } from '../support/edgeWorld.ts';
import { until } from '../support/until.ts';

type RouteReport = ActivityReport['routes'][string];

describe('reports of activity', () => {
  let world: EdgeWorld;
  let server: TestServer;
  let status = 200;

  beforeEach(async () => {
    status = 200;
    world = await startEdgeWorld();
    server = await TestServer.http((call, response) => {
      call.resume().on('end', () => response.writeHead(status).end('ok'));
    });
    await world.route({ id: 'server:ada/', prefix: '/user/ada/', target: server.target });
  });

  afterEach(async () => {
    await world.end();
    await server.kill();
  });

  const ask = (lines = '', body = ''): Promise<string> =>
    exchangeBytes(
      world.port,
      `PUT /user/ada/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n${lines}\r\n${body}`,
    );
  const reported = (): RouteReport[] => world.reports.flatMap(({ routes }) => routes['server:ada/'] ?? []);
  const requests = (): number => reported().reduce((sum, report) => sum + report.requests, 0);

  test('count requests, and say when the last one succeeded', async () => {
    const before = Date.now();
    await Promise.all(Array.from({ length: 10 }, () => ask()));
    await until('all are reported', () => requests() === 10);
    const { lastActivity, openConnections } = reported().at(-1) as RouteReport;
    expect(lastActivity).toBeGreaterThanOrEqual(before);
    expect(lastActivity).toBeLessThanOrEqual(Date.now());
    expect(openConnections).toBe(0);
  });

  test.each([302, 404, 500])('do not take an answer of %i for use', async (answered) => {
    status = answered;
    await ask();
    await until('it is reported', () => requests() === 1);
    expect(reported().at(-1)?.lastActivity).toBe(0);
  });

  test('take a body for use, whatever the answer', async () => {
    status = 500;
    await ask('', 'body');
    await until('it is reported', () => (reported().at(-1)?.lastActivity ?? 0) > 0);
    expect(requests()).toBe(1);
  });

  test('do not name routes without traffic, and nothing at all without any', async () => {
    await ask();
    await until('it is reported', () => requests() === 1);
    const before = world.reports.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(world.reports.length).toBe(before);
    expect(world.reports.flatMap(({ routes }) => Object.keys(routes))).not.toContain('hub');
  });

  test('count what comes from a WebSocket’s client, not what goes to it', async () => {
    const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(sockets, 'listening');
    const address = sockets.address();
    if (typeof address !== 'object' || address === null) throw new Error('no address');
    await world.route({
      id: 'server:ada/',
      prefix: '/user/ada/',
      target: { kind: 'tcp', host: '127.0.0.1', port: address.port },
    });
    const socket = new WebSocket(`ws://127.0.0.1:${world.port}/user/ada/`);
    const [accepted] = await once(sockets, 'connection');
    await until('it is reported as open', () => reported().at(-1)?.openConnections === 1);
    const opened = reported().at(-1)?.lastActivity as number;
    await new Promise((resolve) => setTimeout(resolve, 50));
    const received = once(socket, 'message');
    accepted.send('from the server');
    await received;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(reported().at(-1)?.lastActivity).toBe(opened);
    socket.send('from the client');
    await until('it is reported', () => (reported().at(-1)?.lastActivity ?? 0) > opened);
    socket.terminate();
    expect(await until('it is reported as closed', () => reported().at(-1)?.openConnections === 0)).toBe(true);
    sockets.close();
  });

  test('are kept while the hub is away, and told when it is back, with the connections that are open', async () => {
    const holding = new RawClient(world.port);
    await world.control.kill();
    await ask();
    await ask();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(requests()).toBe(0);
    await world.control.start();
    await until('they are reported', () => requests() === 2);
    expect(reported().at(-1)?.lastActivity).toBeGreaterThan(0);
    holding.destroy();
  });

  test('name a route’s last traffic also when it is gone', async () => {
    await world.control.kill();
    await ask();
    world.publisher.delete('server:ada/');
    await world.control.start();
    expect(await until('it is reported', () => requests() === 1)).toBe(true);
  });
});

describe('the book of activity', () => {
  test('merges a report that was not delivered with what came since', () => {
    const book = new ActivityBook();
    book.of('a').begin();
    book.of('a').touch();
    const first = book.take() as ActivityReport;
    book.of('a').begin();
    book.of('b').begin();
    book.giveBack(first);
    expect(book.take()).toEqual({
      routes: {
        a: { requests: 2, lastActivity: first.routes.a?.lastActivity, openConnections: 0 },
        b: { requests: 1, lastActivity: 0, openConnections: 0 },
      },
    });
    expect(book.take()).toBeUndefined();
  });

  test('forgets routes that are gone, but not before their last report is delivered', () => {
    const book = new ActivityBook();
    const activity = book.of('a');
    activity.opened();
    book.retire('a');
    expect(book.take()?.routes.a?.openConnections).toBe(1);
    activity.closed();
    const last = book.take() as ActivityReport;
    expect(last.routes.a?.openConnections).toBe(0);
    book.giveBack(last);
    expect(book.take()?.routes.a).toEqual(last.routes.a);
    expect(book.of('a')).not.toBe(activity);
  });

  test('tells a new hub of all open connections', () => {
    const book = new ActivityBook();
    book.of('a').opened();
    book.of('b').touch();
    book.take();
    book.renew();
    expect(Object.keys(book.take()?.routes ?? {})).toEqual(['a']);
  });
});
