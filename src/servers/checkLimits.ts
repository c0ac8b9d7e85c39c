import type { Kysely } from 'kysely';
import type { ServerSettings } from '../config/settings.ts';
import { AtollError } from '../core/errors.ts';
import type { Database } from '../store/database.ts';

/** The settings that limit starts. 0 means no limit. */
export type StartLimits = Pick<
  ServerSettings,
  'allowNamedServers' | 'namedServerLimit' | 'concurrentStartLimit' | 'activeServerLimit'
>;

/**
 * Refuses a start that the hub has no room for. Runs inside the transaction that accepts the start, so that two requests
 * cannot both take the last place.
 * @throws AtollError `ATOLL_TOO_MANY_STARTS` or `ATOLL_ACTIVE_SERVER_LIMIT`, with the texts JupyterHub's clients know.
 */
export async function checkRoomToStart(db: Kysely<Database>, limits: StartLimits): Promise<void> {
  const counts = await db
    .selectFrom('servers')
    .select(({ fn }) => ['phase', fn.countAll().as('count')])
    .where('phase', 'in', ['starting', 'ready', 'stopping'])
    .groupBy('phase')
    .execute();
  const starting = Number(counts.find((row) => row.phase === 'starting')?.count ?? 0);
  const active = counts.reduce((sum, row) => sum + Number(row.count), 0);
  if (limits.concurrentStartLimit > 0 && starting >= limits.concurrentStartLimit) {
    // Spread over half a minute, so that those turned away do not come back all at once.
    const seconds = 30 + Math.floor(Math.random() * 30);
    throw new AtollError(
      'ATOLL_TOO_MANY_STARTS',
      `Too many users trying to log in right now. Try again in ${seconds} seconds.`,
      { retryAfterSeconds: seconds },
    );
  }
  if (limits.activeServerLimit > 0 && active >= limits.activeServerLimit)
    throw new AtollError('ATOLL_ACTIVE_SERVER_LIMIT', 'Active user limit exceeded. Try again in a few minutes.', {
      retryAfterSeconds: 120,
    });
}

/**
 * Refuses one more named server of a user.
 * @throws AtollError `ATOLL_NAMED_SERVER_LIMIT`
 */
export async function checkNamedServerLimit(
  db: Kysely<Database>,
  limits: StartLimits,
  user: { id: number; name: string },
): Promise<void> {
  if (limits.namedServerLimit === 0) return;
  const { count } = await db
    .selectFrom('servers')
    .select(({ fn }) => fn.countAll().as('count'))
    .where('user_id', '=', user.id)
    .where('name', '!=', '')
    .executeTakeFirstOrThrow();
  if (Number(count) >= limits.namedServerLimit)
    throw new AtollError(
      'ATOLL_NAMED_SERVER_LIMIT',
      `User ${user.name} already has the maximum of ${limits.namedServerLimit} named servers.` +
        '  One must be deleted before a new server can be created',
    );
}
