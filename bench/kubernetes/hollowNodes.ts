import type { Pod } from 'kubernetes-types/core/v1.js';
import { ApiClient } from '../../src/kubernetes/apiClient.ts';
import { kubeconfigAccess } from '../../src/kubernetes/kubeconfigAccess.ts';
import { Reflector } from '../../src/kubernetes/reflector.ts';

// Run as a program of its own, so that what it costs does not count: makes nodes that are not there, and says of each pod
// that the scheduler puts on one that it runs. Prints `ready` when the nodes are there, then how many pods it has tended.
//     node bench/kubernetes/hollowNodes.ts NODES

interface Placed {
  key: string;
  version: string;
  uid: string;
  namespace: string;
  node: string | undefined;
  ip: string | undefined;
  leaving: boolean;
  container: string;
  image: string;
}

const nodes = Number(process.argv[2]);
const client = new ApiClient(kubeconfigAccess(), { most: 64, mostBulk: 64 });
const patch = { method: 'PATCH', contentType: 'application/merge-patch+json', priority: 'bulk' } as const;
const now = (): string => new Date().toISOString();
let addresses = 0;
/** Pods that were said to run, ever. */
let running = 0;
let isTold = true;
/** Pods that were said to run. */
const said = new Set<string>();

for (let index = 0; index < nodes; index += 1) {
  const name = `hollow-${index}`;
  const body = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { 'kubernetes.io/hostname': name } } };
  await client.request({ method: 'POST', path: '/api/v1/nodes', body });
  await client.request({ ...patch, path: `/api/v1/nodes/${name}/status`, body: { status: nodeStatus() } });
}
const heartbeat = setInterval(() => {
  for (let index = 0; index < nodes; index += 1)
    client
      .request({ ...patch, path: `/api/v1/nodes/hollow-${index}/status`, body: { status: nodeStatus() } })
      .catch(() => undefined);
}, 15_000);

const pods = new Reflector<Pod, Placed>({
  client,
  path: '/api/v1/pods',
  project: ({ metadata = {}, spec, status }) => ({
    key: `${metadata.namespace}/${metadata.name}`,
    version: metadata.resourceVersion ?? '',
    uid: metadata.uid ?? '',
    namespace: metadata.namespace ?? '',
    node: spec?.nodeName,
    ip: status?.podIP,
    leaving: metadata.deletionTimestamp !== undefined,
    container: spec?.containers[0]?.name ?? '',
    image: spec?.containers[0]?.image ?? '',
  }),
  onChange: (_, pod, last) => {
    isTold = false;
    if (pod) tend(pod);
    else if (last) said.delete(last.uid);
  },
  onTrouble: () => undefined,
});
await pods.open();
process.stdout.write('ready\n');
const telling = setInterval(() => {
  if (!isTold) process.stdout.write(`${JSON.stringify({ present: pods.size, running })}\n`);
  isTold = true;
}, 20);
// What failed when it was to be done is done later, as a kubelet would.
const tendingAgain = setInterval(() => {
  for (const pod of pods.list()) if (pod.leaving || pod.ip === undefined) tend(pod);
}, 5000);
process.on('SIGTERM', () => {
  clearInterval(tendingAgain);
  clearInterval(heartbeat);
  clearInterval(telling);
  process.exit(0);
});

function tend(pod: Placed): void {
  const path = `/api/v1/namespaces/${pod.namespace}/pods/${pod.key.split('/')[1]}`;
  if (pod.node === undefined) return;
  if (pod.leaving) {
    client
      .request({ method: 'DELETE', path, body: { gracePeriodSeconds: 0 }, priority: 'bulk' })
      .catch(() => undefined);
    return;
  }
  if (pod.ip !== undefined || said.has(pod.uid)) return;
  said.add(pod.uid);
  client
    .request({ ...patch, path: `${path}/status`, body: { status: podStatus(pod) } })
    .then(countRunning, () => said.delete(pod.uid));
}

function countRunning(): void {
  running += 1;
  isTold = false;
}

function podStatus({ container, image }: Placed): Record<string, unknown> {
  addresses += 1;
  const third = Math.floor(addresses / 250);
  const podIP = `10.${200 + Math.floor(third / 256)}.${third % 256}.${(addresses % 250) + 1}`;
  const started = { name: container, image, imageID: image, ready: true, restartCount: 0, started: true };
  return {
    phase: 'Running',
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: now(),
    conditions: [{ type: 'Ready', status: 'True' }],
    containerStatuses: [{ ...started, state: { running: { startedAt: now() } } }],
  };
}

function nodeStatus(): Record<string, unknown> {
  const capacity = { cpu: '64', memory: '256Gi', pods: '110' };
  return {
    capacity,
    allocatable: capacity,
    conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: now(), reason: 'Hollow' }],
  };
}
