import { createHash } from 'node:crypto';
import type { Clock } from '../../../core/clock.ts';
import { equalInConstantTime, sha256Hex } from '../../../core/ids.ts';
import type { Store } from '../../../store/store.ts';
import type { OAuthCodesTable } from '../../../store/tables/identity.ts';
import { deleteTokens, type Token, type Tokens } from '../../tokens.ts';
import type { OAuthClient } from '../clients.ts';
import { OAuthError } from '../oauthError.ts';

/** What a client presents to have its code exchanged. */
export interface CodeExchange {
  client: OAuthClient;
  code: string;
  redirectUri: string | undefined;
  codeVerifier: string | undefined;
}

/**
 * Exchanges a code for a token, once. A second use revokes the token of the first (RFC 6749 §4.1.2): one of the two was
 * not the client. A failed attempt does not use the code up.
 * @param context.lifetimeSeconds how long the token lasts; it never outlives the login it came from
 * @throws OAuthError `invalid_grant`, or `invalid_request` for another redirect address.
 */
export async function redeemCode(
  exchange: CodeExchange,
  { store, tokens, clock, lifetimeSeconds }: { store: Store; tokens: Tokens; clock: Clock; lifetimeSeconds: number },
): Promise<{ secret: string; token: Token; expiresInSeconds: number }> {
  const { client, code, redirectUri, codeVerifier } = exchange;
  const hash = sha256Hex(code);
  const outcome = await store.write(async (write) => {
    const now = clock.now();
    const row = await write.db.selectFrom('oauth_codes').selectAll().where('hash', '=', hash).executeTakeFirst();
    if (!row || row.client_id !== client.id || row.expires_at <= now) return new OAuthError('invalid_grant');
    if (row.used_at !== null) {
      await deleteTokens(write, (token) => token('id', '=', row.token_id ?? 0));
      return new OAuthError('invalid_grant');
    }
    if (redirectUri !== row.redirect_uri) return new OAuthError('invalid_request', 'Mismatching redirect URI.');
    if (!verifiesPkce(row, codeVerifier)) return new OAuthError('invalid_grant');
    const session = await write.db
      .selectFrom('sessions')
      .select('expires_at')
      .where('session_id', '=', row.session_id)
      .where('user_id', '=', row.user_id)
      .where('expires_at', '>', now)
      .executeTakeFirst();
    if (!session) return new OAuthError('invalid_grant');

    const expiresInSeconds = Math.min(lifetimeSeconds, Math.floor((session.expires_at - now) / 1000));
    const made = await tokens.createIn(write, {
      userId: row.user_id,
      scopes: JSON.parse(row.scopes) as string[],
      note: client.description,
      expiresInSeconds,
      oauthClientId: client.id,
      sessionId: row.session_id,
    });
    await write.db
      .updateTable('oauth_codes')
      .set({ used_at: now, token_id: made.token.id })
      .where('hash', '=', hash)
      .execute();
    return { ...made, expiresInSeconds };
  });
  if (outcome instanceof OAuthError) throw outcome;
  return outcome;
}

/** Whether the verifier is the challenge's. Without a challenge there must be no verifier: a downgrade was tried then. */
function verifiesPkce(row: OAuthCodesTable, verifier: string | undefined): boolean {
  if (row.code_challenge === null || verifier === undefined)
    return row.code_challenge === null && verifier === undefined;
  const presented =
    row.code_challenge_method === 'S256' ? createHash('sha256').update(verifier).digest('base64url') : verifier;
  return equalInConstantTime(presented, row.code_challenge);
}
