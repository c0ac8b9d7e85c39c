import type { Settings } from '../../config/settings.ts';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../store/store.ts';
import type { Principal } from '../principal.ts';
import type { Rights } from '../rights.ts';
import { resolveScopes } from '../scopes/resolveScopes.ts';
import { ScopeSet } from '../scopes/scopeSet.ts';
import type { Session } from '../sessions.ts';
import { checkAccess } from './authorize/checkAccess.ts';
import { checkClient } from './authorize/checkClient.ts';
import { checkPkce } from './authorize/checkPkce.ts';
import { checkRedirectUri } from './authorize/checkRedirectUri.ts';
import { checkResponseType } from './authorize/checkResponseType.ts';
import { checkScopes } from './authorize/checkScopes.ts';
import { issueCode } from './authorize/issueCode.ts';
import { needsConsent } from './authorize/needsConsent.ts';
import type { OAuthClient, OAuthClients } from './clients.ts';
import { OAuthError } from './oauthError.ts';
import { redeemCode } from './token/redeemCode.ts';

/** The query of an authorize request. Undefined: not sent. */
export interface AuthorizeParameters {
  client_id?: string | undefined;
  redirect_uri?: string | undefined;
  response_type?: string | undefined;
  state?: string | undefined;
  scope?: string | undefined;
  code_challenge?: string | undefined;
  code_challenge_method?: string | undefined;
}

/** What the person answered on the consent page: the scopes they left ticked, or that they refuse. */
export type ConsentAnswer = { scopes: readonly string[] } | 'denied';

/** The parts of identity that the provider works with. */
export interface ProviderParts extends Rights {
  readonly oauthClients: OAuthClients;
  readonly settings: Settings;
}

/** What to do with an authorize request: send the browser on, or ask the person. */
export type AuthorizeOutcome =
  | { kind: 'redirect'; location: string }
  | { kind: 'consent'; client: OAuthClient; scopes: { scope: string; description: string }[] };

/** The form of a token request. Undefined: not sent. */
export interface TokenParameters {
  client_id?: string | undefined;
  client_secret?: string | undefined;
  grant_type?: string | undefined;
  code?: string | undefined;
  redirect_uri?: string | undefined;
  code_verifier?: string | undefined;
}

/** The answer to a token request (RFC 6749 §5.1). */
export interface TokenAnswer {
  access_token: string;
  token_type: 'Bearer';
  expires_in: number;
  scope: string;
}

/**
 * The OAuth 2 provider in JupyterHub's dialect: authorization codes with optional PKCE, opaque tokens, no refresh tokens,
 * client credentials in the form, redirect addresses that may be a path. Each step of an authorize request has a file of
 * its own in `authorize/`.
 */
export class OAuthProvider {
  readonly #identity: ProviderParts;
  readonly #store: Store;
  readonly #clock: Clock;

  constructor({ identity, store, clock }: { identity: ProviderParts; store: Store; clock: Clock }) {
    this.#identity = identity;
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * Handles an authorize request of somebody who is signed in with a cookie.
   * @param answer what the person said on the consent page, when they come from it.
   * @throws AtollError for an error page: unknown client, foreign address, no access.
   */
  async authorize(
    parameters: AuthorizeParameters,
    { principal, session }: { principal: Principal; session: Session },
    answer?: ConsentAnswer,
  ): Promise<AuthorizeOutcome> {
    const identity = this.#identity;
    const client = await checkClient(parameters.client_id, identity.oauthClients);
    const answerAddress = checkRedirectUri(parameters.redirect_uri, client);
    const redirectUri = parameters.redirect_uri ?? answerAddress;
    const answerTo = (values: Record<string, string>): AuthorizeOutcome => ({
      kind: 'redirect',
      location: withParameters(answerAddress, {
        ...values,
        ...(parameters.state !== undefined && { state: parameters.state }),
      }),
    });
    try {
      checkResponseType(parameters.response_type);
      const pkce = checkPkce(parameters.code_challenge, parameters.code_challenge_method, identity.settings.tokens);
      await checkAccess(principal, client, identity);
      const granted = await checkScopes(parameters.scope, client, principal, identity);
      let { scopes } = granted;
      if (answer === 'denied') throw new OAuthError('access_denied');
      if (answer) scopes = await this.#narrow(scopes, answer.scopes);
      else if (await needsConsent(client, principal, granted, identity))
        return { kind: 'consent', client, scopes: describe(scopes, identity) };
      return answerTo({
        code: await issueCode({ client, redirectUri, session, scopes, pkce }, this.#store, this.#clock),
      });
    } catch (error) {
      if (error instanceof OAuthError) return answerTo(error.toParameters());
      throw error;
    }
  }

  /**
   * Handles a token request.
   * @throws OAuthError
   */
  async token(parameters: TokenParameters): Promise<TokenAnswer> {
    const { client_id: clientId, client_secret: clientSecret, grant_type: grantType, code } = parameters;
    const client =
      clientId !== undefined && clientSecret !== undefined
        ? await this.#identity.oauthClients.authenticate(clientId, clientSecret)
        : undefined;
    if (!client) throw new OAuthError('invalid_client');
    if (grantType !== 'authorization_code') throw new OAuthError('unsupported_grant_type');
    if (code === undefined) throw new OAuthError('invalid_request', 'Missing code parameter.');
    const { secret, token, expiresInSeconds } = await redeemCode(
      { client, code, redirectUri: parameters.redirect_uri, codeVerifier: parameters.code_verifier },
      {
        store: this.#store,
        tokens: this.#identity.tokens,
        clock: this.#clock,
        lifetimeSeconds: this.#identity.settings.tokens.oauthSeconds,
      },
    );
    return {
      access_token: secret,
      token_type: 'Bearer',
      expires_in: expiresInSeconds,
      scope: token.scopes.join(' '),
    };
  }

  /** The granted scopes that the person agreed to. */
  async #narrow(granted: readonly string[], agreed: readonly string[]): Promise<readonly string[]> {
    if (granted.includes('inherit')) return agreed.includes('inherit') ? ['inherit'] : [];
    const both = await this.#identity.intersect(
      ScopeSet.of(granted),
      ScopeSet.of(resolveScopes(agreed, {}, this.#identity.catalogue)),
    );
    return both.toList();
  }
}

function describe(scopes: readonly string[], { catalogue }: ProviderParts): { scope: string; description: string }[] {
  return scopes.map((scope) => ({ scope, description: catalogue.describe(scope.split('!')[0] ?? scope) }));
}

function withParameters(uri: string, parameters: Record<string, string>): string {
  return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams(parameters).toString()}`;
}
