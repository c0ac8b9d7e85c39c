import type { AuthenticatorName } from '../../../config/settings.ts';
import type { ProviderHttp } from './providerHttp.ts';

/** Where a provider has what. */
export interface Endpoints {
  authorizeUrl: string;
  tokenUrl: string;
  /** Undefined: the ID token says who somebody is. */
  userdataUrl?: string | undefined;
  /** The OpenID issuer, where it is known: ID tokens of another one are refused. */
  issuer?: string | undefined;
  /** Where its public keys are; undefined: an ID token is believed because it came from the token endpoint itself. */
  jwksUrl?: string | undefined;
}

/** The answer of a token endpoint. */
export type TokenResponse = Record<string, unknown> & { access_token: string };

/** Somebody, as a provider describes them. */
export interface Profile {
  /** What the provider says, as it says it. */
  user: Record<string, unknown>;
  tokens: TokenResponse;
  /** Scopes that the provider granted. */
  grantedScopes: readonly string[];
  /** What is remembered; a provider may add to it. */
  authState: Record<string, unknown>;
  http: ProviderHttp;
}

/** What a class's own rules say about somebody. */
export interface Judgement {
  /** A rule lets them in. */
  admitted?: boolean;
  /** They are an administrator, or not any more; undefined: nothing is said about it. */
  admin?: boolean;
}

/** What is particular to one class of OAuth authenticators. */
export interface Provider {
  name: AuthenticatorName;
  service: string;
  /** Tells this provider from others of the same class: its address. */
  vouchedBy: string;
  /** The name of what the provider says about somebody in the auth state: `github_user`. */
  userKey: string;
  /** @throws AtollError `ATOLL_PROVIDER_FAILED` when they must be looked up, and cannot be. */
  endpoints(): Promise<Endpoints>;
  /** Begins variables with which the client's id and secret can be given: `GITHUB` for `GITHUB_CLIENT_ID`. */
  variablePrefix?: string;
  /** Scopes to ask for, unless the settings say. */
  scope?: readonly string[];
  /** More parameters for the authorization request. */
  authorizeParameters?: Readonly<Record<string, string>>;
  /** Whether the ID token says who somebody is. */
  userFromIdToken?: boolean;
  logoutUrl?: string;
  /**
   * The name in the hub.
   * @throws AtollError `ATOLL_PROVIDER_FAILED` when it is missing, `ATOLL_NOT_ALLOWED` when it cannot be believed
   */
  nameOf(user: Record<string, unknown>): string;
  /** What the provider knows somebody by for good; undefined: nothing. */
  subjectOf(user: Record<string, unknown>): unknown;
  /** Looks up what else is needed (groups, teams), and keeps it in the auth state. */
  enrich?(profile: Profile): Promise<void>;
  /**
   * The class's own rules.
   * @throws AtollError `ATOLL_NOT_ALLOWED` when somebody may not come in, whatever other rules say.
   */
  judge?(profile: Profile, name: string): Promise<Judgement> | Judgement;
  signedOut?(authState: Record<string, unknown>, http: ProviderHttp): Promise<void>;
}
