import { afterEach, beforeEach, expect, test } from 'vitest';
import { Deadlines } from '../../src/edge/connections/deadlines.ts';
import type { UpstreamConnection, UpstreamUser } from '../../src/edge/connections/upstreamConnection.ts';
import { UpstreamPool } from '../../src/edge/connections/upstreamPool.ts';
import { defaultLimits } from '../../src/edge/edgeLimits.ts';
import { TestServer } from '../support/edgeWorld.ts';
import { until } from '../support/until.ts';

let server: TestServer;
let pool: UpstreamPool;
const counts = { upstreams: 0 };

/** A request that gives its connection back as soon as it has got it. */
class Request implements UpstreamUser {
  connection: UpstreamConnection | undefined;
  reused: boolean | undefined;
  lost = 0;

  onConnected(connection: UpstreamConnection, reused: boolean): void {
    this.connection = connection;
    this.reused = reused;
    pool.giveBack(connection);
  }

  onUpstreamData(): boolean {
    return false;
  }

  onUpstreamEnd(): void {}

  onUpstreamDrain(): void {}

  onUpstreamLost(): void {
    this.lost++;
  }
}

beforeEach(async () => {
  server = await TestServer.raw(() => undefined);
  pool = new UpstreamPool(server.target, { ...defaultLimits, upstreamDials: 4 }, new Deadlines(), counts);
});

afterEach(async () => {
  pool.close();
  await server.kill();
  await until('the end of all connections', () => counts.upstreams === 0);
});

function take(count: number): Request[] {
  const requests = Array.from({ length: count }, () => new Request());
  for (const request of requests) pool.take(request);
  return requests;
}

test('a thousand requests at once take turns on the connections that are there first', async () => {
  const requests = take(1000);
  expect(counts.upstreams).toBe(4);
  await until('the last one has had its turn', () => requests.at(-1)?.connection !== undefined);
  expect(requests.map(({ reused }) => reused)).toEqual([false, ...Array.from({ length: 999 }, () => true)]);
  expect(new Set(requests.map(({ connection }) => connection)).size).toBe(1);
  await until('the other connections', () => server.accepted === 4);
  expect(take(1)[0]?.reused).toBe(true);
  expect(server.accepted).toBe(4);
});

test('more connections are opened for requests that keep theirs', async () => {
  const kept: UpstreamConnection[] = [];
  const keeping = Array.from({ length: 20 }, () => new Request());
  for (const request of keeping) {
    request.onConnected = (connection) => void kept.push(connection);
    pool.take(request);
  }
  await until('a connection for each', () => kept.length === 20);
  expect(new Set(kept).size).toBe(20);
  for (const connection of kept) connection.drop();
});

test('where nothing answers, all who wait are told so, once; the next one is another attempt', async () => {
  await server.kill();
  const requests = take(10);
  await until('all have been told', () => requests.every(({ lost }) => lost > 0));
  expect(requests.map(({ lost }) => lost)).toEqual(Array.from({ length: 10 }, () => 1));
  await server.start();
  const [next] = take(1);
  await until('a connection', () => next?.connection !== undefined);
});

test('a request gets no connection that was closed in this turn, as those that were idle for too long are', async () => {
  const [first] = take(1);
  await until('a connection', () => first?.connection !== undefined);
  first?.connection?.drop();
  const [second] = take(1);
  await until('another connection', () => second?.connection !== undefined);
  expect(second).toMatchObject({ reused: false, lost: 0 });
  expect(second?.connection).not.toBe(first?.connection);
});

test('a request that is given up while it waits gets no connection', async () => {
  const [gone, here] = take(2);
  if (gone) pool.leave(gone);
  await until('the other one', () => here?.connection !== undefined);
  expect(gone?.connection).toBeUndefined();
});

test('requests that wait while the pool is closed are served, and their connections closed', async () => {
  const requests = take(6);
  pool.close();
  await until('all are served', () => requests.every(({ connection }) => connection !== undefined));
  expect(requests.map(({ lost }) => lost)).toEqual([0, 0, 0, 0, 0, 0]);
  await until('no connection is left', () => counts.upstreams === 0 && server.open === 0);
});
