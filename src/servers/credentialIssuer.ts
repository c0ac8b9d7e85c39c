import type { ServerCredentials, ServerScopes } from '../identity/serverCredentials.ts';

/** Gives servers what they need to prove who they are and to sign their viewers in. Identity does. */
export interface CredentialIssuer {
  /** Makes a new token and brings the OAuth client up to date; what an earlier start of this server had ends. */
  issueServerCredentials(
    server: { user: string; serverName: string },
    scopes: ServerScopes,
  ): Promise<ServerCredentials>;
  /** Ends the server's own token and those of its viewers. Doing it again does nothing. */
  revokeServerCredentials(server: { user: string; serverName: string }): Promise<void>;
}
