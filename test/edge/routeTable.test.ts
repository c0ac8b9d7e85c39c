import { array, assert, constantFrom, integer, oneof, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Deadlines } from '../../src/edge/connections/deadlines.ts';
import { UpstreamPool } from '../../src/edge/connections/upstreamPool.ts';
import { ActivityBook } from '../../src/edge/control/activity.ts';
import { defaultLimits } from '../../src/edge/edgeLimits.ts';
import type { HttpRoute, Target } from '../../src/edge/protocol.ts';
import { RouteTable, withoutSegments } from '../../src/edge/routeTable.ts';

function createTable(): RouteTable {
  const counts = { upstreams: 0 };
  const deadlines = new Deadlines();
  return new RouteTable((target) => new UpstreamPool(target, defaultLimits, deadlines, counts), new ActivityBook());
}

const somewhere: Target = { kind: 'tcp', host: '127.0.0.1', port: 9 };

function routeTo(prefix: string, host?: string, id = `${host ?? '*'} ${prefix}`): HttpRoute<Target> {
  const route: HttpRoute<Target> = { kind: 'http', id, prefix, target: somewhere, stripPrefix: false, access: 'open' };
  return host === undefined ? route : { ...route, host };
}

function tableOf(...routes: HttpRoute<Target>[]): RouteTable {
  const table = createTable();
  for (const route of routes) table.put(route);
  return table;
}

const idOf = (table: RouteTable, path: string, host = 'x'): string | undefined => table.match(host, path)?.route.id;

describe('the longest prefix of whole segments', () => {
  const table = tableOf(
    routeTo('/user/al/'),
    routeTo('/user/alice/'),
    routeTo('/user/alice/named/'),
    routeTo('/user/a@b.org/'),
    routeTo('/user/~jürgen w/'),
    routeTo('/services/dask-gateway/clusters/0a.prod/'),
  );

  test.each([
    ['/user/alice', '* /user/alice/'],
    ['/user/alice/', '* /user/alice/'],
    ['/user/alice/lab', '* /user/alice/'],
    ['/user/alice//lab', '* /user/alice/'],
    ['/user/alice/name', '* /user/alice/'],
    ['/user/alice/named/x', '* /user/alice/named/'],
    ['/user/al/x', '* /user/al/'],
    ['/user/%61lice/x', '* /user/alice/'],
    ['/user/a@b.org/x', '* /user/a@b.org/'],
    ['/user/a%40b.org/x', '* /user/a@b.org/'],
    ['/user/a%40b%2Eorg/x', '* /user/a@b.org/'],
    ['/user/~j%C3%BCrgen%20w/', '* /user/~jürgen w/'],
    ['/user/%7Ej%c3%bcrgen%20w/', '* /user/~jürgen w/'],
    ['/services/dask-gateway/clusters/0a.prod/status', '* /services/dask-gateway/clusters/0a.prod/'],
  ])('%s goes to %s', (path, id) => {
    expect(idOf(table, path)).toBe(id);
  });

  test.each([
    '/',
    '/user',
    '/user/',
    '/user/ali',
    '/user/alicex',
    '/user/Alice/',
    '//user/alice/',
    '/user//alice/',
    '/user%2Falice/x',
    '/user/alice%2Fx',
    '/user/alice%5Cx',
    '/user/j%FCrgen/',
    '/user/~jurgen w/',
    '/services/dask-gateway/clusters/0a.prod%2Fstatus',
  ])('%s goes nowhere', (path) => {
    expect(idOf(table, path)).toBeUndefined();
  });
});

describe('hosts', () => {
  const table = tableOf(
    routeTo('/user/ada/'),
    routeTo('/', 'ada.hub.example'),
    routeTo('/user/ada/api/', 'other.example'),
  );

  test('a route with the host of the request beats one without, whatever their lengths', () => {
    expect(idOf(table, '/user/ada/api/', 'ada.hub.example')).toBe('ada.hub.example /');
    expect(idOf(table, '/user/ada/api/', 'ADA.hub.example:8000')).toBe('ada.hub.example /');
    expect(idOf(table, '/user/ada/api/', 'other.example')).toBe('other.example /user/ada/api/');
    expect(idOf(table, '/user/ada/', 'other.example')).toBe('* /user/ada/');
    expect(idOf(table, '/user/ada/', 'third.example')).toBe('* /user/ada/');
  });
});

describe('changes', () => {
  test('a route put again under its id moves', () => {
    const table = tableOf(routeTo('/a/', undefined, 'r'));
    table.put(routeTo('/b/', undefined, 'r'));
    expect(idOf(table, '/a/')).toBeUndefined();
    expect(idOf(table, '/b/')).toBe('r');
  });

  test('of two routes in one place the later counts, and its end does not bring the earlier back by accident', () => {
    const table = tableOf(routeTo('/a/', undefined, 'one'), routeTo('/a/', undefined, 'two'));
    expect(idOf(table, '/a/')).toBe('two');
    table.delete('one');
    expect(idOf(table, '/a/')).toBe('two');
    table.delete('two');
    expect(idOf(table, '/a/')).toBeUndefined();
  });

  test('a snapshot replaces everything', () => {
    const table = tableOf(routeTo('/a/'), routeTo('/b/'));
    table.replaceAll([routeTo('/b/'), routeTo('/c/')]);
    expect([idOf(table, '/a/'), idOf(table, '/b/'), idOf(table, '/c/')]).toEqual([undefined, '* /b/', '* /c/']);
  });

  test('the connections to a target are kept when its route is put again unchanged, and not when it moves', () => {
    const table = tableOf(routeTo('/a/', undefined, 'r'));
    const pool = table.match('x', '/a/')?.pool;
    table.put({ ...routeTo('/a/', undefined, 'r'), access: 'granted' });
    expect(table.match('x', '/a/')?.pool).toBe(pool);
    table.put({ ...routeTo('/a/', undefined, 'r'), target: { kind: 'tcp', host: '127.0.0.1', port: 10 } });
    expect(table.match('x', '/a/')?.pool).not.toBe(pool);
  });

  test('after any changes the table answers as the list of its routes does', () => {
    const segment = constantFrom('a', 'b', 'c');
    const prefix = array(segment, { maxLength: 4 }).map((parts) => `/${parts.map((part) => `${part}/`).join('')}`);
    const host = oneof(constantFrom<string | undefined>(undefined, 'h1', 'h2'));
    const change = record({
      id: integer({ min: 0, max: 5 }),
      prefix,
      host,
      kind: constantFrom('put', 'put', 'delete'),
    });
    assert(
      property(
        array(change, { maxLength: 25 }),
        array(record({ prefix, host }), { maxLength: 8 }),
        (changes, questions) => {
          const table = createTable();
          const model = new Map<string, HttpRoute>();
          for (const { id, prefix, host, kind } of changes) {
            const route = routeTo(prefix, host, String(id));
            const taken = [...model.values()].some((r) => r.id !== route.id && r.prefix === prefix && r.host === host);
            if (kind === 'delete') {
              table.delete(route.id);
              model.delete(route.id);
            } else if (!taken) {
              table.put(route);
              model.set(route.id, route);
            }
          }
          for (const { prefix, host = 'h3' } of questions) {
            const path = `${prefix}rest`;
            const expected = [...model.values()]
              .filter((route) => path.startsWith(route.prefix) && (route.host === undefined || route.host === host))
              .sort(
                (a, b) =>
                  Number(b.host !== undefined) - Number(a.host !== undefined) || b.prefix.length - a.prefix.length,
              )[0];
            expect(idOf(table, path, host)).toBe(expected?.id);
          }
        },
      ),
    );
  });
});

describe('the part of the path after the prefix', () => {
  test.each([
    ['/a/b/c/d?q=/x', 2, '/c/d?q=/x'],
    ['/a/b/', 2, '/'],
    ['/a/b', 2, '/'],
    ['/a/b?q=/x', 2, '/?q=/x'],
    ['/a%2Fx/b%40/c', 2, '/c'],
    ['/a/b//c', 2, '//c'],
    ['/a/b/c', 0, '/a/b/c'],
  ])('of %s without %i segments is %s', (path, depth, expected) => {
    expect(withoutSegments(path, depth)).toBe(expected);
  });
});

describe('TLS routes', () => {
  test('match the whole name without regard to case', () => {
    const table = createTable();
    table.put({ kind: 'sni', id: 's', sni: 'daskgateway-0a', target: somewhere });
    expect(table.matchSni('DaskGateway-0A')?.route.id).toBe('s');
    for (const name of ['daskgateway-0', 'daskgateway-0a.x', 'x.daskgateway-0a', '0a', ''])
      expect(table.matchSni(name)).toBeUndefined();
    table.delete('s');
    expect(table.matchSni('daskgateway-0a')).toBeUndefined();
  });

  test('those who wait for a name are told once, and not when they gave up', () => {
    const table = createTable();
    const told: string[] = [];
    table.awaitSni('daskgateway-A', () => told.push('first'));
    table.awaitSni('daskgateway-a', () => told.push('second'))();
    table.awaitSni('daskgateway-b', () => told.push('other'));
    table.put({ kind: 'sni', id: 's', sni: 'daskgateway-a', target: somewhere });
    table.put({ kind: 'sni', id: 's', sni: 'daskgateway-a', target: somewhere });
    expect(told).toEqual(['first']);
  });
});
