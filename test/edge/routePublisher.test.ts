import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { array, assert, constantFrom, integer, oneof, property, record } from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createControlListener } from '../../src/edge/control/controlListener.ts';
import { RoutePublisher } from '../../src/edge/control/routePublisher.ts';
import type { HttpRoute, Route, RouteEvent } from '../../src/edge/protocol.ts';
import { until } from '../support/until.ts';

function routeOf(id: string, port = 1): HttpRoute {
  return {
    kind: 'http',
    id,
    prefix: `/${id}/`,
    target: { kind: 'tcp', host: 'h', port },
    stripPrefix: false,
    access: 'open',
  };
}

/** The routes that someone knows who has heard these lines. */
function tableOf(lines: string): Map<string, Route> {
  const table = new Map<string, Route>();
  for (const line of lines.split('\n').filter(Boolean)) {
    const event = JSON.parse(line) as RouteEvent;
    if (event.type === 'snapshot') {
      table.clear();
      for (const route of event.routes) table.set(route.id, route);
    } else if (event.type === 'put') table.set(event.route.id, event.route);
    else if (event.type === 'delete') table.delete(event.id);
  }
  return table;
}

describe('the publisher', () => {
  test('leads every follower to the same table, whenever it came', () => {
    const change = oneof(
      record({ kind: constantFrom('put'), id: integer({ min: 0, max: 4 }), port: integer({ min: 1, max: 3 }) }),
      record({
        kind: constantFrom('delete', 'follow', 'revoke'),
        id: integer({ min: 0, max: 4 }),
        port: constantFrom(1),
      }),
    );
    assert(
      property(array(change, { maxLength: 40 }), (changes) => {
        const publisher = new RoutePublisher();
        const followers: { heard: string }[] = [];
        for (const { kind, id, port } of changes) {
          if (kind === 'put') publisher.put(routeOf(String(id), port));
          else if (kind === 'delete') publisher.delete(String(id));
          else if (kind === 'revoke') publisher.revoke(String(id));
          else {
            const follower = { heard: '' };
            followers.push(follower);
            publisher.subscribe({
              write(line) {
                follower.heard += line;
                return true;
              },
            });
          }
        }
        for (const { heard } of followers)
          expect([...tableOf(heard).values()].sort((a, b) => a.id.localeCompare(b.id))).toEqual(
            publisher.list().sort((a, b) => a.id.localeCompare(b.id)),
          );
      }),
    );
  });

  test('says nothing when nothing changes', () => {
    const publisher = new RoutePublisher();
    const heard: string[] = [];
    publisher.put(routeOf('a'));
    publisher.subscribe({ write: (line) => heard.push(line) > 0 });
    publisher.put(routeOf('a'));
    publisher.delete('b');
    expect(heard).toHaveLength(1);
    expect(publisher.get('a')).toEqual(routeOf('a'));
  });

  test('tells a follower that comes back of recent revocations', () => {
    const publisher = new RoutePublisher();
    publisher.revoke('session:1');
    let heard = '';
    publisher.subscribe({
      write(line) {
        heard += line;
        return true;
      },
    });
    expect(
      heard
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as RouteEvent),
    ).toEqual([
      { type: 'snapshot', routes: [] },
      { type: 'revoke', grant: 'session:1' },
    ]);
  });

  test('forgets a follower that is too far behind', () => {
    const publisher = new RoutePublisher();
    publisher.subscribe({ write: (line) => !line.includes('put') });
    expect(publisher.subscribers).toBe(1);
    publisher.put(routeOf('a'));
    expect(publisher.subscribers).toBe(0);
  });
});

describe('the control listener', () => {
  let server: Server;
  let publisher: RoutePublisher;
  let errors: unknown[];

  beforeEach(async () => {
    publisher = new RoutePublisher();
    errors = [];
    server = createServer(
      createControlListener({
        publisher,
        token: 'right',
        onActivity(report) {
          if (Object.keys(report.routes).length === 0) throw new Error('a secret detail');
        },
        answerGrant: ({ routeId }) => Promise.resolve({ allowed: true, ttlSeconds: 1, grant: routeId }),
        operatorCalls: { '/hello': (body) => Promise.resolve({ heard: body }) },
        onError: (error) => errors.push(error),
      }),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const url = (path: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
  const post = (path: string, body: string, token = 'right'): Promise<Response> =>
    fetch(url(path), { method: 'POST', body, headers: { Authorization: `Bearer ${token}` } });

  async function follow(): Promise<IncomingMessage> {
    const call = request(url('/routes'), { headers: { Authorization: 'Bearer right' } }).end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    return response;
  }

  test.each([[undefined], [''], ['right'], ['Bearer wrong'], ['Bearer right '], ['Bearer rightx'], ['token right']])(
    'attack: with the authorization %j nothing is told or taken',
    async (authorization) => {
      const headers: Record<string, string> = authorization === undefined ? {} : { Authorization: authorization };
      // fetch trims values, so a space at the end is no difference there.
      const expected = authorization === 'Bearer right ' ? [200, 200] : [401, 401];
      const routes = await fetch(url('/routes'), { headers });
      await routes.body?.cancel();
      const grants = await fetch(url('/grants'), { headers, method: 'POST', body: '{}' });
      expect([routes.status, grants.status]).toEqual(expected);
    },
  );

  test('streams the routes as they change', async () => {
    publisher.put(routeOf('a'));
    const response = await follow();
    let heard = '';
    response.on('data', (part) => {
      heard += String(part);
    });
    await until('the snapshot', () => tableOf(heard).size === 1);
    publisher.put(routeOf('b'));
    publisher.delete('a');
    await until('the changes', () => tableOf(heard).has('b') && !tableOf(heard).has('a'));
    expect(publisher.subscribers).toBe(1);
    response.destroy();
    expect(await until('the follower is forgotten', () => publisher.subscribers === 0)).toBe(true);
  });

  test('drops a follower that does not read, instead of remembering everything for it', async () => {
    const response = await follow();
    response.pause();
    const long = 'x'.repeat(100_000);
    let turns = 0;
    await until('it is dropped', () => {
      publisher.put({ ...routeOf('a'), prefix: `/${long}${turns++}/` });
      return publisher.subscribers === 0;
    });
    expect(turns).toBeLessThan(1000);
  });

  test('answers grants, activity and the operator’s calls', async () => {
    expect(await (await post('/grants', '{"routeId":"r"}')).json()).toEqual({
      allowed: true,
      ttlSeconds: 1,
      grant: 'r',
    });
    expect((await post('/activity', '{"routes":{"a":{}}}')).status).toBe(200);
    expect(await (await post('/hello', '[1]')).json()).toEqual({ heard: [1] });
  });

  test('answers 404 to what it does not know, 400 to what is no JSON or too long', async () => {
    expect((await post('/other', '{}')).status).toBe(404);
    expect((await fetch(url('/grants'), { headers: { Authorization: 'Bearer right' } })).status).toBe(404);
    expect((await post('/grants', 'no json')).status).toBe(400);
    expect((await post('/grants', `"${'x'.repeat(5_000_000)}"`)).status).toBe(400);
  });

  test('answers 500 to what fails, without the reason', async () => {
    const response = await post('/activity', '{"routes":{}}');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('secret');
    expect(errors).toHaveLength(1);
  });
});
