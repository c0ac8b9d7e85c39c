import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose';
import { lti13Traits } from '../../../config/keys/authenticators/lti13Traits.ts';
import { withDefaults } from '../../../config/keys/authenticators/trait.ts';
import type { AuthenticationSettings } from '../../../config/settings.ts';
import type { Clock } from '../../../core/clock.ts';
import { AtollError } from '../../../core/errors.ts';
import { equalInConstantTime, randomHex } from '../../../core/ids.ts';
import { type Authenticated, type Authenticator, plainAuthenticator } from '../contract.ts';
import { asMap, badAnswer, textsIn } from '../oauth/claims.ts';
import { ProviderHttp } from '../oauth/providerHttp.ts';
import { toolConfiguration } from './toolConfiguration.ts';

const service = 'your learning platform';
const claimOf = (name: string): string => `https://purl.imsglobal.org/spec/lti/claim/${name}`;
const messageTypes = ['LtiResourceLinkRequest', 'LtiDeepLinkingRequest'];
const keysLifetimeMs = 300_000;

/**
 * LTI 1.3: people come from a course of a learning platform (Canvas, Moodle, …). The platform begins (OpenID third-party
 * initiated login), and answers with a signed ID token in a form (implicit flow; IMS Security Framework 1.0, 5.1.1).
 * @throws AtollError `ATOLL_AUTHENTICATOR_INCOMPLETE`
 */
export function createLti13Authenticator({ classes }: AuthenticationSettings, clock: Clock): Authenticator {
  const traits = withDefaults(lti13Traits, classes.lti13);
  const { issuer, authorize_url, jwks_endpoint, client_id: clientIds } = traits;
  if (!issuer || !authorize_url || !jwks_endpoint || clientIds.length === 0)
    throw new AtollError(
      'ATOLL_AUTHENTICATOR_INCOMPLETE',
      'LTI13Authenticator needs issuer, client_id, authorize_url and jwks_endpoint.',
    );
  const http = new ProviderHttp({ service, checkCertificate: true });
  let keys: { at: number; set: JSONWebKeySet } | undefined;

  async function platformKeys(anew: boolean): Promise<JSONWebKeySet> {
    if (anew || !keys || keys.at + keysLifetimeMs < clock.now()) {
      const { body } = await http.getOpen(jwks_endpoint ?? '');
      const set = asMap(body);
      if (!Array.isArray(set?.keys)) throw badAnswer(service, 'jwks_endpoint has no keys');
      keys = { at: clock.now(), set: set as unknown as JSONWebKeySet };
    }
    return keys.set;
  }

  async function verify(token: string, clientId: string): Promise<JWTPayload> {
    const check = async (set: JSONWebKeySet): Promise<JWTPayload> => {
      const { payload } = await jwtVerify(token, createLocalJWKSet(set), {
        issuer: issuer ?? '',
        audience: clientId,
        algorithms: traits.jwks_algorithms,
        requiredClaims: ['exp', 'iat', 'nonce'],
        maxTokenAge: '10 minutes',
        clockTolerance: 10,
        currentDate: new Date(clock.now()),
      });
      return payload;
    };
    try {
      return await check(await platformKeys(false));
    } catch (error) {
      // The platform may have a new key since.
      if (error instanceof errors.JWKSNoMatchingKey) return await check(await platformKeys(true));
      throw error;
    }
  }

  function nameIn(claims: JWTPayload): string {
    const custom = /^custom_(.+)$/.exec(traits.username_key)?.[1];
    const value = custom === undefined ? claims[traits.username_key] : asMap(claims[claimOf('custom')])?.[custom];
    // A platform that keeps people's names to itself says `sub` only.
    const name = value ?? claims.sub;
    if (typeof name !== 'string' || name === '') throw badAnswer(service, `it does not say ${traits.username_key}`);
    return name;
  }

  return {
    ...plainAuthenticator,
    name: 'lti13',
    provider: `lti13:${issuer}`,
    service,
    redirect: {
      returnsBy: 'form',
      stateParameter: 'state',
      providerMayBegin: true,
      configuration: (origin, path) => toolConfiguration(traits, withScheme(origin, traits.uri_scheme), path),
      begin({ state, callbackUrl, parameters }) {
        const wanted = (name: string): string => {
          const value = parameters.get(name);
          if (!value) throw new AtollError('ATOLL_BAD_REQUEST', `A launch needs the parameter ${name}.`);
          return value;
        };
        if (wanted('iss') !== issuer)
          throw new AtollError('ATOLL_BAD_REQUEST', 'This launch comes from a platform that is not configured here.');
        const clientId = parameters.get('client_id') ?? clientIds[0] ?? '';
        if (!clientIds.includes(clientId))
          throw new AtollError('ATOLL_BAD_REQUEST', 'This launch has a client id that is not configured here.');
        const nonce = randomHex(16);
        const location = new URL(authorize_url);
        for (const [name, value] of Object.entries({
          response_type: 'id_token',
          response_mode: 'form_post',
          scope: 'openid',
          prompt: 'none',
          client_id: clientId,
          redirect_uri: withScheme(callbackUrl, traits.uri_scheme),
          login_hint: wanted('login_hint'),
          lti_message_hint: parameters.get('lti_message_hint'),
          nonce,
          state,
        }))
          if (value !== null) location.searchParams.set(name, value);
        const next = wanted('target_link_uri');
        return Promise.resolve({ location: location.href, state, remember: { nonce, clientId }, next });
      },
      async finish({ parameters, remembered }): Promise<Authenticated> {
        const token = parameters.get('id_token');
        if (!token)
          throw badAnswer(service, parameters.get('error') === null ? 'there is no ID token' : 'it refused the launch');
        let claims: JWTPayload;
        try {
          claims = await verify(token, remembered.clientId ?? '');
        } catch (error) {
          if (error instanceof errors.JOSEError) throw badAnswer(service, error.message);
          throw error;
        }
        checkClaims(claims, remembered);
        return {
          name: nameIn(claims),
          ...(typeof claims.sub === 'string' && { subject: claims.sub }),
          authState: { ...claims },
          userInfo: typeof claims.name === 'string' ? { display_name: claims.name } : {},
        };
      },
    },
  };
}

/** LTI 1.3 core, 5.3 and 5.4. */
function checkClaims(claims: JWTPayload, { nonce = '', clientId = '' }: Readonly<Record<string, string>>): void {
  const wrong = (what: string): AtollError => badAnswer(service, what);
  if (!equalInConstantTime(String(claims.nonce), nonce)) throw wrong('the answer belongs to another launch');
  if (claims[claimOf('version')] !== '1.3.0') throw wrong('the version of LTI is not 1.3.0');
  if (!messageTypes.includes(String(claims[claimOf('message_type')]))) throw wrong('the launch is of an unknown kind');
  for (const name of ['deployment_id', 'target_link_uri', 'roles'])
    if (claims[claimOf(name)] === undefined) throw wrong(`the claim ${name} is missing`);
  if (textsIn(claims.aud).length > 1 && claims.azp !== clientId) throw wrong('the ID token is for another tool');
}

function withScheme(url: string, scheme: 'auto' | 'http' | 'https'): string {
  return scheme === 'auto' ? url : url.replace(/^https?:/, `${scheme}:`);
}
