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
  /** When there was room for it under the limits; null while it waits for that. */
  admitted_at: number | null;
  /** Its owner's server on which it was made, when it was made with that server's token; else null. */
  server_name: string | null;
  /** JSON of the versions of Python and packages that its scheduler told, or null. */
  versions: string | null;
  /** JSON of what its workers have used since the present start of its scheduler, as the scheduler last told, or null. */
  told_use: string | null;
  /** JSON list of the groups that its owner was a member of when it was made. */
  user_groups: string;
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

/** How a worker ended that was not meant to. The runtime and the scheduler each know a part, and tell it in any order. */
export interface WorkerEndsTable {
  worker_name: string;
  cluster_name: string;
  ended_at: number;
  /** JSON of what the runtime saw, or null. */
  cause: string | null;
  /** JSON list of the keys of the tasks that it was working on, or null. */
  tasks: string | null;
}

/** What one cluster asked for and used during one day. */
export interface ClusterUsageTable {
  cluster_name: string;
  /** `2026-11-24`, UTC. */
  day: string;
  user_name: string;
  /** JSON list. */
  user_groups: string;
  core_seconds_requested: number;
  byte_seconds_requested: number;
  /** As told by Dask; 0 where it tells nothing. */
  core_seconds_used: number;
  byte_seconds_used: number;
}

/** The tables of clusters. */
export interface ClustersDatabase {
  clusters: ClustersTable;
  workers: WorkersTable;
  worker_ends: WorkerEndsTable;
  cluster_usage: ClusterUsageTable;
}
