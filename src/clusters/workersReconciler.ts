import { AtollError } from '../core/errors.ts';
import type { ReconcileResult } from '../core/reconciler.ts';
import type { Observation } from '../runtimes/contract.ts';
import { type Cluster, type ClusterWorker, isLive, type SchedulerAddress } from './cluster.ts';
import { listWorkers, readCluster, updateCluster } from './clusterTable.ts';
import { type ClustersContext, requireCredentials } from './context.ts';
import { shownLines, workerEndText } from './explain.ts';
import type { Stopper } from './stopper.ts';
import { addMissingWorkers } from './workerSet.ts';
import { afterUnexpectedEnd, startableWorkers } from './workerTrouble.ts';
import { workerReservation, workerSpec } from './workloads.ts';

/** How many workers of one cluster are started in one pass; the next ones follow in the next pass. */
const startedTogether = 32;

/** Seconds for a worker that is no longer wanted to end by itself. */
const graceSeconds = 5;

interface Seen {
  worker: ClusterWorker;
  observation: Observation | undefined;
}

/** A worker of which nothing is left, and in plain words why, when it was not meant to end. */
interface Ended {
  worker: ClusterWorker;
  unexpected: string | undefined;
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
    for (const { worker, observation } of toStop) if (observation) await this.#stopper.stop(worker.name, graceSeconds);
    const ended = await Promise.all(seen.filter(hasEnded).map((one) => this.#explain(one)));
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
    return { worker, unexpected: workerEndText(worker.name, observation?.exit, livedMs, logTail) };
  }

  /** Forgets the ended workers and writes down the ones to be started in their place. */
  async #replace(clusterName: string, ended: readonly Ended[]): Promise<void> {
    const { store, runtime, clock, log } = this.#context;
    const now = clock.now();
    await store.write(async ({ db, changed }) => {
      for (const { worker, unexpected } of ended) {
        await db.deleteFrom('workers').where('name', '=', worker.name).execute();
        if (unexpected === undefined) continue;
        const cluster = await readCluster(db, clusterName);
        const trouble = afterUnexpectedEnd(cluster?.workerTrouble, worker, unexpected, now);
        await updateCluster(db, clusterName, { worker_trouble: JSON.stringify(trouble) });
      }
      const added = await addMissingWorkers(db, clusterName, now);
      if (ended.length + added > 0) changed('clusters', clusterName);
    });
    for (const { worker, unexpected } of ended) {
      if (unexpected !== undefined)
        log.warn({ cluster: clusterName, reason: unexpected }, 'a worker ended unexpectedly');
      await runtime.forget(worker.name);
      this.#stopper.forget(worker.name);
    }
  }

  async #startNew(cluster: Cluster, scheduler: SchedulerAddress): Promise<void> {
    const seen = await this.#look(cluster.name);
    const toStart = seen.filter(isToStart).slice(0, startedTogether);
    if (toStart.length === 0) return;
    const { store, sealer } = this.#context;
    const credentials = await requireCredentials(store.db, sealer, cluster.name);
    const refused = await Promise.all(
      toStart.map(async ({ worker }): Promise<Ended | undefined> => {
        const { runtime } = this.#context;
        try {
          const reservation = await runtime.reserve(workerReservation(cluster, worker.name));
          await runtime.start(workerSpec(cluster, worker.name, credentials, reservation, scheduler));
          return undefined;
        } catch (error) {
          if (!(error instanceof AtollError)) throw error;
          return { worker, unexpected: `${worker.name} could not be started: ${error.message}` };
        }
      }),
    );
    const ended = refused.filter((one) => one !== undefined);
    if (ended.length > 0) await this.#replace(cluster.name, ended);
  }

  async #next(clusterName: string): Promise<ReconcileResult> {
    const { store, clock } = this.#context;
    const seen = await this.#look(clusterName);
    const cluster = await readCluster(store.db, clusterName);
    if (!cluster) return undefined;
    const now = clock.now();
    const workers = seen.map(({ worker }) => worker);
    const startable = startableWorkers(cluster.wantedWorkers, workers, cluster.workerTrouble, now);
    if (startable > 0 || seen.some(isToStart)) return { againInMs: 0 };
    const missing = workers.filter(isLive).length < cluster.wantedWorkers;
    const retryAt = cluster.workerTrouble?.retryAt ?? 0;
    return missing && retryAt > now ? { againInMs: retryAt - now } : undefined;
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
