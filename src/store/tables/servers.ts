import type { Generated } from 'kysely';

/** One notebook server of one user; the default one has the name "". */
export interface ServersTable {
  id: Generated<number>;
  user_id: number;
  name: string;
  display_name: string;
  created_at: number;
  /** What should be: `running` or `stopped`. */
  desired: string;
  /** What was seen last: `stopped`, `starting`, `ready`, `stopping` or `failed`. */
  phase: string;
  /** The workload of the present (or last) start, unique per start; null before the first. */
  workload_id: string | null;
  /** JSON: what the person chose for this start (JupyterHub's user_options). */
  user_options: string;
  /** Where the workload answers: JSON `{host, port}`, or null while unknown. */
  address: string | null;
  started_at: number | null;
  ready_at: number | null;
  last_activity: number | null;
  /** JSON of why the last start failed (`{message, logTail}`), or null. */
  failure: string | null;
}

export interface ServersDatabase {
  servers: ServersTable;
}
