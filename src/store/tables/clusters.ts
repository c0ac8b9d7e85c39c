/** One Dask cluster. `name` is what clients know it by. */
export interface ClustersTable {
  name: string;
  user_name: string;
  created_at: number;
  /** What should be: `running` or `stopped`. */
  desired: string;
  /** What was seen last: `pending`, `running`, `stopping`, `stopped` or `failed`. */
  phase: string;
  /** JSON of the normalised options, as the client sees them. */
  options: string;
  /** JSON of the resulting cluster configuration: commands, resources, limits, environment. */
  config: string;
  /** Sealed API token of the scheduler. */
  token: string;
  tls_cert: string;
  /** Sealed private key (PEM). */
  tls_key: string;
  scheduler_workload_id: string;
  /** JSON `{host, ports: {scheduler, dashboard, api}}`, or null while unknown. */
  address: string | null;
  /** Workers wanted, as the scheduler last asked. */
  wanted_workers: number;
  started_at: number | null;
  stopped_at: number | null;
  last_heartbeat: number | null;
  /** Plain words on why it failed or waits, or null. */
  reason: string | null;
}

/** One worker of a cluster; `name` is also its workload id. */
export interface WorkersTable {
  name: string;
  cluster_name: string;
  created_at: number;
  /** `starting`, `running`, `closing` (the scheduler retires it), `stopped` or `failed`. */
  phase: string;
  /** JSON of how it ended, or null. */
  exit: string | null;
}

export interface ClustersDatabase {
  clusters: ClustersTable;
  workers: WorkersTable;
}
