import { z } from 'zod';
import { AtollError } from '../core/errors.ts';
import { grantRoom } from './admission.ts';
import type { Cluster, ClusterWorker, SchedulerAddress, WorkerTrouble } from './cluster.ts';
import { startTimeoutOf } from './clusterConfig.ts';
import { listWorkers, readCluster, updateCluster } from './clusterTable.ts';
import type { ClustersContext } from './context.ts';
import { noteCause } from './workerEnds.ts';
import { setWorkerPhase, surplusWorkers } from './workerSet.ts';
import { afterConnection, afterUnexpectedEnd } from './workerTrouble.ts';

/** Names of workers; all but texts are somebody else's workers. */
const workerNames = z.array(z.unknown()).transform((names) => new Set(names));

/**
 * What dask-gateway's preload reports. Nothing is ever routed to the addresses in it: the hub
 * chose them itself, and code of the cluster's owner could send any.
 */
const heartbeatSchema = z.object({
  /** Workers the scheduler counts on: what it was told, or what its adaptive loop decided. */
  count: z.number().int().nonnegative(),
  /** Workers connected, without those in `closing_workers`. */
  active_workers: workerNames,
  /** Workers that will be retired as soon as this heartbeat is answered. */
  closing_workers: workerNames,
  /** Workers that ever left and did not come back. */
  closed_workers: workerNames,
  /** `http://host:port`, or empty. */
  dashboard_address: z.unknown().optional(),
});

type Heartbeat = z.infer<typeof heartbeatSchema>;

/**
 * Takes in what a scheduler reports. Safe to repeat: it says how things are, not what changed.
 * @throws AtollError `ATOLL_HEARTBEAT_INVALID`; `ATOLL_HEARTBEAT_OUTDATED` when it was sent before the scheduler knew how
 *   many workers are wanted. It is sent again half a second later; if it were accepted, the scheduler would retire
 *   workers that are wanted, or (having been told while it was sending) keep unwanted ones for 15 seconds more.
 */
export async function takeHeartbeat(context: ClustersContext, clusterName: string, body: unknown): Promise<void> {
  const parsed = heartbeatSchema.safeParse(body);
  if (!parsed.success)
    throw new AtollError('ATOLL_HEARTBEAT_INVALID', 'The heartbeat is not as dask-gateway sends it.', {
      evidence: z.prettifyError(parsed.error).slice(0, 300),
    });
  const atArrival = await readCluster(context.store.db, clusterName);
  if (!atArrival) return;
  const overdue = await overdueWorkers(context, atArrival);
  const outdated = await context.store.write(async ({ db, changed }) => {
    const cluster = await readCluster(db, clusterName);
    if (cluster?.phase !== 'running') return false;
    if (isOutdated(cluster, parsed.data)) {
      // Should the scheduler have lost what it was told, it is told again.
      if (atArrival.toldRevision >= cluster.scalingRevision) {
        await updateCluster(db, clusterName, { told_revision: cluster.scalingRevision - 1 });
        changed('clusters', clusterName);
      }
      return true;
    }
    const changes = await apply(db, cluster, parsed.data, { context, overdue });
    for (const name of changes) changed('clusters', name);
    return false;
  });
  if (outdated)
    throw new AtollError(
      'ATOLL_HEARTBEAT_OUTDATED',
      'The scheduler does not know yet how many workers are wanted; it will be told.',
    );
}

function isOutdated(cluster: Cluster, heartbeat: Heartbeat): boolean {
  return cluster.scaling.mode === 'fixed' && heartbeat.count !== cluster.scaling.count;
}

/** Writes what is new. Returns the clusters that changed. */
async function apply(
  db: Parameters<typeof readCluster>[0],
  before: Cluster,
  heartbeat: Heartbeat,
  { context, overdue }: { context: ClustersContext; overdue: ReadonlySet<string> },
): Promise<ReadonlySet<string>> {
  const { name } = before;
  const now = context.clock.now();
  const workers = await listWorkers(db, name);
  const moves = movesOf(workers, heartbeat, overdue);
  await setWorkerPhase(db, moves.running, 'running');
  await setWorkerPhase(db, moves.closing, 'closing');
  await setWorkerPhase(db, [...moves.gone, ...moves.overdue], 'stopping');
  for (const worker of workers)
    if (worker.phase !== 'closing' && moves.gone.includes(worker.name))
      await noteCause(db, name, worker.name, lostConnection, now);
  const trouble = troubleAfter(before.workerTrouble, moves, now);
  if (trouble !== before.workerTrouble) await updateCluster(db, name, { worker_trouble: JSON.stringify(trouble) });
  const wanted = wantedBy(before, heartbeat);
  if (wanted !== before.wantedWorkers) await updateCluster(db, name, { wanted_workers: wanted });
  const surplus = surplusWorkers({ ...before, wantedWorkers: wanted }, await listWorkers(db, name));
  await setWorkerPhase(
    db,
    surplus.map((worker) => worker.name),
    'stopping',
  );
  const granted = await grantRoom(db, context.settings.limits, name, now);
  const address = addressAfter(before, heartbeat);
  if (address !== before.address) await updateCluster(db, name, { address: JSON.stringify(address) });
  const moved = Object.values(moves).some((names: string[]) => names.length > 0);
  const isChanged = moved || surplus.length > 0 || wanted !== before.wantedWorkers || address !== before.address;
  return new Set([...granted, ...(isChanged ? [name] : [])]);
}

/** The scheduler gave a worker up whose process the runtime still sees. */
const lostConnection = { how: 'lost its connection to the scheduler', memory: false, tasks: [], circumstances: '' };

interface Moves {
  /** Connected for the first time. */
  running: string[];
  /** About to be retired. */
  closing: string[];
  /** Disconnected. */
  gone: string[];
  /** Never connected, and it is time. */
  overdue: string[];
}

/** Which workers of the table get which new phase. Names that are not in the table are somebody else's workers. */
function movesOf(workers: readonly ClusterWorker[], heartbeat: Heartbeat, overdue: ReadonlySet<string>): Moves {
  const moves: Moves = { running: [], closing: [], gone: [], overdue: [] };
  for (const { name, phase } of workers) {
    if (phase === 'stopping') continue;
    if (heartbeat.closing_workers.has(name)) {
      if (phase !== 'closing') moves.closing.push(name);
    } else if (heartbeat.active_workers.has(name)) {
      if (phase === 'starting') moves.running.push(name);
    } else if (heartbeat.closed_workers.has(name)) {
      moves.gone.push(name);
    } else if (overdue.has(name)) {
      moves.overdue.push(name);
    }
  }
  return moves;
}

/**
 * When its port is taken, Dask opens the dashboard on another one without a word. What answers on the port that was meant
 * for it is then somebody else's, perhaps on purpose, and must not be shown as this cluster's dashboard.
 */
function addressAfter({ address }: Cluster, { dashboard_address: told }: Heartbeat): SchedulerAddress | undefined {
  if (!address || address.ports.dashboard === null || typeof told !== 'string') return address;
  if (told.endsWith(`:${address.ports.dashboard}`)) return address;
  return { ...address, ports: { ...address.ports, dashboard: null } };
}

function troubleAfter(before: WorkerTrouble | undefined, moves: Moves, now: number): WorkerTrouble | undefined {
  const trouble = moves.running.length > 0 ? afterConnection(before, now) : before;
  return moves.overdue.reduce<WorkerTrouble | undefined>(
    (sofar, name) =>
      afterUnexpectedEnd(
        sofar,
        { phase: 'starting', createdAt: now },
        `${name} did not connect to the scheduler in time.`,
        now,
      ),
    trouble,
  );
}

/** In a fixed scale the wish counts, otherwise what the scheduler decided; the cluster's limit counts always. */
function wantedBy(cluster: Cluster, heartbeat: Heartbeat): number {
  if (cluster.scaling.mode === 'fixed') return cluster.wantedWorkers;
  return Math.min(heartbeat.count, cluster.config.maxWorkers ?? heartbeat.count);
}

/**
 * Workers that have been running for longer than a start may take without being connected. Looked at only when the
 * scheduler reports: while it is too busy to report, it is too busy to let them in.
 */
async function overdueWorkers(context: ClustersContext, cluster: Cluster): Promise<ReadonlySet<string>> {
  const { store, runtime, settings, clock } = context;
  const since = clock.now() - startTimeoutOf(cluster, settings) * 1000;
  const workers = await listWorkers(store.db, cluster.name);
  const old = workers.filter((worker) => worker.phase === 'starting' && worker.createdAt < since);
  const seen = await Promise.all(old.map((worker) => runtime.get(worker.name)));
  return new Set(
    seen.filter((one) => one?.phase === 'running' && (one.startedAt ?? since) < since).map((one) => one?.id ?? ''),
  );
}
