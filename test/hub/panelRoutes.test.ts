import { describe, expect, test } from 'vitest';
import { dashboardOfPanelLink } from '../../src/clusters/clusterRoutes.ts';
import type { HttpRoute } from '../../src/edge/protocol.ts';
import { withPanelRoutes } from '../../src/hub/panelRoutes.ts';
import { FakeRoutes } from '../support/serverWorld.ts';

const hub = { kind: 'hub' };
const server = (name: string): HttpRoute => ({
  kind: 'http',
  id: `server:ada/${name}`,
  prefix: name === '' ? '/user/ada/' : `/user/ada/${name}/`,
  target: { kind: 'tcp', host: '127.0.0.1', port: 1 },
  stripPrefix: false,
  access: 'open',
});

describe('the path of the Dask panel', () => {
  test('leads from each server to the hub, and goes with the server', () => {
    const written = new FakeRoutes();
    const routes = withPanelRoutes(written);
    routes.put(server(''));
    routes.put(server('gpu'));
    expect([...written.table.values()].map((route) => ('prefix' in route ? [route.prefix, route.target] : []))).toEqual(
      [
        ['/user/ada/', { kind: 'tcp', host: '127.0.0.1', port: 1 }],
        ['/user/ada/proxy/dask-gateway/', hub],
        ['/user/ada/gpu/', { kind: 'tcp', host: '127.0.0.1', port: 1 }],
        ['/user/ada/gpu/proxy/dask-gateway/', hub],
      ],
    );
    for (const name of ['', 'gpu']) routes.delete(server(name).id);
    expect([...written.table.values()]).toEqual([]);
  });

  test('is none of other routes', () => {
    const written = new FakeRoutes();
    const routes = withPanelRoutes(written);
    routes.put({ ...server(''), id: 'dashboard:x', prefix: '/services/dask-gateway/clusters/x/' });
    expect(written.table.size).toBe(1);
  });

  test.each([
    [
      '/user/ada/proxy/dask-gateway/clusters/x/individual-plots.json',
      '/services/dask-gateway/clusters/x/individual-plots.json',
    ],
    ['/user/ada%40b/gpu/proxy/dask-gateway/clusters/x/status', '/services/dask-gateway/clusters/x/status'],
    ['/user/ada/proxy/dask-gateway//evil.example/', undefined],
    ['/user/ada/proxy/dask-gateway/clusters/', undefined],
    ['/user/ada/proxy/8787/clusters/x', undefined],
    ['/user/proxy/dask-gateway/clusters/x', undefined],
  ])('%s leads to %s', (link, dashboard) => {
    expect(dashboardOfPanelLink(link)).toBe(dashboard);
  });
});
