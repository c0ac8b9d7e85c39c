import type { Cluster } from '../../clusters/cluster.ts';
import type { ClusterCredentials } from '../../clusters/credentials.ts';

/**
 * A cluster as the API shows it. The set of keys is closed: dask-gateway's client passes every other one on as an
 * argument that does not exist, and then deletes the cluster it was just given.
 */
export interface ClusterModel {
  name: string;
  /** Below the gateway's address; null unless running with a dashboard. */
  dashboard_route: string | null;
  status: string;
  /** Milliseconds since the epoch, as all times. */
  start_time: number;
  stop_time: number | null;
  options: Record<string, unknown>;
  /** PEM; null unless running. */
  tls_cert: string | null;
  tls_key: string | null;
}

/** A cluster for whoever may see it. Without `credentials` it can be looked at, but not connected to. */
export function clusterModelOf(cluster: Cluster, credentials: ClusterCredentials | undefined): ClusterModel {
  const running = cluster.phase === 'running';
  return {
    name: cluster.name,
    dashboard_route: running && cluster.address?.ports.dashboard ? `/clusters/${cluster.name}/status` : null,
    status: cluster.phase.toUpperCase(),
    start_time: cluster.createdAt,
    stop_time: cluster.stoppedAt ?? null,
    options: cluster.options,
    tls_cert: running ? (credentials?.tlsCert ?? null) : null,
    tls_key: running ? (credentials?.tlsKey ?? null) : null,
  };
}
