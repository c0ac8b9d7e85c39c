import type { Write } from '../../store/store.ts';
import { deleteTokens } from '../tokens.ts';

/** Ends the OAuth clients of a user's servers (or of one of them), with all tokens that they obtained, whosever these are. */
export async function deleteServerClients(write: Write, userId: number, serverName?: string): Promise<void> {
  const clients = await write.db
    .selectFrom('oauth_clients')
    .select('id')
    .where('user_id', '=', userId)
    .$if(serverName !== undefined, (query) => query.where('server_name', '=', serverName ?? ''))
    .execute();
  for (const { id } of clients) {
    await deleteTokens(write, (token) => token('oauth_client_id', '=', id));
    await write.db.deleteFrom('oauth_clients').where('id', '=', id).execute();
  }
}
