import type { AuthenticatorName } from '../../config/settings.ts';

/** One field of a sign-in form. */
export interface FormField {
  /** The form's field name. Every form has `username`. */
  name: string;
  label: string;
  type: 'text' | 'password';
  /** The HTML attribute, so that password managers know what the field is for. */
  autocomplete: 'username' | 'current-password' | 'one-time-code';
}

/** Somebody's attempt to sign in with a form. */
export interface SignInAttempt {
  /** The normalised and mapped user name that was typed. */
  username: string;
  /** All fields as they were typed. */
  fields: Readonly<Record<string, string>>;
}

/** Who somebody is, as an authenticator says. */
export interface Authenticated {
  name: string;
  /** Gives or takes the admin flag; undefined leaves it. */
  admin?: boolean;
  /** Makes the user's groups exactly these; undefined leaves them. */
  groups?: readonly string[];
  /** What the authenticator wants to remember (tokens of an identity provider); kept sealed. */
  authState?: Record<string, unknown>;
  /** Shown by single-user servers: `name`, `display_name`, `initials`, `avatar_url`, `color`. */
  userInfo?: Record<string, unknown>;
  /** True when the authenticator keeps its own list of who may come in, and this person is on it. */
  admitted?: boolean;
}

/** An account in an authenticator's own register. */
export interface Account {
  name: string;
  approved: boolean;
  createdAt: number;
}

/** An authenticator's own register of accounts: makes the pages for sign-up and password changes appear. */
export interface Accounts {
  /** Fewest characters of a password. */
  readonly minimumPasswordLength: number;
  /**
   * Makes an account. It is approved at once only where sign-up is open and the name means nobody yet.
   * @throws AtollError `ATOLL_ACCOUNT_EXISTS`, `ATOLL_PASSWORD_UNFIT`
   */
  signUp(name: string, password: string): Promise<{ approved: boolean }>;
  /**
   * Sets a new password; the old one must be right, unless the account has none yet (it was made by a login link).
   * @throws AtollError `ATOLL_SIGN_IN_FAILED` for a wrong old password, `ATOLL_PASSWORD_UNFIT`
   */
  changePassword(name: string, oldPassword: string, newPassword: string): Promise<void>;
  /** Whether there is an account of that name. */
  has(name: string): Promise<boolean>;
  /** All accounts, those that wait for approval first. */
  list(): Promise<Account[]>;
  /** Lets an account in. Without effect when there is none. */
  approve(name: string): Promise<void>;
  /** Removes an account. The user, if there is one, stays. */
  remove(name: string): Promise<void>;
}

/**
 * A way to find out who somebody is. Whether that person may come in is decided elsewhere (`signIn.ts`), the same for all.
 * One folder of `authenticators/` each; all pass `test/identity/authenticators.contract.ts`.
 */
export interface Authenticator {
  readonly name: AuthenticatorName;
  /** The sign-in form; empty: people cannot sign in with a form. */
  readonly form: readonly FormField[];
  /** True lets everybody in who can identify themselves, as long as the settings name no allowed users. */
  readonly allowsAllByDefault: boolean;
  readonly accounts?: Accounts;
  /**
   * Who is this? Undefined: the credentials are wrong. Must take as long for a name that does not exist.
   * @throws AtollError to say more than that to somebody whose credentials are right.
   */
  authenticate(attempt: SignInAttempt): Promise<Authenticated | undefined>;
}
