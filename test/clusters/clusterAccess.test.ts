import { expect, test } from 'vitest';
import type { Cluster } from '../../src/clusters/cluster.ts';
import { mayViewDashboard } from '../../src/clusters/clusterAccess.ts';
import { gatewayAccessScope } from '../../src/identity/roles/defaultRoles.ts';
import { ScopeSet } from '../../src/identity/scopes/scopeSet.ts';

const mayView = (name: string, scopes: string[], cluster: Partial<Cluster>, admin = false): boolean =>
  mayViewDashboard({ kind: 'user', name, admin, groups: [], scopes: ScopeSet.of(scopes) }, {
    owner: 'ada',
    serverName: undefined,
    ...cluster,
  } as Cluster);

test('a dashboard is for its owner and for administrators, by credentials that are good for Dask clusters', () => {
  expect(mayView('ada', [gatewayAccessScope], {})).toBe(true);
  expect(mayView('ada', ['read:users'], {})).toBe(false);
  expect(mayView('root', ['access:services', 'admin:servers'], {}, true)).toBe(true);
  expect(mayView('root', ['access:services'], {}, true)).toBe(false);
  expect(mayView('bob', [gatewayAccessScope], {})).toBe(false);
});

test('and for those with whom the server is shared on which its cluster was made', () => {
  const shared = [gatewayAccessScope, 'access:servers!server=ada/gpu'];
  expect(mayView('bob', shared, { serverName: 'gpu' })).toBe(true);
  expect(mayView('bob', shared, { serverName: '' })).toBe(false);
  expect(mayView('bob', shared, {})).toBe(false);
  expect(mayView('bob', shared, { owner: 'grace', serverName: 'gpu' })).toBe(false);
});
