import { AtollError } from '../../../core/errors.ts';
import { badAnswer } from './claims.ts';
import type { OAuthTraits } from './oauthAuthenticator.ts';
import type { Endpoints } from './provider.ts';
import type { ProviderHttp } from './providerHttp.ts';

/** How long what a provider says about itself is believed. */
const lifetimeMs = 3600 * 1000;

/**
 * Finds an OpenID provider's addresses by its issuer (OpenID Connect Discovery), when they are first needed, and again each
 * hour. Addresses that the settings name win.
 */
export function discoveredEndpoints(
  issuer: string,
  service: string,
  traits: OAuthTraits,
  http: ProviderHttp,
): () => Promise<Endpoints> {
  let found: { at: number; endpoints: Endpoints } | undefined;
  return async () => {
    if (!found || found.at + lifetimeMs < Date.now())
      found = { at: Date.now(), endpoints: await discover(issuer, service, traits, http) };
    return found.endpoints;
  };
}

async function discover(issuer: string, service: string, traits: OAuthTraits, http: ProviderHttp): Promise<Endpoints> {
  const oauth = await import('oauth4webapi');
  try {
    const url = new URL(issuer);
    const response = await oauth.discoveryRequest(url, {
      algorithm: 'oidc',
      [oauth.customFetch]: http.fetch,
      [oauth.allowInsecureRequests]: url.protocol === 'http:',
    });
    const server = await oauth.processDiscoveryResponse(url, response);
    const authorizeUrl = traits.authorize_url ?? server.authorization_endpoint;
    const tokenUrl = traits.token_url ?? server.token_endpoint;
    if (!authorizeUrl || !tokenUrl) throw badAnswer(service, 'it does not say where people sign in');
    return {
      authorizeUrl,
      tokenUrl,
      userdataUrl: traits.userdata_url ?? server.userinfo_endpoint,
      issuer: server.issuer,
      jwksUrl: server.jwks_uri,
    };
  } catch (error) {
    if (error instanceof AtollError) throw error;
    throw badAnswer(service, error instanceof Error ? error.message : 'no OpenID configuration');
  }
}
