import type { Kysely } from 'kysely';
import type { ServerSettings } from '../config/settings.ts';
import { AtollError } from '../core/errors.ts';
import type { Database } from '../store/database.ts';

/** The settings that limit starts. 0 means no limit. */
export type StartLimits = Pick<ServerSettings, 'allowNamedServers' | 'namedServerLimit' | 'activeServerLimit'>;

/**
 * Refuses a start that the hub has no room for. Runs inside the transaction that accepts the start, so that two requests
 * cannot both take the last place.
 * @throws AtollError `ATOLL_ACTIVE_SERVER_LIMIT`, with the text that JupyterHub's clients know.
 */
export async function checkRoomToStart(db: Kysely<Database>, limits: StartLimits): Promise<void> {
  if (limits.activeServerLimit === 0) return;
  const { count } = await db
    .selectFrom('servers')
    .select(({ fn }) => fn.countAll().as('count'))
    .where('phase', 'in', ['starting', 'ready', 'stopping'])
    .executeTakeFirstOrThrow();
  if (Number(count) >= limits.activeServerLimit)
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
