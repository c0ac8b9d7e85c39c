import { type ClusterWorker, isLive, type WorkerTrouble } from './cluster.ts';

const firstDelayMs = 1000;
const longestDelayMs = 60_000;
/** From so many unexpected ends in a row on, only one worker at a time is tried. */
const pausedFrom = 3;
/** A worker that lived so long did start well: its end begins a new count. */
const livedWellMs = 10_000;

/**
 * What becomes of the trouble when one more worker ended unexpectedly. The first two are replaced at once and after a
 * second, later ones after twice as long each, a minute at most.
 *
 * dask-gateway ends the whole cluster after three failed starts in a row, and with it whatever the other workers hold.
 * Here the cluster goes on with the workers it has: one worker at a time is tried until one connects, and people are
 * told the reason when they scale. What made them fail (a full machine, an image being rebuilt) often heals.
 */
export function afterUnexpectedEnd(
  before: WorkerTrouble | undefined,
  worker: Pick<ClusterWorker, 'phase' | 'createdAt'>,
  reason: string,
  now: number,
): WorkerTrouble {
  const startedWell = worker.phase === 'running' && now - worker.createdAt >= livedWellMs;
  const failures = startedWell ? 1 : (before?.failures ?? 0) + 1;
  const delay = failures < 2 ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(failures - 2, 20));
  return { failures, reason, retryAt: now + delay };
}

/** What becomes of the trouble when a worker has connected: all that are missing may be started again. */
export function afterConnection(before: WorkerTrouble | undefined, now: number): WorkerTrouble | undefined {
  if (before === undefined || !isPaused(before)) return before;
  return { ...before, failures: pausedFrom - 1, retryAt: now };
}

/** Whether so many workers ended in a row that they are tried one at a time only. */
export function isPaused(trouble: WorkerTrouble | undefined): trouble is WorkerTrouble {
  return trouble !== undefined && trouble.failures >= pausedFrom;
}

/** How many workers may be started now, of those that are missing. */
export function startableWorkers(
  wanted: number,
  workers: readonly ClusterWorker[],
  trouble: WorkerTrouble | undefined,
  now: number,
): number {
  const missing = Math.max(0, wanted - workers.filter(isLive).length);
  if (trouble === undefined) return missing;
  if (now < trouble.retryAt) return 0;
  if (!isPaused(trouble)) return missing;
  return workers.some((worker) => worker.phase === 'starting') ? 0 : Math.min(1, missing);
}
