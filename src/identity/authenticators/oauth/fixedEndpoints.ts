import { isIP } from 'node:net';
import { AtollError } from '../../../core/errors.ts';
import type { OAuthTraits } from './oauthAuthenticator.ts';
import type { Endpoints } from './provider.ts';

/**
 * The addresses of a provider: those that the settings name, else the class's own.
 * @throws AtollError `ATOLL_AUTHENTICATOR_INCOMPLETE` when one is missing, `ATOLL_AUTHENTICATOR_INVALID` when an ID token would
 * be believed that anybody on the way could have written.
 */
export function fixedEndpoints(
  className: string,
  traits: OAuthTraits,
  own: Partial<Endpoints> = {},
  userFromIdToken = traits.userdata_from_id_token,
): () => Promise<Endpoints> {
  const authorizeUrl = traits.authorize_url ?? own.authorizeUrl ?? process.env.OAUTH2_AUTHORIZE_URL;
  const tokenUrl = traits.token_url ?? own.tokenUrl ?? process.env.OAUTH2_TOKEN_URL;
  const userdataUrl = traits.userdata_url ?? own.userdataUrl ?? process.env.OAUTH2_USERDATA_URL;
  if (!authorizeUrl) throw missing(className, 'authorize_url');
  if (!tokenUrl) throw missing(className, 'token_url');
  if (!userFromIdToken && !userdataUrl) throw missing(className, 'userdata_url');
  if (userFromIdToken && !isPrivate(tokenUrl))
    throw new AtollError(
      'ATOLL_AUTHENTICATOR_INVALID',
      `${className} believes the ID token, and fetches it without HTTPS, so that others could change it.`,
    );
  const endpoints = { ...own, authorizeUrl, tokenUrl, userdataUrl };
  return () => Promise.resolve(endpoints);
}

function missing(className: string, trait: string): AtollError {
  return new AtollError('ATOLL_AUTHENTICATOR_INCOMPLETE', `${className} needs ${trait}.`);
}

/** Whether nobody else can read or change what is sent there. */
function isPrivate(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  // `127.example.org` is a name, and anybody's.
  const isLoopback = hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'));
  return protocol === 'https:' || hostname === 'localhost' || isLoopback;
}
