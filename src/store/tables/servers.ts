import type { Generated } from 'kysely';

/** One notebook server of one user; the default one has the name "". */
export interface ServersTable {
  id: Generated<number>;
  user_id: number;
  name: string;
  display_name: string;
  created_at: number;
  /** What should be: `running`, `stopped`, or `removed` (stopped, and then this row goes). */
  desired: string;
  /** How far it is: `stopped`, `starting`, `ready`, `stopping` or `failed`. */
  phase: string;
  /** The workload of the present (or last) start, unique per start; null before the first. */
  workload_id: string | null;
  /** JSON `{length, sha256}` of the server's own token, by which it is found and hidden in log lines; null before it is issued. */
  token_fingerprint: string | null;
  /** JSON: what the person chose for this start (JupyterHub's user_options). */
  user_options: string;
  /** By which settings it was started; null before that. */
  settings_digest: string | null;
  /** When the present (or last) start was accepted. */
  started_at: number | null;
  /** When its server first answered; null until then. */
  ready_at: number | null;
  last_activity: number | null;
  /** JSON of why the last start failed or the server ended (`Failure` in diagnosis/failure.ts), or null. */
  failure: string | null;
}

/** The tables of servers. */
export interface ServersDatabase {
  servers: ServersTable;
}
