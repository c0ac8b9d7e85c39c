import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { healthRoutes } from '../../src/hub/healthRoutes.ts';
import { startEdgeWorld } from '../support/edgeWorld.ts';

test('whether the hub is there is asked over connections that no other request uses', async () => {
  const connections = new Map<string, Set<Socket>>();
  const world = await startEdgeWorld({
    hub: ({ url = '', socket }, response) => {
      connections.set(url, (connections.get(url) ?? new Set()).add(socket));
      response.end();
    },
  });
  try {
    for (const route of healthRoutes) world.publisher.put(route);
    await world.settled();
    const paths = ['/hub/health', '/hub/home', '/hub/api/health', '/hub/api/healthy', '/hub/health', '/hub/api/'];
    for (const path of paths) await (await fetch(`http://127.0.0.1:${world.port}${path}`)).text();
    const socketsOf = (path: string): Socket[] => [...(connections.get(path) ?? [])];
    const others = ['/hub/home', '/hub/api/healthy', '/hub/api/'].flatMap(socketsOf);
    expect(new Set(others).size).toBe(1);
    for (const path of ['/hub/health', '/hub/api/health']) {
      expect(socketsOf(path)).toHaveLength(1);
      expect(others).not.toContain(socketsOf(path)[0]);
    }
  } finally {
    await world.end();
  }
});
