import { parseCryptKey } from '../core/cryptKey.ts';
import { AtollError } from '../core/errors.ts';
import { Sealer } from '../core/sealer.ts';
import type { Store, Write } from '../store/store.ts';
import { toUser, type User, type Voucher } from './users.ts';

/** What an authenticator remembers about somebody. */
export type AuthState = Record<string, unknown>;

/** What {@link AuthStates} needs. */
export interface AuthStatesOptions {
  store: Store;
  /** Seals where the settings name no key. */
  sealer: Sealer;
  /** CryptKeeper.keys, the first for sealing. */
  cryptKeys: readonly string[];
  /** Whether servers and administrators may read it (`enable_auth_state`); else only the hub, to ask providers again. */
  readable: boolean;
}

/** How many sealed states are in memory at a time. */
const rowsAtATime = 500;

/** What authenticators remember about people (tokens of their providers), sealed in the store. */
export class AuthStates {
  readonly #store: Store;
  readonly #sealers: readonly [Sealer, ...Sealer[]];
  readonly #readable: boolean;

  /** @throws AtollError `ATOLL_AUTHENTICATOR_INVALID` when JUPYTERHUB_CRYPT_KEY holds something that is no key. */
  constructor({ store, sealer, cryptKeys, readable }: AuthStatesOptions) {
    this.#store = store;
    const [first, ...others] = readKeys(cryptKeys).map((key) => new Sealer(key));
    // What was sealed before there was a key of the settings stays readable.
    this.#sealers = first ? [first, ...others, sealer] : [sealer];
    this.#readable = readable;
  }

  /** What servers and administrators may read; null: nothing. */
  async read(user: User): Promise<AuthState | null> {
    const { auth_state } = await this.#row(user);
    return auth_state === null ? null : this.#open(user, auth_state);
  }

  /** Replaces what may be read; null forgets all of it, and whose account the user is: the next one to come is taken. */
  async write(user: User, state: AuthState | null): Promise<void> {
    await this.#store.write((write) => this.writeIn(write, user, state));
  }

  /** {@link write}, as part of a larger change. */
  async writeIn({ db, changed, audit }: Write, user: User, state: AuthState | null): Promise<void> {
    const sealed = state && this.#seal(user, state);
    const forgotten = { auth_provider: null, auth_subject: null, auth_refreshed_at: null, refresh_state: null };
    await db
      .updateTable('users')
      .set({ auth_state: sealed, ...(state === null && forgotten) })
      .where('id', '=', user.id)
      .execute();
    changed('users', user.name);
    await audit({ action: 'user.auth-state', target: user.name, details: { forgotten: state === null } });
  }

  /** What the provider can be asked with again; undefined: nothing. */
  async remembered(user: User): Promise<AuthState | undefined> {
    const { auth_state, refresh_state } = await this.#row(user);
    const sealed = refresh_state ?? auth_state;
    return sealed === null ? undefined : this.#open(user, sealed);
  }

  /**
   * Keeps what a provider said. Without a state, nothing is remembered any more.
   * @param check throws when the user is not to be handed to this voucher; it sees who vouched until now, also when somebody
   * else comes at this very moment
   */
  async keep(
    user: User,
    voucher: Voucher,
    state: AuthState | undefined,
    check: (before: Voucher | null) => void = () => undefined,
  ): Promise<void> {
    const sealed = state ? this.#seal(user, state) : null;
    await this.#store.write(async ({ db, changed }) => {
      const row = await db.selectFrom('users').selectAll().where('id', '=', user.id).executeTakeFirst();
      check(row ? toUser(row).vouchedBy : null);
      await db
        .updateTable('users')
        .set({
          auth_provider: voucher.provider,
          auth_subject: voucher.subject,
          auth_refreshed_at: voucher.askedAt,
          auth_state: this.#readable ? sealed : null,
          refresh_state: this.#readable ? null : sealed,
        })
        .where('id', '=', user.id)
        .execute();
      changed('users', user.name);
    });
  }

  /** Notes that the provider was asked, and said nothing new. */
  async asked(user: User, at: number): Promise<void> {
    await this.#store.db.updateTable('users').set({ auth_refreshed_at: at }).where('id', '=', user.id).execute();
  }

  /**
   * Seals again, with the key of today, what older keys sealed: then those can go. What no key opens is left as it is.
   * @returns how many users' states no key opens
   */
  async sealAgain(): Promise<number> {
    let closed = 0;
    for await (const row of this.#sealedRows()) {
      for (const column of ['auth_state', 'refresh_state'] as const) {
        const sealed = row[column];
        if (sealed === null || this.#openWith(this.#sealers[0], row.id, sealed) !== undefined) continue;
        const text = this.#tryOpen(row.id, sealed);
        if (text === undefined) closed++;
        else
          await this.#store.db
            .updateTable('users')
            .set({ [column]: this.#sealers[0].seal(text, contextOf(row.id)) })
            .where('id', '=', row.id)
            .where(column, '=', sealed)
            .execute();
      }
    }
    return closed;
  }

  /** The users who have one. A part at a time: those of all people together may not fit into memory. */
  async *#sealedRows(): AsyncGenerator<{ id: number; auth_state: string | null; refresh_state: string | null }> {
    for (let last = 0; ; ) {
      const rows = await this.#store.db
        .selectFrom('users')
        .select(['id', 'auth_state', 'refresh_state'])
        .where('id', '>', last)
        .where((row) => row.or([row('auth_state', 'is not', null), row('refresh_state', 'is not', null)]))
        .orderBy('id')
        .limit(rowsAtATime)
        .execute();
      yield* rows;
      const end = rows.at(-1);
      if (!end) return;
      last = end.id;
    }
  }

  async #row(user: User): Promise<{ auth_state: string | null; refresh_state: string | null }> {
    const row = await this.#store.db
      .selectFrom('users')
      .select(['auth_state', 'refresh_state'])
      .where('id', '=', user.id)
      .executeTakeFirst();
    return row ?? { auth_state: null, refresh_state: null };
  }

  #seal(user: User, state: AuthState): string {
    return this.#sealers[0].seal(JSON.stringify(state), contextOf(user.id));
  }

  #open(user: User, sealed: string): AuthState {
    const text = this.#tryOpen(user.id, sealed);
    if (text === undefined)
      throw new AtollError('ATOLL_AUTH_STATE_CLOSED', `No key opens the auth state of ${user.name}.`);
    return JSON.parse(text) as AuthState;
  }

  #tryOpen(userId: number, sealed: string): string | undefined {
    for (const sealer of this.#sealers) {
      const text = this.#openWith(sealer, userId, sealed);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  #openWith(sealer: Sealer, userId: number, sealed: string): string | undefined {
    try {
      return sealer.open(sealed, contextOf(userId));
    } catch {
      return undefined;
    }
  }
}

function contextOf(userId: number): string {
  return `auth_state:${userId}`;
}

/** The keys of the settings, else of the variable JUPYTERHUB_CRYPT_KEY, where semicolons stand between them. */
function readKeys(cryptKeys: readonly string[]): Buffer[] {
  const texts = cryptKeys.length > 0 ? cryptKeys : (process.env.JUPYTERHUB_CRYPT_KEY ?? '').split(';');
  return texts
    .filter((text) => text !== '')
    .map((text) => {
      const key = parseCryptKey(text);
      if (!key)
        throw new AtollError('ATOLL_AUTHENTICATOR_INVALID', 'JUPYTERHUB_CRYPT_KEY holds something that is no key.', {
          nextStep: 'Write 32 bytes as 64 hexadecimal digits (openssl rand -hex 32), semicolons between several.',
        });
      return key;
    });
}
