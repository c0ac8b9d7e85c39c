import type { Generated } from 'kysely';

/** A person. `name` is normalised (lower case) and unique. */
export interface UsersTable {
  id: Generated<number>;
  name: string;
  admin: number;
  created_at: number;
  last_activity: number | null;
  /** JSON `{name, display_name, …}` from the authenticator, or null. */
  user_info: string | null;
  /** Sealed JSON of the authenticator's auth state, or null. */
  auth_state: string | null;
}

/** A named set of users. `properties` is a JSON object. */
export interface GroupsTable {
  id: Generated<number>;
  name: string;
  properties: string;
}

export interface GroupMembersTable {
  group_id: number;
  user_id: number;
}

/** The native authenticator's accounts. `hash` is argon2id in PHC string form. */
export interface PasswordsTable {
  user_name: string;
  hash: string;
  /** 1 when an administrator (or the settings) let this account in. */
  approved: number;
  created_at: number;
}

/** One browser's login. `id_hash` is the SHA-256 of the cookie's value; `session_id` is the public one for OAuth tokens. */
export interface SessionsTable {
  id_hash: string;
  session_id: string;
  user_id: number;
  created_at: number;
  expires_at: number;
  last_seen_at: number;
}

/** Links that sign one person in, once. */
export interface LoginLinksTable {
  hash: string;
  user_name: string;
  expires_at: number;
}

/** API and OAuth access tokens. Owned by a user, or by a service of the settings. Only the SHA-256 is kept. */
export interface ApiTokensTable {
  id: Generated<number>;
  hash: string;
  user_id: number | null;
  service: string | null;
  oauth_client_id: string | null;
  session_id: string | null;
  /** JSON list of scopes as requested (`inherit` stands for the owner's). */
  scopes: string;
  note: string;
  created_at: number;
  expires_at: number | null;
  last_activity: number | null;
}

/** One OAuth client per server and per service. */
export interface OAuthClientsTable {
  id: string;
  description: string;
  /** SHA-256 of the secret, which is the server's or service's API token. */
  secret_hash: string;
  redirect_uri: string;
  /** JSON list. */
  allowed_scopes: string;
  /** The server it belongs to (`user_id`, `server_name`), or the service. */
  user_id: number | null;
  server_name: string | null;
  service: string | null;
}

/** Authorization codes not exchanged yet. */
export interface OAuthCodesTable {
  hash: string;
  client_id: string;
  user_id: number;
  session_id: string;
  /** JSON list of granted scopes. */
  scopes: string;
  redirect_uri: string;
  code_challenge: string | null;
  code_challenge_method: string | null;
  expires_at: number;
}

export interface IdentityDatabase {
  users: UsersTable;
  groups: GroupsTable;
  group_members: GroupMembersTable;
  passwords: PasswordsTable;
  sessions: SessionsTable;
  login_links: LoginLinksTable;
  api_tokens: ApiTokensTable;
  oauth_clients: OAuthClientsTable;
  oauth_codes: OAuthCodesTable;
}
