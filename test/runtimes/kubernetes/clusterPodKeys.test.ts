import type { Pod } from 'kubernetes-types/core/v1.js';
import { describe, expect, test } from 'vitest';
import type { Cluster } from '../../../src/clusters/cluster.ts';
import { clusterConfigOf } from '../../../src/clusters/clusterConfig.ts';
import { schedulerSpec, workerSpec } from '../../../src/clusters/workloads.ts';
import type { Key } from '../../../src/config/keys/key.ts';
import { effectOf, keyTable } from '../../../src/config/keys/keyTable.ts';
import { clusterPod } from '../../../src/runtimes/kubernetes/clusterPod.ts';
import { filesDirectory, podPorts } from '../../../src/runtimes/kubernetes/podInputs.ts';
import { fileWith } from '../../config/fileWith.ts';
import { settingsFrom } from '../../config/settingsFrom.ts';

const credentials = { token: 'secret-token', tlsCert: 'certificate', tlsKey: 'secret-key' };
const priorities = { server: 'users', scheduler: 'schedulers', worker: 'workers' };

/** The pods of Ada's cluster, from the text of a values file and what a handler of options returned. */
async function podsFrom(
  text: string,
  overrides: Record<string, unknown> = {},
): Promise<{ scheduler: Pod; worker: Pod }> {
  const settings = await settingsFrom('atoll: {runtime: {kind: kubernetes}}', text);
  const { servers, clusters, deployment } = settings;
  const config = clusterConfigOf(clusters, overrides);
  const cluster = { name: 'c1', owner: 'ada', config, schedulerWorkloadId: 'scheduler-c1' } as Cluster;
  const ports = { scheduler: podPorts.scheduler ?? 0, dashboard: podPorts.dashboard ?? 0, api: podPorts.api ?? 0 };
  const reservation = { bindAddress: '0.0.0.0', filesDirectory, homeDirectory: '/home/jovyan', superuser: false };
  const inputs = {
    namespace: 'hub',
    installationId: 'i',
    servers: servers.pod,
    clusters: clusters.pod,
    placement: deployment.scheduling.userPods,
    priorities,
    secretName: 'atoll-files-1',
  };
  const scheduler = schedulerSpec(cluster, credentials, { ...reservation, ports }, 'http://edge/services/dask-gateway');
  const address = { host: '10.0.0.1', ports };
  const worker = workerSpec(cluster, 'worker-1', credentials, { ...reservation, ports: {} }, address);
  return {
    scheduler: clusterPod({ ...inputs, spec: scheduler }).pod,
    worker: clusterPod({ ...inputs, spec: worker }).pod,
  };
}

const spec = (part: unknown): object => ({ spec: part });
const container = (part: object): object => spec({ containers: [expect.objectContaining(part)] });
const has = (...items: unknown[]): unknown => expect.arrayContaining(items);
const requests = (part: object): object =>
  container({ resources: expect.objectContaining({ requests: expect.objectContaining(part) }) });
const limits = (part: object): object =>
  container({ resources: expect.objectContaining({ limits: expect.objectContaining(part) }) });
const toleration = { key: 'gpu', operator: 'Exists' };

/** Keys of one kind of pod, below `dask-gateway.gateway.backend.scheduler` and `.worker`. */
const ofOneKind: readonly [string, unknown, object][] = [
  ['memory.request', '1G', requests({ memory: String(2 ** 30) })],
  ['memory.limit', '3G', limits({ memory: String(3 * 2 ** 30) })],
  ['cores.request', 0.25, requests({ cpu: '0.25' })],
  ['cores.limit', 2, limits({ cpu: '2' })],
  [
    'extraPodConfig',
    { tolerations: [toleration], nodeSelector: { pool: 'dask' } },
    spec({ tolerations: has(toleration), nodeSelector: { pool: 'dask' } }),
  ],
  ['extraContainerConfig', { securityContext: { runAsUser: 5 } }, container({ securityContext: { runAsUser: 5 } })],
];

/** Keys of both kinds, by their whole paths. */
const ofBothKinds: readonly [string, unknown, object][] = [
  ['dask-gateway.gateway.backend.environment', { A: 'b' }, container({ env: has({ name: 'A', value: 'b' }) })],
  ['dask-gateway.gateway.backend.image', { name: 'x/dask', tag: '1' }, container({ image: 'x/dask:1' })],
  ['dask-gateway.gateway.backend.image.pullPolicy', 'Always', container({ imagePullPolicy: 'Always' })],
  ['dask-gateway.gateway.backend.image.pullSecrets', ['registry'], spec({ imagePullSecrets: [{ name: 'registry' }] })],
  [
    'dask-gateway.gateway.backend.imagePullSecrets',
    [{ name: 'registry' }],
    spec({ imagePullSecrets: [{ name: 'registry' }] }),
  ],
];

describe('each key and the pods of a cluster', () => {
  for (const kind of ['scheduler', 'worker'] as const) {
    test.each(ofOneKind)(`${kind}.%s: %j`, async (key, value, expected) => {
      const text = fileWith(`dask-gateway.gateway.backend.${kind}.${key}`, value);
      expect((await podsFrom(text))[kind]).toMatchObject(expected);
    });

    test.each(ofBothKinds)(`%s: %j, of a ${kind}`, async (key, value, expected) => {
      expect((await podsFrom(fileWith(key, value)))[kind]).toMatchObject(expected);
    });

    test(`labels and annotations of a ${kind}, by settings and by a handler, which wins`, async () => {
      const text = fileWith('atoll.clusters', {
        [`${kind}PodLabels`]: { team: 'settings', component: 'mine' },
        [`${kind}PodAnnotations`]: { note: 'settings' },
      });
      const metadata = { labels: { team: 'settings', component: `dask-${kind}` }, annotations: { note: 'settings' } };
      expect((await podsFrom(text))[kind]).toMatchObject({ metadata });
      const overrides = { [`${kind}_extra_pod_labels`]: { team: 'handler', 'atoll/workload': 'other' } };
      const { metadata: chosen } = (await podsFrom(text, overrides))[kind];
      expect(chosen?.labels).toMatchObject({ team: 'handler', 'gateway.dask.org/cluster': 'c1' });
      // What Atoll finds its pods by is nobody's choice.
      expect(chosen?.labels?.['atoll/workload']).not.toBe('other');
    });
  }

  test('a handler’s parts of pods stand in the place of those of the settings, as in dask-gateway', async () => {
    const text = fileWith('dask-gateway.gateway.backend', {
      worker: { extraPodConfig: { nodeSelector: { pool: 'cpu' } } },
      image: { pullPolicy: 'IfNotPresent' },
      imagePullSecrets: ['registry'],
    });
    const { worker, scheduler } = await podsFrom(text, {
      image: 'x/gpu:1',
      image_pull_policy: 'Always',
      image_pull_secrets: ['other'],
      worker_extra_pod_config: { tolerations: [toleration] },
      worker_extra_container_config: { resources: { limits: { 'nvidia.com/gpu': 1 } } },
    });
    expect(worker).toMatchObject(container({ image: 'x/gpu:1', imagePullPolicy: 'Always' }));
    expect(worker).toMatchObject(limits({ 'nvidia.com/gpu': 1 }));
    expect(worker).toMatchObject(spec({ tolerations: has(toleration), imagePullSecrets: [{ name: 'other' }] }));
    expect(worker.spec?.nodeSelector).toBeUndefined();
    expect(scheduler).toMatchObject(container({ image: 'x/gpu:1', imagePullPolicy: 'Always' }));
  });

  test('what servers pull their images with, clusters do as well: the image is the same, or one beside it', async () => {
    const { worker, scheduler } = await podsFrom(`
dask-gateway: { gateway: { backend: { imagePullSecrets: [own] } } }
jupyterhub:
  imagePullSecret: { create: true, username: bot, password: p }
  singleuser: { image: { pullSecrets: [users] } }`);
    for (const pod of [worker, scheduler])
      expect(pod.spec?.imagePullSecrets?.map(({ name }) => name)?.toSorted()).toEqual([
        'image-pull-secret',
        'own',
        'users',
      ]);
  });

  test('workers prefer nodes of their own, and go after people; schedulers before, and not on nodes that can vanish', async () => {
    const { worker, scheduler } = await podsFrom('{}');
    const preferred = ({ spec: pod }: Pod): unknown[] =>
      pod?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const own = (kind: string): object => ({
      weight: 100,
      preference: { matchExpressions: [{ key: 'k8s.dask.org/node-purpose', operator: 'In', values: [kind] }] },
    });
    expect(preferred(worker)).toEqual([own('worker')]);
    expect(preferred(scheduler)).toEqual([own('scheduler'), expect.objectContaining({ weight: 100 })]);
    expect(JSON.stringify(preferred(scheduler))).toContain('"operator":"NotIn","values":["spot"]');
    expect([worker.spec?.priorityClassName, scheduler.spec?.priorityClassName]).toEqual(['workers', 'schedulers']);
    expect(JSON.stringify(worker.spec?.tolerations)).not.toContain('spot');
    expect(scheduler.metadata?.annotations?.['cluster-autoscaler.kubernetes.io/safe-to-evict']).toBe('false');
  });

  test('preemptible workers tolerate the taints of clouds, and prefer such nodes; schedulers never do', async () => {
    const { worker, scheduler } = await podsFrom(fileWith('atoll.clusters.preemptibleWorkers', true));
    const spot = {
      key: 'kubernetes.azure.com/scalesetpriority',
      operator: 'Equal',
      value: 'spot',
      effect: 'NoSchedule',
    };
    expect(worker.spec?.tolerations).toContainEqual(spot);
    expect(JSON.stringify(worker.spec?.affinity)).toContain('"cloud.google.com/gke-spot","operator":"In"');
    expect(scheduler.spec?.tolerations).not.toContainEqual(spot);
  });

  test('no key that shapes these pods is left out', () => {
    const shown = new Set([
      ...['scheduler', 'worker'].flatMap((kind) => ofOneKind.map(([key]) => `${kind}.${key}`)),
      'environment',
      'image.name',
      'image.tag',
      'image.pullPolicy',
      'image.pullSecrets',
      'imagePullSecrets',
      // Not of the pod: its namespace is that of the hub (kubernetes/hubOnPods.test.ts), threads are an argument.
      'namespace',
      'worker.threads',
    ]);
    const backend = 'dask-gateway.gateway.backend.';
    const left = keyTable
      .filter((row): row is Key => row.kind === 'key' && row.path.startsWith(backend))
      .filter((row) => effectOf(row, 'kubernetes').kind === 'works' && !shown.has(row.path.slice(backend.length)));
    expect(left.map(({ path }) => path)).toEqual([]);
  });

  test('no secret of a cluster is in its pods', async () => {
    expect(JSON.stringify(await podsFrom('{}'))).not.toMatch(/secret-(token|key)/);
  });
});
