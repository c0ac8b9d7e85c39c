import type { AuthenticatorName } from '../../config/settings.ts';
import type { SignInHooks } from '../signInHooks.ts';

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
  /** As the authenticator spells it; normalised and mapped later. */
  name: string;
  /**
   * What the provider knows this person by for good, however they rename themselves. A user who came with another one is
   * somebody else, whatever the name. Undefined: the name is all there is.
   */
  subject?: string;
  /** Gives or takes the admin flag; undefined leaves it. */
  admin?: boolean;
  /** Makes the user's groups exactly these; undefined leaves them. */
  groups?: readonly string[];
  /** What the authenticator wants to remember (tokens of an identity provider); kept sealed. */
  authState?: Record<string, unknown>;
  /** Shown by single-user servers: `name`, `display_name`, `initials`, `avatar_url`, `color`. */
  userInfo?: Record<string, unknown>;
  /** True when a rule of the authenticator's own (a group, an organization, its list) lets this person in. */
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
  /** What stands before the name that somebody types; the other methods take whole user names. */
  readonly prefix: string;
  /** Whether people may make accounts themselves. */
  readonly openToStrangers: boolean;
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

/** What a browser keeps, sealed, while its owner is at a provider: what the answer must fit. */
export type Remembered = Readonly<Record<string, string>>;

/** Signing in at a provider: the browser is sent there, and comes back. */
export interface RedirectSignIn {
  /**
   * How the browser comes back: by a link, or by a form that a page of the provider sends (LTI), which needs a cookie that other
   * sites' forms bring along.
   */
  readonly returnsBy: 'link' | 'form';
  /** Whether a provider may send people here who did not ask for it (LTI): then `begin` gets its parameters. */
  readonly providerMayBegin: boolean;
  /** The parameter that says which sign-in an answer belongs to: `state`, or a provider's own. */
  readonly stateParameter: string;
  /** Fixed address to come back to; undefined: the hub's own, as the browser addressed it. */
  readonly callbackUrl?: string;
  /**
   * Where to send the browser, and what `stateParameter` will hold when it comes back: `state`, unless the provider has a
   * random one of its own.
   * @throws AtollError `ATOLL_PROVIDER_FAILED`, `ATOLL_BAD_REQUEST`
   */
  begin(start: { state: string; callbackUrl: string; parameters: URLSearchParams }): Promise<{
    location: string;
    state: string;
    remember: Remembered;
    /** Where a provider that began wants people to come to; believed as far as any `next`. */
    next?: string;
  }>;
  /** What a provider reads to set the hub up, as JSON at `PATH/config`: `origin` and `path` are of the hub's pages for it. */
  configuration?(origin: string, path: string): Record<string, unknown>;
  /**
   * Who came back. The state has been checked.
   * @throws AtollError `ATOLL_PROVIDER_FAILED`, `ATOLL_NOT_ALLOWED`
   */
  finish(arrival: {
    state: string;
    callbackUrl: string;
    parameters: URLSearchParams;
    remembered: Remembered;
  }): Promise<Authenticated>;
}

/** What asking a provider again came to. */
export type Refreshed =
  /** This is who they are now. */
  | { kind: 'known'; person: Authenticated }
  /** The provider does not take what is remembered any more: they must sign in again. */
  | { kind: 'stale' }
  /** They are not allowed any more, whoever they are. */
  | { kind: 'gone' };

/**
 * A way to find out who somebody is. Whether that person may come in is decided elsewhere (`signIn.ts`), the same for all.
 * One folder of `authenticators/` each; all pass `test/identity/authenticators.contract.ts`. People sign in by a form, or at a
 * provider, or at once.
 */
export interface Authenticator {
  readonly name: AuthenticatorName;
  /**
   * Who vouches for people: the authenticator's name, and the address of a provider (`github:https://github.com`). A user who came by one is not handed to
   * somebody who comes by another one of this hub, nor, where the provider knows people by more than a name
   * ({@link Authenticated.subject}), to another one of the same.
   */
  readonly provider: string;
  /** What people know it by: "Sign in with …". */
  readonly service: string;
  /** The sign-in form; empty: people cannot sign in with a form. */
  readonly form: readonly FormField[];
  /** True lets everybody in who can identify themselves, as long as the settings name no allowed users. */
  readonly allowsAllByDefault: boolean;
  /** What somebody reads who may not come in; undefined: the usual. */
  readonly refusal?: string;
  readonly accounts?: Accounts;
  readonly redirect?: RedirectSignIn;
  /** Signing in without a form: because of what stands in the request, or as somebody new. */
  readonly instant?: {
    /** Whether everybody is somebody new: then one network may do so only so often. */
    makesUsers: boolean;
    /** Who makes a request; undefined: it does not say so, or cannot be believed. */
    identify(request: Request): Promise<Authenticated | undefined>;
  };
  /** Whether people who must sign in are sent on without a click, unless the settings say otherwise. */
  readonly autoLogin: boolean;
  /** Where people go after signing out; undefined: nowhere. */
  readonly logoutUrl?: string;
  /**
   * Who is this? Undefined: the credentials are wrong. Must take as long for a name that does not exist.
   * @throws AtollError to say more than that to somebody whose credentials are right.
   */
  authenticate(attempt: SignInAttempt): Promise<Authenticated | undefined>;
  /**
   * Asks again who somebody is, by what was remembered.
   * @throws AtollError `ATOLL_PROVIDER_FAILED` when that cannot be found out now.
   */
  refresh?(user: { name: string; authState: Record<string, unknown> | undefined }): Promise<Refreshed>;
  /** Called once, before all else: the operator's own functions that have a say in who somebody is. */
  useHooks?(hooks: SignInHooks): void;
  /** Called when somebody signs out, with what was remembered. */
  signedOut?(authState: Record<string, unknown>): Promise<void>;
}

/** What most authenticators are: no form, and nothing by themselves. */
export const plainAuthenticator = {
  form: [],
  allowsAllByDefault: false,
  autoLogin: false,
  authenticate: () => Promise.resolve(undefined),
} as const satisfies Partial<Authenticator>;
