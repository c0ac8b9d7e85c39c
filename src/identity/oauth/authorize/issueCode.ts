import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../core/clock.ts';
import { sha256Hex } from '../../../core/ids.ts';
import type { Store } from '../../../store/store.ts';
import type { Session } from '../../sessions.ts';
import type { OAuthClient } from '../clients.ts';
import type { PkceChallenge } from './checkPkce.ts';

/** How long an authorization code is good for. */
export const codeLifetimeSeconds = 300;

/** Makes an authorization code, bound to client, login, scopes, address and PKCE challenge. Only its hash is kept. */
export async function issueCode(
  code: {
    client: OAuthClient;
    /** As the request has it: the exchange must repeat it. */
    redirectUri: string;
    session: Session;
    scopes: readonly string[];
    pkce: PkceChallenge | undefined;
  },
  store: Store,
  clock: Clock,
): Promise<string> {
  const secret = randomBytes(24).toString('base64url');
  const now = clock.now();
  await store.write(async ({ db }) => {
    await db.deleteFrom('oauth_codes').where('expires_at', '<=', now).execute();
    await db
      .insertInto('oauth_codes')
      .values({
        hash: sha256Hex(secret),
        client_id: code.client.id,
        user_id: code.session.userId,
        session_id: code.session.sessionId,
        scopes: JSON.stringify(code.scopes),
        redirect_uri: code.redirectUri,
        code_challenge: code.pkce?.challenge ?? null,
        code_challenge_method: code.pkce?.method ?? null,
        expires_at: now + codeLifetimeSeconds * 1000,
        used_at: null,
        token_id: null,
      })
      .execute();
  });
  return secret;
}
