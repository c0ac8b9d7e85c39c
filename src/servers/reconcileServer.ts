import type { ReconcileResult } from '../core/reconciler.ts';
import { bringDown } from './bringDown.ts';
import { bringUp } from './bringUp.ts';
import type { Life } from './life.ts';
import { isActive, isRestarting } from './server.ts';
import { splitFullName } from './serverPath.ts';
import { readServer } from './serverTable.ts';

/** One pass over the server `user/name`: compares what should be with what is there, and takes the next step. */
export async function reconcileServer(life: Life, fullName: string): Promise<ReconcileResult> {
  const { user, name } = splitFullName(fullName);
  const server = await readServer(life.store.db, user, name);
  if (server?.phase !== 'starting') life.starts.leave(fullName);
  if (!server) {
    life.routes.forget(user, name);
    return undefined;
  }
  if (!isActive(server)) {
    life.routes.delete(user, name);
    return undefined;
  }
  life.routes.putAtHub(user, name);
  if (server.desired === 'running' && !isRestarting(server) && server.workloadId !== null)
    return bringUp(life, server, server.workloadId);
  return bringDown(life, server);
}
