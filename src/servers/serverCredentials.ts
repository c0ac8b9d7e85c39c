/** What a notebook server needs to prove who it is, and to sign its viewers in. */
export interface IssuedCredentials {
  /** The server's own API token, which is also the secret of its OAuth client. */
  token: string;
  /** Its OAuth client's id; its sign-in cookie has the same name. */
  clientId: string;
  /** The OAuth client's redirect path, such as `/user/ada/oauth_callback`. */
  oauthCallbackPath: string;
  /** Scopes to ask viewers' tokens for. */
  oauthScopes: string[];
  /** Scopes of which a viewer must hold one. */
  accessScopes: string[];
}

/** Gives servers their credentials. Implemented by identity. */
export interface ServerCredentials {
  /** Makes a new token and brings the OAuth client up to date; an earlier token of this server is good no longer. */
  issue(server: { user: string; serverName: string }): Promise<IssuedCredentials>;
  /** Ends the server's own token. Doing it again does nothing. */
  revoke(server: { user: string; serverName: string }): Promise<void>;
}
