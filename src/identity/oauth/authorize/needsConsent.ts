import type { Principal } from '../../principal.ts';
import type { Rights } from '../../rights.ts';
import { firstBeyond } from '../../scopes/firstBeyond.ts';
import type { OAuthClient } from '../clients.ts';
import type { GrantedScopes } from './checkScopes.ts';

/**
 * Whether the person is asked. Not for their own server, not for a service that the settings exempt, and not when the
 * client already has a token of theirs that permits as much.
 */
export async function needsConsent(
  client: OAuthClient,
  principal: Principal,
  granted: GrantedScopes,
  identity: Rights,
): Promise<boolean> {
  if (client.noConfirm || ('user' in client.target && client.target.user === principal.name)) return false;
  for (const token of await identity.tokens.list(principal.userId ?? 0)) {
    if (token.oauthClientId !== client.id) continue;
    const held = await identity.scopesOfToken(token, principal, client);
    if ((await firstBeyond(granted.effective, held, identity)) === undefined) return false;
  }
  return true;
}
