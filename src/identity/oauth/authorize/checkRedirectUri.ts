import { AtollError } from '../../../core/errors.ts';
import type { OAuthClient } from '../clients.ts';

/**
 * The address for the answer: the registered one. When the request names one it must be the same, character by character.
 * @throws AtollError `ATOLL_OAUTH_REQUEST_INVALID` (an error page, never a redirect) when it is another.
 */
export function checkRedirectUri(redirectUri: string | undefined, client: OAuthClient): string {
  if (redirectUri !== undefined && redirectUri !== client.redirectUri)
    throw new AtollError(
      'ATOLL_OAUTH_REQUEST_INVALID',
      'The program that asks you to sign in wants the answer at an address that is not its own.',
      { evidence: `redirect_uri: ${redirectUri.slice(0, 200)}` },
    );
  return client.redirectUri;
}
