import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { defaultClusterPods, defaultServerPods } from '../src/config/podSettings.ts';
import { ApiClient } from '../src/kubernetes/apiClient.ts';
import { kubeconfigAccess } from '../src/kubernetes/kubeconfigAccess.ts';
import { silentLogger } from '../src/observability/logger.ts';
import { createKubernetesRuntime } from '../src/runtimes/kubernetes/kubernetesRuntime.ts';
import { handIn } from './report/handIn.ts';

// The Kubernetes runtime at scale, beside a control plane without a real node:
//     KUBE_NODE=0 test/kubernetes/with-cluster node bench/kubernetes.ts [--pods 1000]
// Hollow nodes (support/hollowNodes.ts) say of each pod that it runs as soon as the scheduler has placed it.

const flag = process.argv.indexOf('--pods');
const pods = flag === -1 ? 1000 : Number(process.argv[flag + 1]);
const nodes = Math.ceil(pods / 100) + 10;
/** As many as a cluster's reconciler starts together. */
const together = 32;

const namespace = 'bench';
const client = new ApiClient(kubeconfigAccess());
await client.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } });
const hollow = spawn(process.execPath, [join(import.meta.dirname, 'support/hollowNodes.ts'), String(nodes)], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
await once(hollow.stdout, 'data');
await wait(3000);

const runtime = createKubernetesRuntime({
  access: kubeconfigAccess(),
  namespace,
  installationId: 'bench',
  settings: () => ({
    servers: defaultServerPods(),
    clusters: defaultClusterPods(),
    placement: { matchNodePurpose: 'prefer' },
  }),
  log: silentLogger(),
});
await runtime.open();
const running = new Set<string>();
runtime.observe(({ id, phase }) => {
  if (phase === 'running') running.add(id);
});

const begun = performance.now();
const cpu = process.cpuUsage();
for (let index = 0; index < pods; index += together) {
  const batch = Array.from({ length: Math.min(together, pods - index) }, async (_, offset) => {
    const id = `worker-${index + offset}`;
    const reservation = await runtime.reserve({ id, kind: 'worker', owner: 'ada', ports: [] });
    await runtime.start({
      id,
      kind: 'worker',
      owner: 'ada',
      subject: { kind: 'cluster', name: 'bench' },
      command: ['dask', 'worker', '--name', id],
      environment: { OMP_NUM_THREADS: '1' },
      files: { 'dask.crt': 'certificate', 'dask.pem': 'key' },
      resources: { memoryGuarantee: 2 ** 28, memoryLimit: 2 ** 28, coreGuarantee: 0.1, coreLimit: 0.1 },
      reservation,
    });
  });
  await Promise.all(batch);
}
const createdSeconds = (performance.now() - begun) / 1000;
while (running.size < pods) await wait(50);
const runningSeconds = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(cpu);

// How late a change is known here: from the API server's answer to whoever made it.
const lateness: number[] = [];
for (let index = 0; index < 100; index += 1) {
  const id = `worker-${index}`;
  const seen = new Promise<number>((resolve) => {
    const stop = runtime.observe((observation) => {
      if (observation.id !== id || observation.phase !== 'exited') return;
      stop();
      resolve(performance.now());
    });
  });
  const path = `/api/v1/namespaces/${namespace}/pods/dask-worker-${id}/status`;
  const terminated = { exitCode: 0, reason: 'Completed', startedAt: null, finishedAt: null };
  const container = { name: 'dask-worker', image: 'x', imageID: 'x', ready: false, restartCount: 0 };
  const status = { phase: 'Succeeded', containerStatuses: [{ ...container, state: { terminated } }] };
  await client.request({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body: { status } });
  const answered = performance.now();
  lateness.push(Math.max(0, (await seen) - answered));
}
lateness.sort((a, b) => a - b);

globalThis.gc?.();
const figure = (what: string, unit: string, better: 'more' | 'less', value: number) => ({
  case: `kubernetes/${what}`,
  unit,
  better,
  ours: [Math.round(value * 100) / 100],
});
handIn([
  figure(`${pods} worker pods: created`, 'pods/s', 'more', pods / createdSeconds),
  figure(`${pods} worker pods: until all run`, 's', 'less', runningSeconds),
  figure(`${pods} worker pods: CPU of the runtime meanwhile`, 'cores', 'less', (user + system) / 1e6 / runningSeconds),
  figure(`${pods} pods watched: memory of the process`, 'MB', 'less', process.memoryUsage.rss() / 2 ** 20),
  figure('a change is known, 99th percentile', 'ms', 'less', lateness[98] ?? Number.NaN),
]);
await runtime.close();
await client.close();
hollow.kill('SIGTERM');
await once(hollow, 'exit');
