import { beforeEach, describe, expect, test } from 'vitest';
import type { Observation } from '../../src/runtimes/contract.ts';
import { PublishedRoutes } from '../../src/servers/publishedRoutes.ts';
import { plainUrls } from '../support/plainUrls.ts';
import { FakeRoutes } from '../support/serverWorld.ts';

describe('the routes of named servers', () => {
  let edge: FakeRoutes;
  let routes: PublishedRoutes;
  beforeEach(() => {
    edge = new FakeRoutes();
    routes = new PublishedRoutes(edge, plainUrls);
  });

  const seen: Observation = {
    id: 'w1',
    kind: 'server',
    owner: 'ada',
    phase: 'running',
    host: '127.0.0.1',
    ports: { http: 4711 },
  };
  const targets = (): Record<string, string> =>
    Object.fromEntries([...edge.table.values()].map(({ id, target }) => [id, target.kind]));

  test('lead to the hub while they do not run, and nowhere once they are gone', () => {
    routes.putAtHub('ada', 'gpu');
    expect(targets()).toEqual({ 'stopped:ada/gpu': 'hub' });
    routes.put('ada', 'gpu', seen);
    routes.putAtHub('ada', 'gpu');
    expect(targets()).toEqual({ 'server:ada/gpu': 'tcp' });
    routes.delete('ada', 'gpu');
    expect(targets()).toEqual({ 'stopped:ada/gpu': 'hub' });
    routes.forget('ada', 'gpu');
    expect(targets()).toEqual({});
  });

  test.each(['', 'lab', 'tree', 'proxy', 'terminals', 'notebooks'])(
    'hide nothing of the default server: “%s”',
    (name) => {
      routes.putAtHub('ada', name);
      routes.put('ada', name, seen);
      routes.delete('ada', name);
      expect(targets()).toEqual({});
    },
  );
});
