import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { randomHex, sha256Hex } from '../core/ids.ts';
import type { Store, Write } from '../store/store.ts';
import { deleteTokens } from './tokens.ts';

/** Logins of one user at most; beyond, the oldest ends: nobody fills the store by signing in again and again. */
const maximumSessionsPerUser = 1000;

/** The length of a login cookie's value: 32 bytes in base64url. */
const cookieValueLength = 43;

/** One browser's login. */
export interface Session {
  /** SHA-256 of the cookie's value: the key in the store. */
  idHash: string;
  /** The public id: what OAuth tokens of this login carry, and the value of the `jupyterhub-session-id` cookie. */
  sessionId: string;
  userId: number;
  createdAt: number;
  expiresAt: number;
}

/** The logins, in the store. */
export class Sessions {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #lifetimeMs: number;

  /** @param lifetimeSeconds how long a login lasts */
  constructor(store: Store, clock: Clock, lifetimeSeconds: number) {
    this.#store = store;
    this.#clock = clock;
    this.#lifetimeMs = lifetimeSeconds * 1000;
  }

  /** Begins a login with new secrets. `cookie` is the value for the browser; it is not kept. */
  async begin(userId: number): Promise<{ cookie: string; session: Session }> {
    const cookie = randomBytes(32).toString('base64url');
    const now = this.#clock.now();
    const session: Session = {
      idHash: sha256Hex(cookie),
      sessionId: randomHex(16),
      userId,
      createdAt: now,
      expiresAt: now + this.#lifetimeMs,
    };
    await this.#store.write(async (write) => {
      await write.db.deleteFrom('sessions').where('expires_at', '<=', now).execute();
      await endOldest(write, userId);
      await write.db
        .insertInto('sessions')
        .values({
          id_hash: session.idHash,
          session_id: session.sessionId,
          user_id: userId,
          created_at: now,
          expires_at: session.expiresAt,
        })
        .execute();
      write.changed('sessions', session.sessionId);
      const user = await write.db.selectFrom('users').select('name').where('id', '=', userId).executeTakeFirst();
      await write.audit({ action: 'session.begin', target: user?.name ?? '', by: user?.name ?? '' });
    });
    return { cookie, session };
  }

  /** The login with this cookie value, unless it has ended. */
  async find(cookie: string): Promise<Session | undefined> {
    return cookie.length === cookieValueLength ? this.#findBy('id_hash', sha256Hex(cookie)) : undefined;
  }

  /** The login with this public id, unless it has ended. Knowing the id proves nothing: services see it. */
  async findByPublicId(sessionId: string): Promise<Session | undefined> {
    return this.#findBy('session_id', sessionId);
  }

  async #findBy(column: 'id_hash' | 'session_id', value: string): Promise<Session | undefined> {
    const row = await this.#store.db
      .selectFrom('sessions')
      .selectAll()
      .where(column, '=', value)
      .where('expires_at', '>', this.#clock.now())
      .executeTakeFirst();
    return (
      row && {
        idHash: row.id_hash,
        sessionId: row.session_id,
        userId: row.user_id,
        createdAt: row.created_at,
        expiresAt: row.expires_at,
      }
    );
  }

  /**
   * Ends a login: its cookie, its OAuth tokens, and codes not exchanged yet are void when this resolves. Followers of
   * `sessions` and `tokens` (the edge's grants) are told.
   */
  async end(sessionId: string): Promise<void> {
    await this.#store.write(async (write) => {
      const owner = await write.db
        .selectFrom('sessions')
        .innerJoin('users', 'users.id', 'sessions.user_id')
        .select('users.name')
        .where('sessions.session_id', '=', sessionId)
        .executeTakeFirst();
      await endIn(write, sessionId);
      if (owner) await write.audit({ action: 'session.end', target: owner.name });
    });
  }

  /** Ends all logins of a user but one (after a change of password). */
  async endOthers(userId: number, keptSessionId: string | undefined): Promise<void> {
    const rows = await this.#store.db
      .selectFrom('sessions')
      .select('session_id')
      .where('user_id', '=', userId)
      .execute();
    for (const { session_id } of rows) if (session_id !== keptSessionId) await this.end(session_id);
  }
}

async function endIn(write: Write, sessionId: string): Promise<void> {
  await write.db.deleteFrom('sessions').where('session_id', '=', sessionId).execute();
  await write.db.deleteFrom('oauth_codes').where('session_id', '=', sessionId).execute();
  await deleteTokens(write, (token) => token('session_id', '=', sessionId));
  write.changed('sessions', sessionId);
}

/** Makes room for one more. */
async function endOldest(write: Write, userId: number): Promise<void> {
  const last = await write.db
    .selectFrom('sessions')
    .select('session_id')
    .where('user_id', '=', userId)
    .orderBy('created_at', 'desc')
    .limit(1)
    .offset(maximumSessionsPerUser - 1)
    .executeTakeFirst();
  if (last) await endIn(write, last.session_id);
}
