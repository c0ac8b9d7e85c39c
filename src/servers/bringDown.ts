import type { ReconcileResult } from '../core/reconciler.ts';
import type { Life } from './life.ts';
import { recordStopped } from './recordOutcome.ts';
import type { Server } from './server.ts';

/** Seconds that a server has to save its state after SIGTERM before it is killed. */
export const stopGraceSeconds = 10;

/**
 * The next step of a server that should not run, or not as it does: no route, no workload, no credentials, then a definite
 * state, or a new start.
 */
export async function bringDown(life: Life, server: Server): Promise<ReconcileResult> {
  const { user, name, workloadId } = server;
  life.routes.delete(user, name);
  if (workloadId !== null) {
    life.readiness.end(workloadId);
    const seen = await life.runtime.get(workloadId);
    if (seen && seen.phase !== 'exited') {
      await life.runtime.stop(workloadId, { graceSeconds: stopGraceSeconds });
      // Its observation `exited` wakes this server; should that be missed, look again.
      return { againInMs: (stopGraceSeconds + 2) * 1000 };
    }
  }
  await life.credentials.revokeServerCredentials({ user, serverName: name });
  if (workloadId !== null) {
    // Before anything is forgotten: a hub that dies meanwhile runs it again, rather than never.
    await life.hooks?.afterStop(server);
    await life.runtime.forget(workloadId);
  }
  // With the default server nothing goes but what goes with its person.
  if (server.desired === 'removed' && name !== '') await life.runtime.removeHome?.(user, name);
  await recordStopped(life, server);
  if (workloadId !== null) {
    life.board.drop(workloadId);
    life.settings.drop(workloadId);
  }
  return undefined;
}
