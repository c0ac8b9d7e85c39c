import { z } from 'zod';
import { AtollError } from '../core/errors.ts';
import type { Cluster } from './cluster.ts';
import { isLive } from './cluster.ts';
import type { ClusterChanges } from './clusterChanges.ts';
import { clusterProgress, isSentence } from './clusterProgress.ts';
import { listWorkers, readCluster, updateCluster } from './clusterTable.ts';
import type { ClusterWatch } from './clusterWatch.ts';
import type { ClustersContext } from './context.ts';
import { noteUse } from './usage.ts';
import { listWorkerEnds, noteTasks } from './workerEnds.ts';

/**
 * What Atoll's preload in the scheduler reports (python/atoll_dask_scheduler.py). The scheduler runs code of the cluster's
 * owner, so it can say anything; what it says is kept with this cluster only.
 */
const reportSchema = z.object({
  /** Workers that left, with the keys of what they were working on. */
  lost: z.array(z.object({ worker: z.string().max(100), tasks: z.array(z.string().max(500)).max(10) })).max(1000),
  /** Seconds for which there have been fewer workers than wanted. */
  missing: z.number().nonnegative(),
  used: z.object({ core_seconds: z.number().nonnegative(), byte_seconds: z.number().nonnegative() }),
  versions: z.record(z.string().max(50), z.string().max(50)).optional(),
  /** How many of what Dask counts as clients are none. */
  unconnected: z.number().int().nonnegative().optional(),
});

/** How long a scheduler waits to hear why its workers left: the runtime notices an end within a second. */
const patienceMs = 3000;

/**
 * Takes in a report, and returns sentences for the people who are connected to the cluster: why workers ended, and what the
 * missing ones wait for. Safe to repeat.
 * @throws AtollError `ATOLL_HEARTBEAT_INVALID`
 */
export async function takeReport(
  context: ClustersContext,
  { changes, watch }: { changes: ClusterChanges; watch: ClusterWatch },
  clusterName: string,
  body: unknown,
): Promise<string[]> {
  const parsed = reportSchema.safeParse(body);
  if (!parsed.success)
    throw new AtollError('ATOLL_HEARTBEAT_INVALID', 'The report is not as Atoll’s scheduler preload sends it.', {
      evidence: z.prettifyError(parsed.error).slice(0, 300),
    });
  const { lost, missing, used, versions, unconnected } = parsed.data;
  const { store, clock } = context;
  const names = await store.write(async ({ db, changed }) => {
    const cluster = await readCluster(db, clusterName);
    if (!cluster || cluster.ended) return [];
    if (unconnected !== undefined) watch.recordUnconnected(clusterName, unconnected);
    await noteUse(db, cluster, used, clock.now());
    if (versions) await updateCluster(db, clusterName, { versions: JSON.stringify(versions) });
    const unexpected = await notExpected(db, clusterName, lost);
    for (const { worker, tasks } of unexpected) await noteTasks(db, clusterName, worker, tasks, clock.now());
    if (versions || unexpected.length > 0) changed('clusters', clusterName);
    return unexpected.map(({ worker }) => worker);
  });
  const sentences = await sentencesAbout(context, changes, clusterName, names);
  const waiting = missing > 0 ? await waitingSentence(context, clusterName) : undefined;
  return waiting === undefined ? sentences : [...sentences, waiting];
}

interface Lost {
  worker: string;
  tasks: string[];
}

/** Of the workers that left, those that nobody asked to: they were live, or the runtime has found their end already. */
async function notExpected(
  db: Parameters<typeof listWorkers>[0],
  clusterName: string,
  lost: readonly Lost[],
): Promise<Lost[]> {
  if (lost.length === 0) return [];
  const live = (await listWorkers(db, clusterName)).filter(isLive).map(({ name }) => name);
  const ends = await db
    .selectFrom('worker_ends')
    .select('worker_name')
    .where('cluster_name', '=', clusterName)
    .execute();
  const names = new Set([...live, ...ends.map((row) => row.worker_name)]);
  return lost.filter(({ worker }) => names.has(worker));
}

/** Waits until the causes are known, and tells them. */
async function sentencesAbout(
  { store }: ClustersContext,
  changes: ClusterChanges,
  clusterName: string,
  workers: readonly string[],
): Promise<string[]> {
  if (workers.length === 0) return [];
  const until = Date.now() + patienceMs;
  for (;;) {
    const next = changes.next(clusterName, Math.max(0, until - Date.now()), undefined);
    const cluster = await readCluster(store.db, clusterName);
    const ends = cluster ? await listWorkerEnds(store.db, cluster) : [];
    const told = ends.filter(({ worker }) => workers.includes(worker));
    if (told.length === workers.length || Date.now() >= until || changes.closed || !cluster)
      return told.map(({ sentence }) => sentence);
    await next;
  }
}

async function waitingSentence(context: ClustersContext, clusterName: string): Promise<string | undefined> {
  const cluster: Cluster | undefined = await readCluster(context.store.db, clusterName);
  if (cluster?.phase !== 'running') return undefined;
  const { waitingFor, runningWorkers } = await clusterProgress(context, cluster);
  if (waitingFor === undefined) return undefined;
  return `${runningWorkers} of ${cluster.wantedWorkers} workers are there. ${sentence(waitingFor)}`;
}

/** `waitingFor` goes after "wait: "; what is a sentence already stays one. */
function sentence(waitingFor: string): string {
  return isSentence(waitingFor) ? waitingFor : `The others wait: ${waitingFor}.`;
}
