import type { Expression, ExpressionBuilder, Selectable, SqlBool } from 'kysely';
import type { Clock } from '../core/clock.ts';
import { AtollError } from '../core/errors.ts';
import { randomHex, sha256Hex } from '../core/ids.ts';
import type { Database } from '../store/database.ts';
import type { Store, Write } from '../store/store.ts';
import type { ApiTokensTable } from '../store/tables/identity.ts';
import { fitsImportedHash } from './importedHash.ts';

/** The longest credential that is looked up; longer ones are refused unseen. */
export const maximumTokenLength = 256;

const maximumTokensPerUser = 1000;

/** Tokens of one OAuth client for one user at most; beyond, the oldest ends: a program cannot fill the store with them. */
const maximumTokensPerClient = 1000;
const maximumNoteLength = 1024;
/** Characters of a token that JupyterHub keeps beside its hash. */
const importedPrefixLength = 4;

/** An API or OAuth token, without the secret: only its SHA-256 is kept. */
export interface Token {
  /** The key in the store; clients know it as `a7`. */
  id: number;
  userId: number;
  /** As requested: not expanded, `inherit` stands for whatever the owner holds. */
  scopes: string[];
  note: string;
  createdAt: number;
  lastActivity: number | null;
  /** Milliseconds since the epoch; null: never. */
  expiresAt: number | null;
  /** The OAuth client it was issued to; null for a plain API token. */
  oauthClientId: string | null;
  /** The login an OAuth token came from; it ends with it. */
  sessionId: string | null;
  /** For a server's own token, which of the owner's servers it belongs to. */
  serverName: string | null;
}

/** What a new token shall be. */
export interface NewToken {
  userId: number;
  scopes: readonly string[];
  note: string;
  /** Seconds; undefined: it does not expire. */
  expiresInSeconds?: number;
  oauthClientId?: string;
  sessionId?: string;
  serverName?: string;
}

/** The tokens of users, in the store. */
export class Tokens {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Makes a token. The secret is returned here and never again. The caller has checked that the owner holds the scopes;
   * what counts is what the owner holds whenever the token is used.
   * @throws AtollError `ATOLL_TOO_MANY_TOKENS` when the owner has 1000 plain tokens.
   */
  async create(token: NewToken): Promise<{ secret: string; token: Token }> {
    return this.#store.write((write) => this.createIn(write, token));
  }

  /** {@link create}, as part of a larger change. */
  async createIn(write: Write, token: NewToken): Promise<{ secret: string; token: Token }> {
    const now = this.#clock.now();
    await deleteTokens(write, (row) => row.and([row('user_id', '=', token.userId), row('expires_at', '<=', now)]));
    if (token.oauthClientId !== undefined) await dropOldest(write, token.userId, token.oauthClientId);
    else if (token.serverName === undefined) await refuseTooMany(write, token.userId);
    const secret = randomHex(16);
    const row = await write.db
      .insertInto('api_tokens')
      .values({
        hash: sha256Hex(secret),
        user_id: token.userId,
        oauth_client_id: token.oauthClientId ?? null,
        session_id: token.sessionId ?? null,
        server_name: token.serverName ?? null,
        scopes: JSON.stringify(token.scopes),
        note: token.note.slice(0, maximumNoteLength),
        created_at: now,
        expires_at: token.expiresInSeconds === undefined ? null : now + token.expiresInSeconds * 1000,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    write.changed('tokens', publicIdOf(row));
    // Those of servers come and go with the servers.
    if (token.serverName === undefined) await auditToken(write, 'token.create', toToken(row));
    return { secret, token: toToken(row) };
  }

  /** The unexpired token with this secret. */
  async find(secret: string): Promise<Token | undefined> {
    return secret === '' || secret.length > maximumTokenLength ? undefined : this.findByHash(sha256Hex(secret));
  }

  /** The unexpired token whose secret has this SHA-256. */
  async findByHash(hash: string): Promise<Token | undefined> {
    const row = await this.#store.db.selectFrom('api_tokens').selectAll().where('hash', '=', hash).executeTakeFirst();
    return row && (row.expires_at === null || row.expires_at > this.#clock.now()) ? toToken(row) : undefined;
  }

  /** The unexpired token that was brought from a JupyterHub, where it had this secret. */
  async findImported(secret: string): Promise<Token | undefined> {
    if (secret.length < importedPrefixLength) return undefined;
    const rows = await this.#store.db
      .selectFrom('api_tokens')
      .selectAll()
      .where('imported_prefix', '=', secret.slice(0, importedPrefixLength))
      .execute();
    const row = rows.find((candidate) => fitsImportedHash(secret, candidate.hash));
    return row && (row.expires_at === null || row.expires_at > this.#clock.now()) ? toToken(row) : undefined;
  }

  /** The unexpired tokens of a user, oldest first. */
  async list(userId: number): Promise<Token[]> {
    const rows = await this.#store.db
      .selectFrom('api_tokens')
      .selectAll()
      .where('user_id', '=', userId)
      .where((row) => row.or([row('expires_at', 'is', null), row('expires_at', '>', this.#clock.now())]))
      .orderBy('id')
      .execute();
    return rows.map(toToken);
  }

  /** The unexpired token of a user with this public id (`a7`). */
  async get(userId: number, publicId: string): Promise<Token | undefined> {
    return (await this.list(userId)).find((token) => publicIdOf(token) === publicId);
  }

  /** Revokes a token; one of an OAuth client takes all other tokens of that client and user with it. */
  async revoke(token: Token): Promise<void> {
    const { id, userId: user_id, oauthClientId: oauth_client_id } = token;
    await this.#store.write(async (write) => {
      await deleteTokens(write, (row) =>
        row.and(oauth_client_id === null ? { user_id, id } : { user_id, oauth_client_id }),
      );
      await auditToken(write, 'token.revoke', token);
    });
  }
}

/**
 * Revokes the tokens that fit, as part of a larger change. Whoever follows `tokens` (the edge's grants rest on them) is told
 * of each.
 */
export async function deleteTokens(
  write: Write,
  fits: (row: ExpressionBuilder<Database, 'api_tokens'>) => Expression<SqlBool>,
): Promise<void> {
  const gone = await write.db.deleteFrom('api_tokens').where(fits).returning('id').execute();
  for (const token of gone) write.changed('tokens', publicIdOf(token));
}

async function auditToken(write: Write, action: string, token: Token): Promise<void> {
  const owner = await write.db.selectFrom('users').select('name').where('id', '=', token.userId).executeTakeFirst();
  const { note, scopes, oauthClientId, expiresAt } = token;
  const details = {
    token: publicIdOf(token),
    ...(oauthClientId === null
      ? { note, scopes, expires: expiresAt === null ? null : new Date(expiresAt).toISOString() }
      : { client: oauthClientId }),
  };
  // A code that is exchanged comes from a program, on behalf of who signed in to it.
  const by = action === 'token.create' && oauthClientId !== null ? { by: owner?.name ?? '' } : {};
  await write.audit({ action, target: owner?.name ?? '', details, ...by });
}

/** Makes room for one more. */
async function dropOldest(write: Write, userId: number, clientId: string): Promise<void> {
  const last = await write.db
    .selectFrom('api_tokens')
    .select('id')
    .where('user_id', '=', userId)
    .where('oauth_client_id', '=', clientId)
    .orderBy('id', 'desc')
    .limit(1)
    .offset(maximumTokensPerClient - 1)
    .executeTakeFirst();
  if (!last) return;
  await deleteTokens(write, (row) =>
    row.and([row('user_id', '=', userId), row('oauth_client_id', '=', clientId), row('id', '<=', last.id)]),
  );
}

async function refuseTooMany(write: Write, userId: number): Promise<void> {
  const { count } = await write.db
    .selectFrom('api_tokens')
    .select(({ fn }) => fn.countAll<number | string>().as('count'))
    .where('user_id', '=', userId)
    .where('oauth_client_id', 'is', null)
    .executeTakeFirstOrThrow();
  if (Number(count) >= maximumTokensPerUser)
    throw new AtollError('ATOLL_TOO_MANY_TOKENS', `This user already has ${maximumTokensPerUser} API tokens.`);
}

/** `a7`: how clients name a token. */
export function publicIdOf(token: { id: number }): string {
  return `a${token.id}`;
}

function toToken(row: Selectable<ApiTokensTable>): Token {
  return {
    id: row.id,
    userId: row.user_id,
    scopes: JSON.parse(row.scopes) as string[],
    note: row.note,
    createdAt: row.created_at,
    lastActivity: row.last_activity,
    expiresAt: row.expires_at,
    oauthClientId: row.oauth_client_id,
    sessionId: row.session_id,
    serverName: row.server_name,
  };
}
