import type { Logger } from '../observability/logger.ts';
import type { Store } from '../store/store.ts';
import { type NameRules, toUserName } from './names.ts';
import type { Users } from './users.ts';

/**
 * Deletes users whose name the settings do not allow any more (`delete_invalid_users`): they could not sign in again. Those
 * for whom something runs stay until a later start.
 */
export async function deleteInvalidUsers(
  { store, users, log }: { store: Store; users: Users; log: Logger },
  pattern: NameRules['pattern'],
): Promise<void> {
  const rules: NameRules = { map: {}, ...(pattern && { pattern }) };
  for (const name of await namesOfIdleUsers(store)) {
    if (toUserName(name, rules) !== undefined) continue;
    log.warn({ user: name }, 'deleting a user whose name is not allowed any more');
    await users.delete(name);
  }
}

async function namesOfIdleUsers({ db }: Store): Promise<string[]> {
  const rows = await db
    .selectFrom('users')
    .select('name')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('servers')
            .select('servers.id')
            .whereRef('servers.user_id', '=', 'users.id')
            .where('servers.phase', '!=', 'stopped'),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('clusters')
            .select('clusters.name')
            .whereRef('clusters.user_name', '=', 'users.name')
            .where('clusters.ended', '=', 0),
        ),
      ),
    )
    .execute();
  return rows.map(({ name }) => name);
}
