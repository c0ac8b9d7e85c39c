import type { Pod } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createGatewayApi } from '../../src/api/gateway/createGatewayApi.ts';
import { type Clusters, createClusters } from '../../src/clusters/clusters.ts';
import type { PythonValue } from '../../src/clusters/pythonJson.ts';
import { type ClusterSettings, defaultSettings } from '../../src/config/settings.ts';
import { Sealer } from '../../src/core/sealer.ts';
import { gatewayAccessScope } from '../../src/identity/roles/defaultRoles.ts';
import { ScopeSet } from '../../src/identity/scopes/scopeSet.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { ada } from '../support/clusterWorld.ts';
import { addUser, FakeRoutes } from '../support/serverWorld.ts';
import { until } from '../support/until.ts';
import { FakeRegistry } from './support/fakeRegistry.ts';
import { KubeWorld } from './support/kubeWorld.ts';

const small = { memory: 256 * 2 ** 20, cores: 0.05, coreLimit: 2 };
const settings: ClusterSettings = {
  ...defaultSettings().clusters,
  scheduler: small,
  worker: small,
  startTimeoutSeconds: 300,
  options: {
    image: { type: 'string', default: '' },
    restart_scheduler: { type: 'bool', default: false },
  },
};

describe('clusters whose pods are taken away', () => {
  let world: KubeWorld;
  let registry: FakeRegistry;
  let store: Store;
  let clusters: Clusters;

  beforeAll(async () => {
    registry = await FakeRegistry.start();
    world = await KubeWorld.open({ stuckMs: 3000 });
    store = await newStore();
    clusters = await openHub(store);
  });
  afterAll(async () => {
    await clusters?.close();
    await store?.close();
    await world?.dispose();
    await registry?.close();
  });

  async function newStore(): Promise<Store> {
    const made = await openSqlite(':memory:');
    await addUser(made, ada.name);
    return made;
  }

  async function openHub(on: Store): Promise<Clusters> {
    const hub = createClusters({
      store: on,
      runtime: world.runtime,
      routes: new FakeRoutes(),
      sealer: new Sealer(Buffer.alloc(32, 1)),
      settings: { current: settings },
      gatewayUrl: 'http://127.0.0.1:1/services/dask-gateway',
      log: silentLogger(),
    });
    await hub.open();
    return hub;
  }

  const pods = async (component: 'scheduler' | 'worker'): Promise<Pod[]> => {
    const path = `/api/v1/namespaces/${world.namespace}/pods`;
    const query = { labelSelector: `component=dask-${component}` };
    return (await world.client.request<{ items: Pod[] }>({ path, query })).items;
  };
  const evict = async (pod: Pod | undefined): Promise<void> => {
    const name = pod?.metadata?.name;
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } };
    await world.client.request({
      method: 'POST',
      path: `/api/v1/namespaces/${world.namespace}/pods/${name}/eviction`,
      body,
    });
  };
  const inPhase = (name: string, phase: string): Promise<unknown> =>
    until(`${name} is ${phase}`, async () => (await clusters.get(name))?.phase === phase, 150);
  const runningWith = async (workers: number, options: PythonValue = {}): Promise<string> => {
    const { name } = await clusters.create(ada, options);
    await inPhase(name, 'running');
    await clusters.scale(name, BigInt(workers));
    await until('it has its workers', async () => (await pods('worker')).length === workers);
    return name;
  };
  const nothingLeft = (): Promise<unknown> =>
    until('no pod is left', async () => [...(await pods('scheduler')), ...(await pods('worker'))].length === 0, 120);

  test('a scheduler that is evicted is told, and its workers are cleaned up', async () => {
    const name = await runningWith(2);
    await evict((await pods('scheduler'))[0]);
    await inPhase(name, 'failed');
    expect((await clusters.get(name))?.reason).toContain('node-1 was emptied, to be taken away or repaired');
    await nothingLeft();
  });

  test('where the cluster is meant to survive that, another scheduler and other workers follow', async () => {
    const name = await runningWith(1, { restart_scheduler: true });
    const [before] = await pods('scheduler');
    const [worker] = await pods('worker');
    // One that lived for less than ten seconds would only die again.
    const { runningAt = 0 } = (await clusters.get(name)) ?? {};
    await until('it has lived for a while', () => Date.now() - runningAt > 11_000);
    await evict(before);
    await until('another one runs', async () => (await clusters.get(name))?.schedulerStarts === 2);
    await inPhase(name, 'running');
    await until('another worker is there', async () => {
      const names = (await pods('worker')).map(({ metadata }) => metadata?.name);
      return names.length === 1 && names[0] !== worker?.metadata?.name;
    });
    expect((await pods('scheduler')).map(({ metadata }) => metadata?.name)).not.toContain(before?.metadata?.name);
    await clusters.stop(name, 'The test is over.');
    await nothingLeft();
  });

  const gatewayApi = (): ReturnType<typeof createGatewayApi> => {
    const scopes = ScopeSet.of([gatewayAccessScope]);
    return createGatewayApi({
      clusters,
      authenticate: () => Promise.resolve({ kind: 'user', name: ada.name, admin: false, groups: [], scopes }),
      version: 'test',
      log: silentLogger(),
    });
  };
  const waitingFor = async (name: string): Promise<string> => {
    const answer = await gatewayApi().request(`/api/v1/clusters/${name}/explanation`);
    return ((await answer.json()) as { waiting_for: string | null }).waiting_for ?? '';
  };
  /** Lets pods on the nodes, or no more of them. */
  const cordon = async (unschedulable: boolean): Promise<void> => {
    const { items } = await world.client.request<{ items: { metadata: { name: string } }[] }>({
      path: '/api/v1/nodes',
    });
    for (const { metadata } of items)
      await world.client.request({
        method: 'PATCH',
        path: `/api/v1/nodes/${metadata.name}`,
        contentType: 'application/merge-patch+json',
        body: { spec: { unschedulable } },
      });
  };

  // Not on a cluster of somebody's own: all of its nodes are closed for a moment.
  const isOwnNode = process.env.ATOLL_TEST_KUBE_LOGS !== undefined;
  test.skipIf(!isOwnNode)(
    'whoever waits for a cluster or workers that no node takes is told so, and they come when one does',
    async () => {
      const reason = 'no node takes new pods: all are closed for them (cordoned)';
      await cordon(true);
      const { name } = await clusters.create(ada, {});
      try {
        await until('the reason is known', async () => (await waitingFor(name)) === reason);
        // As the client asks that shows it; the answer comes when there is something new to show.
        const answer = await gatewayApi().request(`/api/v1/clusters/${name}?wait`, { headers: { 'Atoll-Shown': '' } });
        expect(await answer.json()).toMatchObject({ status: 'PENDING' });
        expect(decodeURIComponent(answer.headers.get('atoll-waiting') ?? '')).toContain(
          `Your cluster waits: ${reason}`,
        );
      } finally {
        await cordon(false);
      }
      await inPhase(name, 'running');
      await cordon(true);
      try {
        await clusters.scale(name, 1n);
        await until('the reason is known', async () => (await waitingFor(name)) === reason);
      } finally {
        await cordon(false);
      }
      await until('the worker runs', async () => (await pods('worker'))[0]?.status?.phase === 'Running', 150);
      await until('nothing is waited for', async () => (await waitingFor(name)) === '', 150);
      await clusters.stop(name, 'The test is over.');
      await nothingLeft();
    },
  );

  test('whoever waits for a cluster whose image is private is told so, with what to do', async () => {
    const api = gatewayApi();
    const { name } = await clusters.create(ada, { image: `${registry.host}/private/image:1` });
    await until('the reason is known', async () => (await waitingFor(name)).includes('it is private'));
    // As the client asks, and as it shows what a 409 says.
    const failed = await until('the wait is over', async () => {
      const answer = await api.request(`/api/v1/clusters/${name}?wait`);
      return answer.status === 409 ? ((await answer.json()) as { error: string }) : undefined;
    });
    expect(failed.error).toMatch(
      /failed to start.*private\/image:1 cannot be pulled: it is private.*imagePullSecrets/s,
    );
    await nothingLeft();
  });

  test('a hub that comes back owns its pods again; one that knows nothing of them ends them', async () => {
    const name = await runningWith(1);
    await clusters.close();
    await world.reopen();
    clusters = await openHub(store);
    expect((await clusters.get(name))?.phase).toBe('running');
    expect(await pods('scheduler')).toHaveLength(1);
    await clusters.close();
    await world.reopen();
    const empty = await newStore();
    const other = await openHub(empty);
    await nothingLeft();
    await other.close();
    await empty.close();
    await world.reopen();
    clusters = await openHub(store);
    await inPhase(name, 'failed');
  });
});
