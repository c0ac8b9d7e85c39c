import type { Path } from '../config/problem.ts';
import { nearest } from '../config/suggest.ts';

const backend = ['dask-gateway', 'gateway', 'backend'];
const clusters = ['atoll', 'clusters'];

/** Traits of dask-gateway's `ClusterConfig` and `Backend`, and the values that say the same. */
const paths: Record<string, Path> = {
  worker_memory: [...backend, 'worker', 'memory', 'request'],
  worker_memory_limit: [...backend, 'worker', 'memory', 'limit'],
  worker_cores: [...backend, 'worker', 'cores', 'request'],
  worker_cores_limit: [...backend, 'worker', 'cores', 'limit'],
  worker_threads: [...backend, 'worker', 'threads'],
  worker_extra_pod_config: [...backend, 'worker', 'extraPodConfig'],
  worker_extra_container_config: [...backend, 'worker', 'extraContainerConfig'],
  worker_extra_pod_labels: [...clusters, 'workerPodLabels'],
  worker_extra_pod_annotations: [...clusters, 'workerPodAnnotations'],
  scheduler_memory: [...backend, 'scheduler', 'memory', 'request'],
  scheduler_memory_limit: [...backend, 'scheduler', 'memory', 'limit'],
  scheduler_cores: [...backend, 'scheduler', 'cores', 'request'],
  scheduler_cores_limit: [...backend, 'scheduler', 'cores', 'limit'],
  scheduler_extra_pod_config: [...backend, 'scheduler', 'extraPodConfig'],
  scheduler_extra_container_config: [...backend, 'scheduler', 'extraContainerConfig'],
  scheduler_extra_pod_labels: [...clusters, 'schedulerPodLabels'],
  scheduler_extra_pod_annotations: [...clusters, 'schedulerPodAnnotations'],
  environment: [...backend, 'environment'],
  image: [...backend, 'image'],
  image_pull_policy: [...backend, 'image', 'pullPolicy'],
  image_pull_secrets: [...backend, 'imagePullSecrets'],
  namespace: [...backend, 'namespace'],
  scheduler_cmd: [...clusters, 'schedulerCommand'],
  worker_cmd: [...clusters, 'workerCommand'],
  cluster_max_workers: [...clusters, 'maxWorkers'],
  cluster_max_cores: [...clusters, 'maxCores'],
  cluster_max_memory: [...clusters, 'maxMemory'],
  idle_timeout: [...clusters, 'idleTimeout'],
  adaptive_period: [...clusters, 'adaptivePeriod'],
  cluster_start_timeout: [...clusters, 'startTimeout'],
};

/** The classes whose traits these are, the most special ones first: the first that sets a trait wins, as in traitlets. */
const classes = [
  'KubeClusterConfig',
  'LocalClusterConfig',
  'ClusterConfig',
  'KubeBackend',
  'LocalBackend',
  'UnsafeLocalBackend',
  'Backend',
  'DaskGateway',
];

/** The way to the value that says the same as `c.SECTION.TRAIT` of the gateway; undefined when none does. */
export function gatewayPath(section: string, trait: string): Path | undefined {
  return classes.includes(section) && Object.hasOwn(paths, trait) ? paths[trait] : undefined;
}

/** The known trait that was probably meant by one that is unknown: `c.ClusterConfig.idle_timeout`. */
export function meantGatewayTrait(section: string, trait: string): string | undefined {
  const near = classes.includes(section) ? nearest(trait, Object.keys(paths), 2) : undefined;
  return near && `c.${section}.${near}`;
}

/** How special a class is; the larger number wins. */
export function gatewayRank(section: string): number {
  return -classes.indexOf(section);
}
