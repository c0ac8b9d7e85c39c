import type { Expression, ExpressionBuilder, SqlBool } from 'kysely';
import type { Database } from '../store/database.ts';

/** A condition on users: a server of theirs is not stopped, or a cluster of theirs has not ended. */
export function somethingRunsFor(user: ExpressionBuilder<Database, 'users'>): Expression<SqlBool> {
  return user.or([
    user.exists(
      user
        .selectFrom('servers')
        .select('servers.id')
        .whereRef('servers.user_id', '=', 'users.id')
        .where('servers.phase', '!=', 'stopped'),
    ),
    user.exists(
      user
        .selectFrom('clusters')
        .select('clusters.name')
        .whereRef('clusters.user_name', '=', 'users.name')
        .where('clusters.ended', '=', 0),
    ),
  ]);
}
