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
  /** Sealed JSON of the authenticator's auth state, for servers and administrators to read, or null. */
  auth_state: string | null;
  /** Who vouched for them when they signed in last (`Authenticator.provider`), or null: a login link, or nobody yet. */
  auth_provider: string | null;
  /** What that provider knows them by for good, or null: nothing but the name. */
  auth_subject: string | null;
  /** When the provider was last asked; null: never. */
  auth_refreshed_at: number | null;
  /** The same as `auth_state`, where nobody but the hub may read it: for asking again. */
  refresh_state: string | null;
}

/** A named set of users. `properties` is a JSON object. */
export interface GroupsTable {
  id: Generated<number>;
  name: string;
  properties: string;
}

/** Who is in which group. */
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
}

/** Links that sign one person in, once. `hash` is the SHA-256 of the link's secret. */
export interface LoginLinksTable {
  hash: string;
  user_id: number;
  expires_at: number;
}

/** API and OAuth access tokens of users. Only the SHA-256 is kept. (Tokens of services are in the settings.) */
export interface ApiTokensTable {
  id: Generated<number>;
  hash: string;
  /** Of a token that a JupyterHub made: its first characters. `hash` is in JupyterHub's form then. */
  imported_prefix: Generated<string | null>;
  user_id: number;
  /** The OAuth client it was issued to; null for a plain API token. */
  oauth_client_id: string | null;
  session_id: string | null;
  /** For a server's own token: which of the user's servers it belongs to. */
  server_name: string | null;
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
  /** SHA-256 of the secret, which is the server's API token; null for a service, whose token is in the settings only. */
  secret_hash: string | null;
  redirect_uri: string;
  /** JSON list. */
  allowed_scopes: string;
  /** The server it belongs to (`user_id`, `server_name`), or the service. */
  user_id: number | null;
  server_name: string | null;
  service: string | null;
}

/** Authorization codes; a used one is kept until it expires, so that a second use is noticed. */
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
  /** When it was exchanged, and for which token (null again once that token is gone). */
  used_at: number | null;
  token_id: number | null;
}

/** What was brought from a JupyterHub, whatever became of it since: it is not brought again. */
export interface ImportedTable {
  /** `user`, `authState`, `group`, `membership`, `token`, or `server`. */
  kind: string;
  /** The name of the user or group; the token's hash; `["GROUP","USER"]`; `["USER","SERVER"]`. */
  key: string;
}

/** The tables of identity. */
export interface IdentityDatabase {
  users: UsersTable;
  groups: GroupsTable;
  group_members: GroupMembersTable;
  passwords: PasswordsTable;
  sessions: SessionsTable;
  login_links: LoginLinksTable;
  api_tokens: ApiTokensTable;
  imported: ImportedTable;
  oauth_clients: OAuthClientsTable;
  oauth_codes: OAuthCodesTable;
}
