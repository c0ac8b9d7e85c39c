import type { Pod } from 'kubernetes-types/core/v1.js';
import type { Cluster } from '../../src/clusters/cluster.ts';
import { clusterConfigOf } from '../../src/clusters/clusterConfig.ts';
import { workerSpec } from '../../src/clusters/workloads.ts';
import { defaultSettings } from '../../src/config/settings.ts';
import { clusterPod } from '../../src/runtimes/kubernetes/clusterPod.ts';
import { filesDirectory } from '../../src/runtimes/kubernetes/podInputs.ts';

const { servers, clusters, deployment } = defaultSettings();
const config = clusterConfigOf(clusters, {
  worker_cores: 0.1,
  worker_cores_limit: 1,
  worker_memory: '256M',
  worker_memory_limit: '512M',
});
const cluster = { name: '0123456789abcdef0123456789abcdef', owner: 'ada', config } as Cluster;
const credentials = { token: '', tlsCert: '', tlsKey: '' };
const scheduler = { host: '10.200.0.1', ports: { scheduler: 8786, dashboard: 8787, api: 8788 } };
const reservation = {
  bindAddress: '0.0.0.0',
  ports: {},
  filesDirectory,
  homeDirectory: '/home/jovyan',
  superuser: false,
};

/** A worker's pod as the hub of the measurement makes it, of another installation. */
export function benchWorker(namespace: string, index: number): Pod {
  const name = `worker-${index.toString(16).padStart(16, '0')}`;
  return clusterPod({
    spec: workerSpec(cluster, name, credentials, reservation, scheduler),
    namespace,
    installationId: 'bare0123456789ab',
    servers: servers.pod,
    clusters: { ...clusters.pod, image: { name: 'localhost/atoll-test', tag: '1', pullPolicy: 'IfNotPresent' } },
    placement: deployment.scheduling.userPods,
    secretName: 'atoll-files-0123456789abcdef0123456789abcdef',
  }).pod;
}
