import { stopGraceSeconds } from './bringDown.ts';
import type { Life } from './life.ts';

/**
 * Ends servers' workloads that no record speaks of any more, such as those of a deleted user. A record is always written
 * before its workload is started, so a workload without one is nobody's.
 */
export async function sweepOrphans(life: Life): Promise<void> {
  const workloads = (await life.runtime.list()).filter((seen) => seen.kind === 'server');
  if (workloads.length === 0) return;
  const rows = await life.store.db.selectFrom('servers').select('workload_id').execute();
  const known = new Set(rows.map((row) => row.workload_id));
  for (const seen of workloads) {
    if (known.has(seen.id)) continue;
    life.log.warn({ workload: seen.id, owner: seen.owner }, 'ending a server that has no record');
    if (seen.phase === 'exited') await life.runtime.forget(seen.id);
    else await life.runtime.stop(seen.id, { graceSeconds: stopGraceSeconds });
  }
}
