import { AtollError } from '../../../core/errors.ts';
import type { OAuthClient } from '../clients.ts';

/**
 * The address for the answer: the registered one. When the request names one it must be the same, character by character,
 * or its path alone: that is what a service with a registered address of a host finds in its environment.
 * @throws AtollError `ATOLL_OAUTH_REQUEST_INVALID` (an error page, never a redirect) when it is another.
 */
export function checkRedirectUri(redirectUri: string | undefined, client: OAuthClient): string {
  const same = redirectUri === undefined || redirectUri === client.redirectUri;
  if (!same && redirectUri !== pathOf(client.redirectUri))
    throw new AtollError(
      'ATOLL_OAUTH_REQUEST_INVALID',
      'The program that asks you to sign in wants the answer at an address that is not its own.',
      { evidence: `redirect_uri: ${redirectUri.slice(0, 200)}` },
    );
  return client.redirectUri;
}

/** An address without its host; undefined for one with more than a path. */
function pathOf(address: string): string | undefined {
  const { pathname, search, hash } = new URL(address, 'http://localhost');
  return search === '' && hash === '' ? pathname : undefined;
}
