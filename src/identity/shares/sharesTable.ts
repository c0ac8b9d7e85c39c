import type { Kysely } from 'kysely';
import type { Database } from '../../store/database.ts';

/** A server as far as shares show it. */
export interface SharedServer {
  id: number;
  user: string;
  /** "" is the default one. */
  name: string;
  ready: boolean;
}

/** With whom a server is shared. */
export type Grantee = { user: string } | { group: string };

/** A server shared with one user or group. */
export interface Share {
  id: number;
  server: SharedServer;
  grantee: Grantee;
  /** With the filter on the server, sorted. */
  scopes: string[];
  createdAt: number;
}

/** A code by which people take a share, without the code itself. */
export interface ShareCode {
  /** Clients know it as `sc_7`. */
  id: number;
  server: SharedServer;
  /** With the filter on the server, sorted. */
  scopes: string[];
  createdAt: number;
  expiresAt: number;
  exchangeCount: number;
  lastExchangedAt: number | null;
}

/** Shares with the names of their servers and grantees. */
export function selectShares(db: Kysely<Database>) {
  return db
    .selectFrom('shares')
    .innerJoin('servers', 'servers.id', 'shares.server_id')
    .innerJoin('users as owners', 'owners.id', 'servers.user_id')
    .leftJoin('users as grantees', 'grantees.id', 'shares.user_id')
    .leftJoin('groups', 'groups.id', 'shares.group_id');
}

/** The columns that {@link toShare} reads. */
export const shareColumns = [
  'shares.id',
  'shares.server_id',
  'shares.scopes',
  'shares.created_at',
  'servers.name as server_name',
  'servers.phase',
  'owners.name as owner',
  'grantees.name as user',
  'groups.name as group',
] as const;

/** Share codes with the names of their servers. */
export function selectShareCodes(db: Kysely<Database>) {
  return db
    .selectFrom('share_codes')
    .innerJoin('servers', 'servers.id', 'share_codes.server_id')
    .innerJoin('users as owners', 'owners.id', 'servers.user_id');
}

/** The columns that {@link toShareCode} reads. */
export const shareCodeColumns = [
  'share_codes.id',
  'share_codes.server_id',
  'share_codes.scopes',
  'share_codes.created_at',
  'share_codes.expires_at',
  'share_codes.exchange_count',
  'share_codes.last_exchanged_at',
  'servers.name as server_name',
  'servers.phase',
  'owners.name as owner',
] as const;

interface ServerColumns {
  server_id: number;
  server_name: string;
  owner: string;
  phase: string;
  scopes: string;
}

/** A row as the rest of the program sees it. */
export function toShare(
  row: ServerColumns & { id: number; created_at: number; user: string | null; group: string | null },
): Share {
  return {
    id: row.id,
    server: serverOf(row),
    grantee: row.group === null ? { user: row.user ?? '' } : { group: row.group },
    scopes: scopesOf(row),
    createdAt: row.created_at,
  };
}

/** A row as the rest of the program sees it. */
export function toShareCode(
  row: ServerColumns & {
    id: number;
    created_at: number;
    expires_at: number;
    exchange_count: number;
    last_exchanged_at: number | null;
  },
): ShareCode {
  return {
    id: row.id,
    server: serverOf(row),
    scopes: scopesOf(row),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    exchangeCount: row.exchange_count,
    lastExchangedAt: row.last_exchanged_at,
  };
}

function serverOf({ server_id, server_name, owner, phase }: ServerColumns): SharedServer {
  return { id: server_id, user: owner, name: server_name, ready: phase === 'ready' };
}

/** Only names are stored, so that a rename of the owner or the server leaves no right to what has the old name. */
function scopesOf({ scopes, owner, server_name }: ServerColumns): string[] {
  return (JSON.parse(scopes) as string[]).map((scope) => `${scope}!server=${owner}/${server_name}`).sort();
}
