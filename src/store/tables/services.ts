/** The last start of one service that the hub runs. */
export interface ManagedServicesTable {
  name: string;
  /** Unique per start. */
  workload_id: string;
  /** SHA-256 of the API token that it was started with. */
  token_hash: string;
  /** SHA-256 of all that it was started with: when the settings say something else, it is started anew. */
  digest: string;
  started_at: number;
  /** How often in a row it ended soon after its start. */
  failures: number;
  /** When its process was found to have ended; null while it runs. */
  ended_at: number | null;
}

/** The tables of services. */
export interface ServicesDatabase {
  managed_services: ManagedServicesTable;
}
