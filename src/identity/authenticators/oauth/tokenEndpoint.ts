import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as oauth from 'oauth4webapi';
import { AtollError } from '../../../core/errors.ts';
import { asMap, badAnswer, parseJson } from './claims.ts';
import type { Endpoints, TokenResponse } from './provider.ts';
import type { ProviderHttp } from './providerHttp.ts';

/** How the hub presents itself to a provider. */
export interface OAuthClientOptions {
  service: string;
  clientId: string;
  /** Undefined: a public client. */
  clientSecret: string | undefined;
  /** The secret in a header, not in the form. */
  basicAuth: boolean;
  /** More parameters for the exchange of the code. */
  tokenParameters: Readonly<Record<string, string>>;
}

/** What a token endpoint gave, and the checked claims of its ID token. */
export interface Tokens {
  response: TokenResponse;
  claims: Record<string, unknown> | undefined;
}

/** Old GitHub servers call their bearer tokens so, and take them under that name. */
const recognizedTokenTypes = { token: () => undefined };

/** Exchanges codes and refresh tokens for tokens (RFC 6749, RFC 7636, OpenID Connect Core 3.1.3). */
export class TokenEndpoint {
  readonly #options: OAuthClientOptions;
  readonly #http: ProviderHttp;
  readonly #client: oauth.Client;

  constructor(options: OAuthClientOptions, http: ProviderHttp) {
    this.#options = options;
    this.#http = http;
    this.#client = { client_id: options.clientId, [oauth.clockTolerance]: 30 };
  }

  /**
   * Exchanges the code of an answer that fits `state`.
   * @throws AtollError `ATOLL_PROVIDER_FAILED`
   */
  async exchangeCode(
    endpoints: Endpoints,
    answer: {
      parameters: URLSearchParams;
      state: string;
      callbackUrl: string;
      verifier: string | undefined;
      nonce: string | undefined;
    },
  ): Promise<Tokens> {
    const server = serverOf(endpoints);
    return this.#explained(async () => {
      const parameters = new URLSearchParams(answer.parameters);
      // Each way to sign in has a callback address of its own: what comes here was meant for this one.
      if (endpoints.issuer === undefined) parameters.delete('iss');
      // Refuses an answer with an error, and one that names another issuer (RFC 9207): that is meant for somebody else.
      const checked = oauth.validateAuthResponse(server, this.#client, parameters, answer.state);
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        this.#client,
        this.#authentication(),
        checked,
        answer.callbackUrl,
        answer.verifier ?? oauth.nopkce,
        { ...this.#requestOptions(endpoints), additionalParameters: { ...this.#options.tokenParameters } },
      );
      // A nonce stands in an ID token, which a provider of plain OAuth 2.0 does not give, whatever the scopes.
      const nonceFor = (idToken: string | undefined): string | undefined =>
        endpoints.issuer !== undefined || idToken !== undefined ? answer.nonce : undefined;
      return this.#read(endpoints, response, (as, client, copy, idToken) => {
        const expectedNonce = nonceFor(idToken);
        return oauth.processAuthorizationCodeResponse(as, client, copy, {
          recognizedTokenTypes,
          ...(expectedNonce && { expectedNonce }),
        });
      });
    });
  }

  /**
   * Exchanges a refresh token. Undefined when the provider does not take it any more.
   * @throws AtollError `ATOLL_PROVIDER_FAILED`
   */
  async refresh(endpoints: Endpoints, refreshToken: string): Promise<Tokens | undefined> {
    return this.#explained(async () => {
      const response = await oauth.refreshTokenGrantRequest(
        serverOf(endpoints),
        this.#client,
        this.#authentication(),
        refreshToken,
        this.#requestOptions(endpoints),
      );
      if (response.status >= 400 && response.status < 500 && response.status !== 429) return undefined;
      return this.#read(endpoints, response, (as, client, copy) =>
        oauth.processRefreshTokenResponse(as, client, copy, { recognizedTokenTypes }),
      );
    });
  }

  /** Checks an answer, and that its ID token is for this hub, in time and, where the provider's keys are known, signed by it. */
  async #read(
    endpoints: Endpoints,
    response: Response,
    process: (
      as: oauth.AuthorizationServer,
      client: oauth.Client,
      copy: Response,
      idToken: string | undefined,
    ) => Promise<oauth.TokenEndpointResponse>,
  ): Promise<Tokens> {
    const text = await response.text();
    const body = asMap(parseJson(text));
    if (!body) throw badAnswer(this.#options.service, `the token endpoint answered ${response.status}, without JSON`);
    // GitHub reports errors with status 200.
    if (typeof body.error === 'string') throw this.#refused(body.error);
    const idToken = typeof body.id_token === 'string' ? body.id_token : undefined;
    const server = serverOf(endpoints, issuerIn(idToken));
    const copy = new Response(text, response);
    const tokens = await process(server, this.#clientFor(idToken), copy, idToken);
    if (endpoints.jwksUrl !== undefined && idToken !== undefined)
      await oauth.validateApplicationLevelSignature(server, copy, {
        [oauth.customFetch]: this.#http.fetch,
        [oauth.allowInsecureRequests]: endpoints.jwksUrl.startsWith('http:'),
      });
    return {
      response: body as TokenResponse,
      claims: oauth.getValidatedIdTokenClaims(tokens) as Record<string, unknown> | undefined,
    };
  }

  /** Takes ID tokens with any signature but none: one with a secret key is never taken for one with a public key. */
  #clientFor(idToken: string | undefined): oauth.Client {
    const algorithm = idToken === undefined ? undefined : algorithmIn(idToken);
    return algorithm === undefined || algorithm === 'none'
      ? this.#client
      : { ...this.#client, id_token_signed_response_alg: algorithm };
  }

  #authentication(): oauth.ClientAuth {
    const { clientSecret, basicAuth } = this.#options;
    if (clientSecret === undefined) return oauth.None();
    if (!basicAuth) return oauth.ClientSecretPost(clientSecret);
    // As it is, like oauthenticator: many providers do not undo the percent-encoding of RFC 6749, 2.3.1.
    const credentials = Buffer.from(`${this.#options.clientId}:${clientSecret}`).toString('base64');
    return (_as, _client, _body, headers) => headers.set('authorization', `Basic ${credentials}`);
  }

  #requestOptions({ tokenUrl }: Endpoints): oauth.TokenEndpointRequestOptions {
    return {
      [oauth.customFetch]: this.#http.fetch,
      // Plain HTTP is the operator's decision, who wrote the address.
      [oauth.allowInsecureRequests]: tokenUrl.startsWith('http:'),
    };
  }

  /** Turns the library's errors, whose details may hold tokens, into ones for people. */
  async #explained<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof AtollError) throw error;
      if (error instanceof oauth.AuthorizationResponseError || error instanceof oauth.ResponseBodyError)
        throw this.#refused(error.error);
      if (error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError)
        throw badAnswer(this.#options.service, error.message);
      throw error;
    }
  }

  #refused(code: string): AtollError {
    const { service } = this.#options;
    if (code === 'access_denied')
      return new AtollError('ATOLL_NOT_ALLOWED', `${service} did not let you in, or you did not agree.`, {
        nextStep: 'Try again, or sign in with another account.',
      });
    return new AtollError('ATOLL_PROVIDER_FAILED', `${service} refused the sign-in.`, {
      evidence: /^[\w.-]{1,60}$/.test(code) ? code : 'an error without a proper code',
    });
  }
}

function serverOf({ authorizeUrl, tokenUrl, issuer, jwksUrl }: Endpoints, named?: string): oauth.AuthorizationServer {
  return {
    // Where nobody says who the issuer is, an ID token is believed because it came from the token endpoint itself.
    issuer: issuer ?? named ?? new URL(tokenUrl).origin,
    authorization_endpoint: authorizeUrl,
    token_endpoint: tokenUrl,
    ...(jwksUrl !== undefined && { jwks_uri: jwksUrl }),
  };
}

function issuerIn(idToken: string | undefined): string | undefined {
  try {
    return idToken === undefined ? undefined : decodeJwt(idToken).iss;
  } catch {
    return undefined;
  }
}

function algorithmIn(idToken: string): string | undefined {
  try {
    return decodeProtectedHeader(idToken).alg;
  } catch {
    return undefined;
  }
}
