import type { Clock } from '../../../core/clock.ts';
import { AtollError } from '../../../core/errors.ts';
import type { Store } from '../../../store/store.ts';
import { normalizeName } from '../../names.ts';
import { hashPassword, maximumPasswordLength, verifyNothing, verifyPassword } from '../../passwordHash.ts';
import type { Account, Accounts } from '../contract.ts';
import { commonPasswords } from './commonPasswords.ts';

/** What the settings say about accounts. */
export interface NativeAccountsOptions {
  prefix: string;
  /** Whether people may make accounts themselves. */
  enableSignup: boolean;
  /** Whether such an account is good at once. */
  openSignup: boolean;
  /** Whether passwords that everybody tries first are refused. */
  refuseCommon: boolean;
  minimumPasswordLength: number;
  /** Their accounts always wait for approval: a stranger may be the first to sign up under such a name. */
  adminUsers: readonly string[];
}

/** Accounts waiting for approval at most; beyond, sign-up is closed until an administrator has looked. */
const maximumPending = 1000;

/** The accounts of the native authenticator, in the store. */
export class NativeAccounts implements Accounts {
  readonly prefix: string;
  readonly openToStrangers: boolean;
  readonly minimumPasswordLength: number;
  readonly #options: NativeAccountsOptions;
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(options: NativeAccountsOptions, store: Store, clock: Clock) {
    this.prefix = options.prefix;
    this.openToStrangers = options.enableSignup;
    this.minimumPasswordLength = options.minimumPasswordLength;
    this.#options = options;
    this.#store = store;
    this.#clock = clock;
  }

  /** `unknown`: no such account or another password; `pending`: right, but not approved. */
  async check(name: string, password: string): Promise<'approved' | 'pending' | 'unknown'> {
    const row = await this.#store.db
      .selectFrom('passwords')
      .selectAll()
      .where('user_name', '=', name)
      .executeTakeFirst();
    const right = row ? await verifyPassword(password, row.hash) : await verifyNothing(password);
    if (!row || !right) return 'unknown';
    return row.approved === 1 ? 'approved' : 'pending';
  }

  async signUp(name: string, password: string): Promise<{ approved: boolean }> {
    if (!this.openToStrangers)
      throw new AtollError('ATOLL_FORBIDDEN', 'People cannot make accounts here themselves.', {
        nextStep: 'Ask an administrator of this hub for a link to sign in with.',
      });
    this.#checkPassword(name, password);
    const hash = await hashPassword(password);
    const named = this.#options.adminUsers.some((admin) => normalizeName(admin) === name);
    return this.#store.write(async ({ db, audit }) => {
      const { count } = await db
        .selectFrom('passwords')
        .select(({ fn }) => fn.countAll<number | string>().as('count'))
        .where('approved', '=', 0)
        .executeTakeFirstOrThrow();
      const user = await db.selectFrom('users').select('id').where('name', '=', name).executeTakeFirst();
      const approved = this.#options.openSignup && !named && !user;
      if (!approved && Number(count) >= maximumPending)
        throw new AtollError('ATOLL_BUSY', 'Too many accounts wait for approval.', {
          nextStep: 'Ask an administrator of this hub to look at them.',
        });
      const { numInsertedOrUpdatedRows } = await db
        .insertInto('passwords')
        .values({ user_name: name, hash, approved: approved ? 1 : 0, created_at: this.#clock.now() })
        .onConflict((conflict) => conflict.column('user_name').doNothing())
        .executeTakeFirst();
      if (numInsertedOrUpdatedRows !== 1n)
        throw new AtollError('ATOLL_ACCOUNT_EXISTS', 'There is an account of that name already.');
      await audit({ action: 'account.sign-up', target: name, details: { approved } });
      return { approved };
    });
  }

  async changePassword(name: string, oldPassword: string, newPassword: string): Promise<void> {
    const known = await this.has(name);
    if (known && (await this.check(name, oldPassword)) === 'unknown')
      throw new AtollError('ATOLL_SIGN_IN_FAILED', 'The present password is not right.');
    this.#checkPassword(name, newPassword);
    const hash = await hashPassword(newPassword);
    await this.#store.write(async ({ db, audit }) => {
      await db
        .insertInto('passwords')
        // Somebody who is signed in and had no account came by a login link: an administrator let them in.
        .values({ user_name: name, hash, approved: 1, created_at: this.#clock.now() })
        .onConflict((conflict) => conflict.column('user_name').doUpdateSet({ hash }))
        .execute();
      await audit({ action: 'account.password', target: name });
    });
  }

  async has(name: string): Promise<boolean> {
    const row = await this.#store.db
      .selectFrom('passwords')
      .select('user_name')
      .where('user_name', '=', name)
      .executeTakeFirst();
    return row !== undefined;
  }

  async list(): Promise<Account[]> {
    const rows = await this.#store.db
      .selectFrom('passwords')
      .select(['user_name', 'approved', 'created_at'])
      .orderBy('approved')
      .orderBy('user_name')
      .execute();
    return rows.map((row) => ({ name: row.user_name, approved: row.approved === 1, createdAt: row.created_at }));
  }

  async approve(name: string): Promise<void> {
    await this.#store.write(async ({ db, audit }) => {
      await db.updateTable('passwords').set({ approved: 1 }).where('user_name', '=', name).execute();
      await audit({ action: 'account.approve', target: name });
    });
  }

  async remove(name: string): Promise<void> {
    await this.#store.write(async ({ db, audit }) => {
      await db.deleteFrom('passwords').where('user_name', '=', name).execute();
      await audit({ action: 'account.remove', target: name });
    });
  }

  #checkPassword(name: string, password: string): void {
    const { minimumPasswordLength } = this.#options;
    if (Array.from(password).length < minimumPasswordLength)
      throw unfit(`A password has at least ${minimumPasswordLength} characters here.`);
    if (password.length > maximumPasswordLength)
      throw unfit(`A password has at most ${maximumPasswordLength} characters.`);
    if (normalizeName(password) === name) throw unfit('The password must not be the user name.');
    if (this.#options.refuseCommon && commonPasswords.has(password.toLowerCase()))
      throw unfit('This password is one that everybody tries first.');
  }
}

function unfit(message: string): AtollError {
  return new AtollError('ATOLL_PASSWORD_UNFIT', message);
}
