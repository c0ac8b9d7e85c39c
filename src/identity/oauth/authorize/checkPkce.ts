import { OAuthError } from '../oauthError.ts';

/** How a code is bound to the program that asked for it (RFC 7636). */
export interface PkceChallenge {
  challenge: string;
  method: 'S256' | 'plain';
}

/**
 * The PKCE challenge of an authorize request; undefined when it has none (single-user servers before 6.0 send none).
 * @throws OAuthError for another method than S256 or plain, a malformed challenge, a method without challenge, or none at all where the
 * settings require PKCE.
 */
export function checkPkce(
  challenge: string | undefined,
  method: string | undefined,
  { requirePkce }: { requirePkce: boolean },
): PkceChallenge | undefined {
  if (challenge === undefined) {
    if (method !== undefined || requirePkce) throw new OAuthError('invalid_request', 'Code challenge required.');
    return undefined;
  }
  if (method !== undefined && method !== 'S256' && method !== 'plain')
    throw new OAuthError('invalid_request', 'Transform algorithm not supported.');
  if (!/^[A-Za-z0-9\-._~]{43,128}$/.test(challenge))
    throw new OAuthError('invalid_request', 'Code challenge is malformed.');
  return { challenge, method: method ?? 'plain' };
}
