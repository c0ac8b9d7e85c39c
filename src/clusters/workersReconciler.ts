import { concurrently } from '../core/concurrently.ts';
import { AtollError } from '../core/errors.ts';
import type { ReconcileResult } from '../core/reconciler.ts';
import type { Observation } from '../runtimes/contract.ts';
import { grantRoom, roomForWorkers } from './admission.ts';
import { type Cluster, type ClusterWorker, isLive, type SchedulerAddress } from './cluster.ts';
import { listWorkers, readCluster, updateCluster } from './clusterTable.ts';
import { type ClustersContext, requireCredentials } from './context.ts';
import { shownLines } from './explain.ts';
import type { Stopper } from './stopper.ts';
import { noteRequested } from './usage.ts';
import { causeOf, listWorkerEnds, noteCause, type WorkerCause } from './workerEnds.ts';
import { missingWorkers } from './workerSet.ts';
import { afterUnexpectedEnd } from './workerTrouble.ts';
import { workerReservation, workerSpec } from './workloads.ts';

/** How many workers of one cluster are started, or ended, at a time. */
const atATime = 32;

/** Milliseconds for which one pass begins starts. Then it looks whether something else is wanted; the next ones follow. */
const startingMs = 1000;

/** Seconds for a worker that is no longer wanted to end by itself. */
const graceSeconds = 5;

interface Seen {
  worker: ClusterWorker;
  observation: Observation | undefined;
}

/** A worker of which nothing is left, and why, when it was not meant to end. */
interface Ended {
  worker: ClusterWorker;
  unexpected: WorkerCause | undefined;
}

/** Brings a running cluster's workers closer to what is wanted: clears the ended away, adds the missing, starts the new. */
export class WorkersReconciler {
  readonly #context: ClustersContext;
  readonly #stopper: Stopper;

  constructor(context: ClustersContext, stopper: Stopper) {
    this.#context = context;
    this.#stopper = stopper;
  }

  /** One pass. Asks for another one when there is more to do, now or later. */
  async reconcile(cluster: Cluster, scheduler: SchedulerAddress): Promise<ReconcileResult> {
    const seen = await this.#look(cluster.name);
    const toStop = seen.filter((one) => one.worker.phase === 'stopping' && one.observation?.phase !== 'exited');
    await concurrently(toStop, atATime, async ({ worker, observation }) => {
      if (observation) await this.#stopper.stop(worker.name, graceSeconds);
    });
    const ended = await Promise.all(seen.filter(hasEnded).map((one) => this.#explain(one)));
    const workers = seen.map(({ worker }) => worker);
    // Otherwise there is nothing to write down, and the disk is not asked.
    if (ended.length > 0 || missingWorkers(cluster, workers, this.#context.clock.now()) > 0)
      await this.#replace(cluster.name, ended);
    await this.#startNew(cluster, scheduler);
    return this.#next(cluster.name);
  }

  async #look(clusterName: string): Promise<Seen[]> {
    const { store, runtime } = this.#context;
    const workers = await listWorkers(store.db, clusterName);
    return Promise.all(workers.map(async (worker) => ({ worker, observation: await runtime.get(worker.name) })));
  }

  async #explain({ worker, observation }: Seen): Promise<Ended> {
    const expected = !isLive(worker) || (worker.phase === 'running' && observation?.exit?.code === 0);
    if (expected) return { worker, unexpected: undefined };
    const logTail = observation ? await this.#context.runtime.logTail(worker.name, shownLines) : [];
    const livedMs = this.#context.clock.now() - worker.createdAt;
    return { worker, unexpected: causeOf(observation?.exit, livedMs, logTail) };
  }

  /** Forgets the ended workers and writes down the ones to be started in their place. */
  async #replace(clusterName: string, ended: readonly Ended[]): Promise<void> {
    const { store, runtime, settings, clock, log } = this.#context;
    const now = clock.now();
    const sentences = await store.write(async ({ db, changed }) => {
      const cluster = await readCluster(db, clusterName);
      if (!cluster) return [];
      const told: string[] = [];
      const workers = ended.map(({ worker }) => worker);
      await noteRequested(db, cluster, { scheduler: false, workers }, now);
      for (const { name } of workers) await db.deleteFrom('workers').where('name', '=', name).execute();
      let trouble = cluster.workerTrouble;
      for (const { worker, unexpected } of ended) {
        if (unexpected === undefined) continue;
        await noteCause(db, clusterName, worker.name, unexpected, now);
        const end = (await listWorkerEnds(db, cluster)).find((one) => one.worker === worker.name);
        const reason = end?.sentence ?? `${worker.name} ${unexpected.how}.`;
        trouble = afterUnexpectedEnd(trouble, worker, reason, now);
        told.push(reason);
      }
      if (told.length > 0) await updateCluster(db, clusterName, { worker_trouble: JSON.stringify(trouble) });
      const granted = await grantRoom(db, settings.limits, clusterName, now);
      for (const name of new Set([...granted, ...(ended.length > 0 ? [clusterName] : [])])) changed('clusters', name);
      return told;
    });
    for (const reason of sentences) log.warn({ cluster: clusterName, reason }, 'a worker ended unexpectedly');
    await concurrently(ended, atATime, async ({ worker }) => {
      await runtime.forget(worker.name);
      this.#stopper.forget(worker.name);
    });
  }

  async #startNew(cluster: Cluster, scheduler: SchedulerAddress): Promise<void> {
    const toStart = (await this.#look(cluster.name)).filter(isToStart);
    if (toStart.length === 0) return;
    const { store, sealer, runtime, clock } = this.#context;
    const credentials = await requireCredentials(store.db, sealer, cluster.name);
    const refused: Ended[] = [];
    const start = async ({ worker }: Seen): Promise<void> => {
      try {
        const reservation = await runtime.reserve(workerReservation(cluster, worker.name));
        await runtime.start(workerSpec(cluster, worker.name, credentials, reservation, scheduler));
      } catch (error) {
        if (!(error instanceof AtollError)) throw error;
        const how = `could not be started: ${error.message}`;
        refused.push({ worker, unexpected: { how, memory: false, tasks: [], circumstances: '' } });
      }
    };
    const until = clock.now() + startingMs;
    await concurrently(toStart, atATime, start, () => clock.now() < until && refused.length < atATime);
    if (refused.length > 0) await this.#replace(cluster.name, refused);
  }

  async #next(clusterName: string): Promise<ReconcileResult> {
    const { store, settings, clock } = this.#context;
    const seen = await this.#look(clusterName);
    const cluster = await readCluster(store.db, clusterName);
    if (!cluster) return undefined;
    const now = clock.now();
    const workers = seen.map(({ worker }) => worker);
    const missing = missingWorkers(cluster, workers, now);
    // Those that there is no room for wait until somebody gives some back.
    const { room: startable } = await roomForWorkers(store.db, settings.limits, cluster, missing);
    if (startable > 0 || seen.some(isToStart)) return { againInMs: 0 };
    const areMissing = workers.filter(isLive).length < cluster.wantedWorkers;
    const retryAt = cluster.workerTrouble?.retryAt ?? 0;
    return areMissing && retryAt > now ? { againInMs: retryAt - now } : undefined;
  }
}

/** Written down but not started yet. */
function isToStart({ worker, observation }: Seen): boolean {
  return worker.phase === 'starting' && observation === undefined;
}

/** Its process has ended, or nothing is left of it. */
function hasEnded({ worker, observation }: Seen): boolean {
  return observation ? observation.phase === 'exited' : worker.phase !== 'starting';
}
