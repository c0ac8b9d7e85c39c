/** Error codes of RFC 6749 that the hub uses. */
export type OAuthErrorCode =
  | 'access_denied'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_request'
  | 'invalid_scope'
  | 'unsupported_grant_type'
  | 'unsupported_response_type';

/** An error that is told to the client program: in the redirect (authorize) or as JSON (token). */
export class OAuthError extends Error {
  readonly code: OAuthErrorCode;
  readonly description: string | undefined;

  constructor(code: OAuthErrorCode, description?: string) {
    super(description ?? code);
    this.name = 'OAuthError';
    this.code = code;
    this.description = description;
  }

  /** HTTP status at the token endpoint. */
  get status(): 400 | 401 {
    return this.code === 'invalid_client' ? 401 : 400;
  }

  /** The body at the token endpoint, and the parameters in a redirect. */
  toParameters(): Record<string, string> {
    return { error: this.code, ...(this.description !== undefined && { error_description: this.description }) };
  }
}
