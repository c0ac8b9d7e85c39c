/** One Dask cluster. `name` is what clients know it by. */
export interface ClustersTable {
  name: string;
  user_name: string;
  created_at: number;
  /** What should be: `running` or `stopped`. */
  desired: string;
  /** What was seen last: `pending`, `running`, `stopping`, `stopped` or `failed`. */
  phase: string;
  /** 1 when nothing of it is left: no process, no credentials. */
  ended: number;
  /** JSON of the normalised options, as the client sees them. */
  options: string;
  /** JSON of the resulting cluster configuration: resources, limits, environment. */
  config: string;
  /** Sealed API token of the scheduler; empty when ended. */
  token: string;
  /** PEM; empty when ended. */
  tls_cert: string;
  /** Sealed private key (PEM); empty when ended. */
  tls_key: string;
  /** The workload of the present start of its scheduler. */
  scheduler_workload_id: string;
  /** How often its scheduler was started: more than once only when a port turned out to be taken. */
  scheduler_starts: number;
  /** JSON `{host, ports: {scheduler, dashboard, api}}`, or null until it runs. */
  address: string | null;
  /** JSON of how many workers people asked for: a fixed number, or a range to adapt within. */
  scaling: string;
  /** Counts the changes of `scaling`. */
  scaling_revision: number;
  /** The revision of `scaling` that the scheduler last took. */
  told_revision: number;
  /** Workers wanted now. */
  wanted_workers: number;
  /** JSON of the last workers that ended unexpectedly, or null. */
  worker_trouble: string | null;
  /** When it was running for the first time. */
  running_at: number | null;
  /** When it stopped or failed. */
  stopped_at: number | null;
  /** Plain words on why it failed or stopped, or null. */
  reason: string | null;
}

/** One worker of a cluster, as long as anything of it is there; `name` is also its workload id. */
export interface WorkersTable {
  name: string;
  cluster_name: string;
  created_at: number;
  /**
   * `starting`; `running`: the scheduler has it; `closing`: the scheduler retires it; `stopping`: the hub ends it.
   */
  phase: string;
}

/** The tables of clusters. */
export interface ClustersDatabase {
  clusters: ClustersTable;
  workers: WorkersTable;
}
