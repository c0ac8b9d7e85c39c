import type { ScopeSet } from './scopes/scopeSet.ts';

/** Who makes a request, and what they may do. Made anew for each request, so that it is never out of date. */
export interface Principal {
  kind: 'user' | 'service';
  /** The normalised name of the user, or the service's name. */
  name: string;
  /** The user's key in the store; undefined for a service. */
  userId?: number;
  admin: boolean;
  /** The groups a user is a member of now, sorted. Empty for a service. */
  groups: readonly string[];
  /** What may be done with the credential that was presented; never more than the owner holds now. */
  scopes: ScopeSet;
  /** `a7`: the API or OAuth token that was presented. Undefined for a cookie, and for a service's token of the settings. */
  tokenId?: string;
  /** The public id of the login: of the cookie, or of the login that an OAuth token came from. */
  sessionId?: string;
  /** The OAuth client that the presented token was issued to. */
  oauthClientId?: string;
}
