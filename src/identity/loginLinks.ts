import { randomBytes } from 'node:crypto';
import type { Clock } from '../core/clock.ts';
import { sha256Hex } from '../core/ids.ts';
import type { Store } from '../store/store.ts';
import { toUser, type User } from './users.ts';

/** How long a login link is good for. */
export const loginLinkLifetimeSeconds = 15 * 60;

/** Links that sign one person in, once, within 15 minutes. */
export class LoginLinks {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Makes a link for a user, and returns its path: `/hub/login?link=…`. The secret in it is not kept. */
  async create(user: { id: number }): Promise<{ path: string; expiresAt: number }> {
    const secret = randomBytes(32).toString('base64url');
    const now = this.#clock.now();
    const expiresAt = now + loginLinkLifetimeSeconds * 1000;
    await this.#store.write(async ({ db, audit }) => {
      await db.deleteFrom('login_links').where('expires_at', '<=', now).execute();
      await db
        .insertInto('login_links')
        .values({ hash: sha256Hex(secret), user_id: user.id, expires_at: expiresAt })
        .execute();
      const named = await db.selectFrom('users').select('name').where('id', '=', user.id).executeTakeFirst();
      await audit({ action: 'login-link.create', target: named?.name ?? '' });
    });
    return { path: `/hub/login?link=${secret}`, expiresAt };
  }

  /** Whom a link would sign in; does not use it up. */
  async peek(secret: string): Promise<User | undefined> {
    const row = await this.#store.db
      .selectFrom('login_links')
      .innerJoin('users', 'users.id', 'login_links.user_id')
      .selectAll('users')
      .where('login_links.hash', '=', sha256Hex(secret))
      .where('login_links.expires_at', '>', this.#clock.now())
      .executeTakeFirst();
    return row && toUser(row);
  }

  /** Uses a link up, and returns whom it signs in. Of two uses at the same time only one succeeds. */
  async redeem(secret: string): Promise<User | undefined> {
    return this.#store.write(async ({ db }) => {
      const used = await db
        .deleteFrom('login_links')
        .where('hash', '=', sha256Hex(secret))
        .where('expires_at', '>', this.#clock.now())
        .returning('user_id')
        .executeTakeFirst();
      if (!used) return undefined;
      const row = await db.selectFrom('users').selectAll().where('id', '=', used.user_id).executeTakeFirst();
      return row && toUser(row);
    });
  }
}
