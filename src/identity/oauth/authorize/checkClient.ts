import { AtollError } from '../../../core/errors.ts';
import type { OAuthClient, OAuthClients } from '../clients.ts';

/**
 * The client that asks.
 * @throws AtollError `ATOLL_OAUTH_REQUEST_INVALID` (an error page, never a redirect) when there is none of that id.
 */
export async function checkClient(clientId: string | undefined, clients: OAuthClients): Promise<OAuthClient> {
  const client = clientId === undefined ? undefined : await clients.get(clientId);
  if (!client)
    throw new AtollError(
      'ATOLL_OAUTH_REQUEST_INVALID',
      'The program that asks you to sign in is not known to this hub.',
      {
        evidence: clientId === undefined ? 'client_id is missing' : `client_id: ${clientId.slice(0, 200)}`,
      },
    );
  return client;
}
