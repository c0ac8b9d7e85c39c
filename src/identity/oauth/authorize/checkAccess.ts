import { AtollError } from '../../../core/errors.ts';
import type { Principal } from '../../principal.ts';
import type { Rights } from '../../rights.ts';
import type { OAuthClient } from '../clients.ts';

/** @throws AtollError `ATOLL_FORBIDDEN` unless the person may open the client's server or service. */
export async function checkAccess(principal: Principal, client: OAuthClient, identity: Rights): Promise<void> {
  const scope = 'service' in client.target ? 'access:services' : 'access:servers';
  if (!(await identity.can(principal, scope, client.target)))
    throw new AtollError('ATOLL_FORBIDDEN', 'You may not open this server or service.', {
      evidence: client.description,
      nextStep: 'Ask its owner, or an administrator of this hub.',
    });
}
