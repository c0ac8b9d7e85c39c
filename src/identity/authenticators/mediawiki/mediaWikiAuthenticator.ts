import { jwtVerify } from 'jose';
import { mediawikiTraits } from '../../../config/keys/authenticators/otherOauthTraits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import { AtollError } from '../../../core/errors.ts';
import { randomHex } from '../../../core/ids.ts';
import { type Authenticated, type Authenticator, plainAuthenticator } from '../contract.ts';
import { asMap, badAnswer, notAllowed, parseJson, requiredText } from '../oauth/claims.ts';
import { ProviderHttp } from '../oauth/providerHttp.ts';
import { authorizationHeader, type Credentials } from './oauth1.ts';

const service = 'MediaWiki';

/**
 * A MediaWiki, such as Wikimedia's, which speaks OAuth 1.0a: the hub gets a request token, the browser takes it to the wiki,
 * the hub exchanges it, and the wiki says in a signed token who somebody is (Extension:OAuth, Special:OAuth/identify).
 * @throws AtollError `ATOLL_AUTHENTICATOR_INCOMPLETE`
 */
export function createMediaWikiAuthenticator({ classes }: AuthenticationSettings): Authenticator {
  const traits = withDefaults(mediawikiTraits, classes.mediawiki);
  const key = traits.client_id || process.env.OAUTH_CLIENT_ID;
  const secret = traits.client_secret || process.env.OAUTH_CLIENT_SECRET;
  if (!key || !secret)
    throw new AtollError('ATOLL_AUTHENTICATOR_INCOMPLETE', 'MWOAuthenticator needs client_id and client_secret.');
  const consumer: Credentials = { key, secret };
  const { mw_index_url, oauth_callback_url } = traits;
  const http = new ProviderHttp({
    service,
    checkCertificate: traits.validate_server_cert,
    certificates: traits.http_request_kwargs.ca_certs,
  });

  async function call(page: string, token?: Credentials, more: Readonly<Record<string, string>> = {}): Promise<string> {
    const url = new URL(mw_index_url);
    url.searchParams.set('title', `Special:OAuth/${page}`);
    url.searchParams.set('format', 'json');
    const timestamp = Math.floor(Date.now() / 1000);
    const authorization = authorizationHeader({
      method: 'GET',
      url,
      consumer,
      ...(token && { token }),
      more,
      timestamp,
    });
    const response = await http.fetch(url, { headers: { Authorization: authorization, 'User-Agent': 'Atoll' } });
    const text = await response.text();
    if (!response.ok) throw badAnswer(service, `Special:OAuth/${page} answered ${response.status}`);
    return text;
  }

  async function tokenFrom(
    page: string,
    token?: Credentials,
    more?: Readonly<Record<string, string>>,
  ): Promise<Credentials> {
    const answer = asMap(parseJson(await call(page, token, more)));
    if (typeof answer?.key !== 'string' || typeof answer.secret !== 'string')
      throw badAnswer(service, `Special:OAuth/${page} gave no token`);
    return { key: answer.key, secret: answer.secret };
  }

  /** The claims of the wiki's signed answer: for this hub, by this wiki, for this very question. */
  async function identify(token: Credentials): Promise<Record<string, unknown>> {
    const nonce = randomHex(16);
    const answer = await call('identify', token, { oauth_nonce: nonce });
    try {
      const { payload } = await jwtVerify(answer.trim(), Buffer.from(consumer.secret), {
        algorithms: ['HS256'],
        audience: consumer.key,
        clockTolerance: 30,
        requiredClaims: ['iss', 'exp', 'iat'],
      });
      if (new URL(String(payload.iss)).host !== new URL(mw_index_url).host)
        throw badAnswer(service, 'another wiki answered');
      if (payload.nonce !== nonce) throw badAnswer(service, 'the answer is to another question');
      return payload;
    } catch (error) {
      if (error instanceof AtollError) throw error;
      throw badAnswer(service, 'what it says about you is not signed as it should be');
    }
  }

  return {
    ...plainAuthenticator,
    name: 'mediawiki',
    provider: `mediawiki:${mw_index_url}`,
    service,
    ...(traits.custom_403_message !== undefined && { refusal: traits.custom_403_message }),
    redirect: {
      returnsBy: 'link',
      // The wiki returns to the address that was registered with it, and tells the sign-in by its own random token.
      stateParameter: 'oauth_token',
      providerMayBegin: false,
      ...(oauth_callback_url !== undefined && { callbackUrl: oauth_callback_url }),
      async begin() {
        const token = await tokenFrom('initiate', undefined, { oauth_callback: oauth_callback_url ?? 'oob' });
        const location = new URL(mw_index_url);
        location.searchParams.set('title', 'Special:OAuth/authenticate');
        location.searchParams.set('oauth_token', token.key);
        location.searchParams.set('oauth_consumer_key', consumer.key);
        return {
          location: location.href,
          state: token.key,
          remember: { key: token.key, secret: token.secret },
        };
      },
      async finish({ parameters, remembered }): Promise<Authenticated> {
        const verifier = parameters.get('oauth_verifier') ?? '';
        const { key: requestKey = '', secret: requestSecret = '' } = remembered;
        if (verifier === '' || parameters.get('oauth_token') !== requestKey)
          throw badAnswer(service, 'the answer belongs to another sign-in');
        const token = await tokenFrom(
          'token',
          { key: requestKey, secret: requestSecret },
          { oauth_verifier: verifier },
        );
        const user = await identify(token);
        if (user.blocked === true) throw notAllowed('Your account is blocked at the wiki.');
        return {
          name: requiredText(user, 'username', service).replaceAll(' ', '_'),
          subject: requiredText(user, 'sub', service),
          authState: {
            ACCESS_TOKEN_KEY: token.key,
            ACCESS_TOKEN_SECRET: token.secret,
            MEDIAWIKI_USER_IDENTITY: user,
          },
        };
      },
    },
  };
}
