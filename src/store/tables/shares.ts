import type { Generated } from 'kysely';

/** A server shared with one user or one group: exactly one of `user_id` and `group_id` is set. */
export interface SharesTable {
  id: Generated<number>;
  server_id: number;
  user_id: number | null;
  group_id: number | null;
  /** JSON list of scope names; all count for this server only. */
  scopes: string;
  created_at: number;
}

/** A code by which whoever has it takes a share, as often as people like until it expires. Only the SHA-256 is kept. */
export interface ShareCodesTable {
  id: Generated<number>;
  server_id: number;
  hash: string;
  /** As in {@link SharesTable}. */
  scopes: string;
  created_at: number;
  expires_at: number;
  exchange_count: number;
  last_exchanged_at: number | null;
}

/** A service that was added at run time (`POST /services/NAME`); those of the settings are not here. */
export interface ServicesTable {
  name: string;
  /** JSON of the service, without its token. */
  settings: string;
  /** SHA-256 of its API token, or null. */
  token_hash: string | null;
  created_at: number;
}

/** The tables of shares and of services. */
export interface SharesDatabase {
  shares: SharesTable;
  share_codes: ShareCodesTable;
  services: ServicesTable;
}
