import type { Write } from '../store/store.ts';
import { deleteTokens } from './tokens.ts';

/** Ends all logins of a user and revokes all their tokens, codes and login links. */
export async function forgetCredentials(write: Write, userId: number): Promise<void> {
  const sessions = await write.db
    .deleteFrom('sessions')
    .where('user_id', '=', userId)
    .returning('session_id')
    .execute();
  for (const { session_id } of sessions) write.changed('sessions', session_id);
  await deleteTokens(write, (token) => token('user_id', '=', userId));
  await write.db.deleteFrom('oauth_codes').where('user_id', '=', userId).execute();
  await write.db.deleteFrom('login_links').where('user_id', '=', userId).execute();
}
