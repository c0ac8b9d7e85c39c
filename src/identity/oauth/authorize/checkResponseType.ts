import { OAuthError } from '../oauthError.ts';

/** @throws OAuthError unless the client asks for an authorization code. */
export function checkResponseType(responseType: string | undefined): void {
  if (responseType === undefined) throw new OAuthError('invalid_request', 'Missing response_type parameter.');
  if (responseType !== 'code') throw new OAuthError('unsupported_response_type');
}
