import { stripVTControlCharacters } from 'node:util';
import type { Failure } from '../diagnosis/failure.ts';
import { hideSecrets, secretValuesOf } from '../diagnosis/hideSecrets.ts';
import type { Life } from './life.ts';
import type { Server } from './server.ts';
import { fullNameOf } from './serverPath.ts';
import { beginStart } from './serverRequests.ts';

/** How many of a server's last lines are kept with its failure. */
const logTailLines = 50;

/**
 * Writes down that the server's present start is over and why (null: an end that nobody need explain). Its workload is
 * cleaned up by the passes that follow. Changes nothing when a person has stopped, restarted or deleted the server meanwhile.
 */
export function recordEnd(life: Life, server: Server, failure: Failure | null): Promise<void> {
  return life.store.write(async (write) => {
    const { numUpdatedRows } = await write.db
      .updateTable('servers')
      .set({ desired: 'stopped', phase: 'stopping', failure: failure && JSON.stringify(failure) })
      .where('id', '=', server.id)
      .where('workload_id', '=', server.workloadId)
      .where('desired', '=', 'running')
      .where('phase', '!=', 'stopping')
      .executeTakeFirst();
    if (numUpdatedRows === 0n) return;
    write.changed('servers', fullNameOf(server.user, server.name));
    if (failure)
      life.log.warn(
        {
          user: server.user,
          server: server.name,
          code: failure.code,
          exitCode: failure.exitCode,
          signal: failure.signal,
        },
        `server failed during its ${failure.during}`,
      );
  });
}

/** Writes down that a start has led to an answering server. Changes nothing when the start is over. */
export function recordReady(life: Life, server: Server): Promise<void> {
  return life.store.write(async (write) => {
    const { numUpdatedRows } = await write.db
      .updateTable('servers')
      .set({ phase: 'ready', ready_at: life.clock.now() })
      .where('id', '=', server.id)
      .where('workload_id', '=', server.workloadId)
      .where('phase', '=', 'starting')
      .executeTakeFirst();
    if (numUpdatedRows > 0n) write.changed('servers', fullNameOf(server.user, server.name));
  });
}

/**
 * Writes down that nothing of the server's last start is left: it is stopped, failed, starting anew (when it is restarted), or
 * (when removed) gone.
 */
export function recordStopped(life: Life, server: Server): Promise<void> {
  return life.store.write(async (write) => {
    const row = await write.db
      .selectFrom('servers')
      .select(['desired', 'failure'])
      .where('id', '=', server.id)
      .where('phase', '=', 'stopping')
      .executeTakeFirst();
    // Whoever asked for its removal during this pass has woken the next one.
    if (!row || (row.desired === 'removed') !== (server.desired === 'removed')) return;
    if (row.desired === 'removed') await write.db.deleteFrom('servers').where('id', '=', server.id).execute();
    else if (row.desired === 'running') await beginStart(write, server.id, life.clock);
    else
      await write.db
        .updateTable('servers')
        .set({ phase: row.failure === null ? 'stopped' : 'failed' })
        .where('id', '=', server.id)
        .execute();
    write.changed('servers', fullNameOf(server.user, server.name));
  });
}

/** The last lines of the server's workload, fit to be shown. */
export async function shownLogTail(life: Life, server: Server): Promise<string[]> {
  if (server.workloadId === null) return [];
  const { environment } = await life.settings.of(server);
  const lines = await life.runtime.logTail(server.workloadId, logTailLines);
  return hideSecrets(lines.map(stripVTControlCharacters), {
    values: secretValuesOf(environment),
    fingerprints: server.tokenFingerprint ? [server.tokenFingerprint] : [],
  });
}
