import type { Logger } from '../observability/logger.ts';
import type { Store } from '../store/store.ts';
import { type NameRules, toUserName } from './names.ts';
import { somethingRunsFor } from './somethingRunsFor.ts';
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
  const idle = await store.db
    .selectFrom('users')
    .select('name')
    .where((user) => user.not(somethingRunsFor(user)))
    .execute();
  for (const { name } of idle) {
    if (toUserName(name, rules) !== undefined) continue;
    log.warn({ user: name }, 'deleting a user whose name is not allowed any more');
    await users.delete(name);
  }
}
