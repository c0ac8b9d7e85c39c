import type { oauthTraits } from '../../../config/keys/authenticators/oauthTraits.ts';
import type { TraitValues } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import { AtollError } from '../../../core/errors.ts';
import type { SignInHooks } from '../../signInHooks.ts';
import { type Authenticated, type Authenticator, plainAuthenticator, type Refreshed } from '../contract.ts';
import { asMap, badAnswer, overlaps, requiredText, scopesIn, textsIn, valueAt } from './claims.ts';
import type { Endpoints, Profile, Provider, TokenResponse } from './provider.ts';
import { ProviderHttp } from './providerHttp.ts';
import type { OAuthClientOptions, TokenEndpoint, Tokens } from './tokenEndpoint.ts';

/** The traits that every class of OAuth authenticators has, with the class's own defaults. */
export type OAuthTraits = Omit<
  TraitValues<typeof oauthTraits>,
  'username_claim' | 'auth_state_groups_key' | 'scope'
> & {
  username_claim?: string;
  auth_state_groups_key?: string;
  scope?: string[];
};

/**
 * Makes the connection to a provider.
 * @throws AtollError `ATOLL_AUTHENTICATOR_INVALID`
 */
export function connectionTo(service: string, traits: OAuthTraits): ProviderHttp {
  const { validate_server_cert, http_request_kwargs } = traits;
  return new ProviderHttp({
    service,
    checkCertificate: validate_server_cert && http_request_kwargs.validate_cert !== false,
    certificates: http_request_kwargs.ca_certs,
  });
}

/**
 * An authenticator that sends people to an OAuth 2.0 or OpenID Connect provider: authorization code, state, PKCE and (with the
 * scope openid) nonce; then the provider is asked who they are. What differs by class is in `provider`.
 * @throws AtollError `ATOLL_AUTHENTICATOR_INVALID`, `ATOLL_AUTHENTICATOR_INCOMPLETE`
 */
export function createOAuthAuthenticator(
  provider: Provider,
  traits: OAuthTraits,
  settings: AuthenticationSettings,
  http: ProviderHttp,
): Authenticator {
  return new OAuthAuthenticator(provider, traits, settings, http).asAuthenticator();
}

class OAuthAuthenticator {
  readonly #provider: Provider;
  readonly #traits: OAuthTraits;
  readonly #settings: AuthenticationSettings;
  readonly #http: ProviderHttp;
  readonly #client: OAuthClientOptions;
  #tokens: TokenEndpoint | undefined;
  readonly #scope: readonly string[];
  #hooks: SignInHooks | undefined;

  constructor(provider: Provider, traits: OAuthTraits, settings: AuthenticationSettings, http: ProviderHttp) {
    this.#provider = provider;
    this.#traits = traits;
    this.#settings = settings;
    this.#http = http;
    this.#scope = traits.scope ?? provider.scope ?? [];
    const missing = traits.allowed_scopes.filter((scope) => !this.#scope.includes(scope));
    if (missing.length > 0)
      throw new AtollError(
        'ATOLL_AUTHENTICATOR_INVALID',
        `allowed_scopes names scopes that are not in scope: ${missing.join(', ')}.`,
      );
    const given = (name: 'ID' | 'SECRET'): string | undefined =>
      [provider.variablePrefix, 'OAUTH']
        .filter((prefix) => prefix !== undefined)
        .map((prefix) => process.env[`${prefix}_CLIENT_${name}`])
        .find((value) => value);
    const clientId = traits.client_id || given('ID');
    if (!clientId)
      throw new AtollError('ATOLL_AUTHENTICATOR_INCOMPLETE', `Signing in with ${provider.service} needs a client_id.`, {
        nextStep: `Register this hub at ${provider.service}, and write client_id and client_secret into the settings.`,
      });
    this.#client = {
      service: provider.service,
      clientId,
      clientSecret: traits.client_secret || given('SECRET') || undefined,
      basicAuth: traits.basic_auth,
      tokenParameters: traits.token_params,
    };
  }

  asAuthenticator(): Authenticator {
    const provider = this.#provider;
    const { name, service, logoutUrl } = provider;
    const callbackUrl = this.#traits.oauth_callback_url ?? (process.env.OAUTH_CALLBACK_URL || undefined);
    return {
      ...plainAuthenticator,
      name,
      provider: `${name}:${provider.vouchedBy}`,
      service,
      ...(this.#traits.custom_403_message !== undefined && { refusal: this.#traits.custom_403_message }),
      ...(logoutUrl !== undefined && { logoutUrl }),
      redirect: {
        returnsBy: 'link',
        stateParameter: 'state',
        providerMayBegin: false,
        ...(callbackUrl !== undefined && { callbackUrl }),
        begin: (start) => this.#begin(start),
        finish: (arrival) => this.#finish(arrival),
      },
      refresh: ({ authState }) => this.#refresh(authState),
      useHooks: (hooks) => {
        this.#hooks = hooks;
      },
      ...(provider.signedOut && {
        signedOut: async (authState) => provider.signedOut?.(authState, this.#http),
      }),
    };
  }

  async #begin({ state, callbackUrl }: { state: string; callbackUrl: string }) {
    const { generateRandomCodeVerifier, generateRandomNonce, calculatePKCECodeChallenge } = await import(
      'oauth4webapi'
    );
    const { authorizeUrl } = await this.#provider.endpoints();
    const location = new URL(authorizeUrl);
    const add = (name: string, value: string): void => location.searchParams.set(name, value);
    for (const [name, value] of Object.entries({
      ...this.#provider.authorizeParameters,
      ...this.#traits.extra_authorize_params,
    }))
      add(name, value);
    add('response_type', 'code');
    add('client_id', this.#client.clientId);
    add('redirect_uri', callbackUrl);
    if (this.#scope.length > 0) add('scope', this.#scope.join(' '));
    add('state', state);
    const remember: Record<string, string> = {};
    if (this.#traits.enable_pkce) {
      remember.verifier = generateRandomCodeVerifier();
      add('code_challenge', await calculatePKCECodeChallenge(remember.verifier));
      add('code_challenge_method', 'S256');
    }
    if (this.#scope.includes('openid')) {
      remember.nonce = generateRandomNonce();
      add('nonce', remember.nonce);
    }
    return { location: location.href, state, remember };
  }

  async #finish({
    state,
    callbackUrl,
    parameters,
    remembered,
  }: Parameters<NonNullable<Authenticator['redirect']>['finish']>[0]): Promise<Authenticated> {
    const endpoints = await this.#provider.endpoints();
    const { verifier, nonce } = remembered;
    const tokens = await (await this.#tokenEndpoint()).exchangeCode(endpoints, {
      parameters,
      state,
      callbackUrl,
      verifier,
      nonce,
    });
    const user = await this.#userOf(endpoints, tokens);
    if (!user) throw badAnswer(this.#provider.service, 'the token that was just issued is not taken');
    return this.#personOf(user, tokens.response);
  }

  /** Asks again with the token that is remembered; if it has ended, with a new one. */
  async #refresh(authState: Record<string, unknown> | undefined): Promise<Refreshed> {
    const remembered = asMap(authState?.token_response);
    if (!remembered || typeof remembered.access_token !== 'string') return { kind: 'stale' };
    const endpoints = await this.#provider.endpoints();
    const present = { response: remembered as TokenResponse, claims: undefined };
    // What an ID token said stays as it was: only a new one says something new.
    const asked = endpoints.userdataUrl !== undefined && !this.#usesIdToken();
    const user = asked ? await this.#userOf(endpoints, present) : undefined;
    if (user) return { kind: 'known', person: await this.#personOf(user, present.response) };
    const refreshToken = remembered.refresh_token ?? authState?.refresh_token;
    if (typeof refreshToken !== 'string') return { kind: 'stale' };
    const renewed = await (await this.#tokenEndpoint()).refresh(endpoints, refreshToken);
    if (!renewed) return { kind: 'stale' };
    // A provider that gives no new one goes on with the old one.
    const response: TokenResponse = { ...remembered, ...renewed.response };
    const again = await this.#userOf(endpoints, { response, claims: renewed.claims });
    return again ? { kind: 'known', person: await this.#personOf(again, response) } : { kind: 'stale' };
  }

  /** Loads the library of the protocol when the first person comes back. */
  async #tokenEndpoint(): Promise<TokenEndpoint> {
    const loaded = await import('./tokenEndpoint.ts');
    this.#tokens ??= new loaded.TokenEndpoint(this.#client, this.#http);
    return this.#tokens;
  }

  #usesIdToken(): boolean {
    return this.#provider.userFromIdToken ?? this.#traits.userdata_from_id_token;
  }

  /** What the provider says about the owner of a token; undefined when it does not take the token. */
  async #userOf(endpoints: Endpoints, { response, claims }: Tokens): Promise<Record<string, unknown> | undefined> {
    const { service } = this.#provider;
    if (this.#usesIdToken()) {
      if (!claims) throw badAnswer(service, 'there is no ID token');
      return claims;
    }
    if (endpoints.userdataUrl === undefined) throw badAnswer(service, 'it has no address that says who somebody is');
    const url = new URL(endpoints.userdataUrl);
    for (const [name, value] of Object.entries(this.#traits.userdata_params ?? {})) url.searchParams.set(name, value);
    const inAddress = this.#traits.userdata_token_method === 'url';
    if (inAddress) url.searchParams.set('access_token', response.access_token);
    const answer = inAddress
      ? await this.#http.getOpen(url.href)
      : await this.#http.get(url.href, response.access_token, schemeOf(response));
    if (answer.status >= 400) return undefined;
    const user = asMap(answer.body);
    if (!user) throw badAnswer(service, `userdata_url answered ${answer.status}, without a JSON object`);
    // OpenID Connect Core 5.3.2: else somebody's token could be put in the place of another's.
    if (claims?.sub !== undefined && user.sub !== undefined && user.sub !== claims.sub)
      throw badAnswer(service, 'userdata_url speaks of somebody else than the ID token');
    return user;
  }

  async #personOf(user: Record<string, unknown>, tokens: TokenResponse): Promise<Authenticated> {
    const { userKey } = this.#provider;
    const name = (await this.#hooks?.userNameOf(user)) ?? this.#provider.nameOf(user);
    const grantedScopes = tokens.scope === undefined ? this.#scope : scopesIn(tokens.scope);
    const received: Record<string, unknown> = {
      access_token: tokens.access_token,
      refresh_token: tokens.refresh_token ?? null,
      id_token: tokens.id_token ?? null,
      scope: grantedScopes,
      token_response: tokens,
      [userKey]: user,
    };
    const profile: Profile = { user, tokens, grantedScopes, authState: received, http: this.#http };
    await this.#provider.enrich?.(profile);
    const authState = this.#hooks ? await this.#hooks.modifyAuthState(received) : received;
    profile.authState = authState;
    const judgement = (await this.#provider.judge?.(profile, name)) ?? {};
    const { manageGroups } = this.#settings;
    const groups = manageGroups
      ? [...((await this.#hooks?.groupsOf(authState)) ?? this.#groupsIn(authState))]
      : undefined;
    const { allowed_groups, admin_groups, allowed_scopes } = this.#traits;
    const inGroup = groups !== undefined && overlaps(groups, allowed_groups);
    const byScopes = allowed_scopes.length > 0 && allowed_scopes.every((scope) => grantedScopes.includes(scope));
    const admin =
      groups !== undefined && admin_groups.length > 0
        ? judgement.admin === true || overlaps(groups, admin_groups)
        : judgement.admin;
    const subject = this.#provider.subjectOf(user);
    return {
      name,
      ...((typeof subject === 'string' || typeof subject === 'number') && { subject: String(subject) }),
      ...(admin !== undefined && { admin }),
      ...(groups && { groups }),
      admitted: judgement.admitted === true || inGroup || byScopes,
      authState,
      userInfo: userInfoOf(user),
    };
  }

  #groupsIn(authState: Record<string, unknown>): string[] {
    const key = this.#traits.auth_state_groups_key;
    return key === undefined ? [] : [...new Set(groupNames(valueAt(authState, key)))].sort();
  }
}

/** Groups as providers write them: a list of names, or a text with them (a scope). */
function groupNames(value: unknown): string[] {
  return typeof value === 'string' ? scopesIn(value) : textsIn(value);
}

function schemeOf({ token_type }: TokenResponse): string {
  return typeof token_type !== 'string' || token_type.toLowerCase() === 'bearer' ? 'Bearer' : token_type;
}

/** What single-user servers show of somebody. */
function userInfoOf(user: Record<string, unknown>): Record<string, unknown> {
  const text = (...claims: string[]): string | undefined =>
    claims.map((claim) => user[claim]).find((value) => typeof value === 'string' && value !== '') as string | undefined;
  const display = text('name', 'displayName', 'display_name');
  const avatar = text('picture', 'avatar_url');
  return {
    ...(display !== undefined && { display_name: display }),
    ...(avatar !== undefined && avatar.startsWith('https://') && { avatar_url: avatar }),
  };
}

/** The name that one claim holds. */
export function nameFromClaim(claim: string, service: string): (user: Record<string, unknown>) => string {
  return (user) => requiredText(user, claim, service);
}
