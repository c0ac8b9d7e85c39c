import { AtollError } from '../core/errors.ts';
import { type ReconcileResult, Reconciler } from '../core/reconciler.ts';
import type { Observation, WorkloadExit } from '../runtimes/contract.ts';
import { grantRoom } from './admission.ts';
import type { Cluster, SchedulerAddress } from './cluster.ts';
import { startTimeoutOf } from './clusterConfig.ts';
import type { ClusterRoutes } from './clusterRoutes.ts';
import { listWorkers, readCluster, updateCluster } from './clusterTable.ts';
import type { ClusterWatch } from './clusterWatch.ts';
import { type ClustersContext, requireCredentials } from './context.ts';
import { saysPortTaken, schedulerEndText, schedulerSilenceText, shownLines } from './explain.ts';
import { accepts } from './schedulerApi.ts';
import type { SchedulerMessenger } from './schedulerMessenger.ts';
import { Stopper } from './stopper.ts';
import { noteRequested } from './usage.ts';
import { WorkersReconciler } from './workersReconciler.ts';
import { schedulerReservation, schedulerSpec } from './workloads.ts';

/** Seconds for scheduler and workers of a cluster that is given up to end by themselves: there is nothing to save. */
const graceSeconds = 2;

/** How often a scheduler is started when its ports turn out to be taken by another program meanwhile. */
const mostStarts = 3;

/** How often a scheduler that died is started anew, in a cluster that is meant to survive that. */
const mostRestarts = 5;
/** One that lived for less would only die again. */
const livedWellMs = 10_000;

/** How long ended clusters stay listed. */
const keptMs = 24 * 3_600_000;

/** Milliseconds until a scheduler that did not take a message is told again. */
const tellAgainMs = 2000;

/** Milliseconds until a cluster that is ending is looked at again, should an observation get lost. */
const lookAgainMs = 2000;

/** Takes one cluster (the key is its name) from what is to what should be. */
export class ClusterReconciler {
  readonly #context: ClustersContext;
  readonly #routes: ClusterRoutes;
  readonly #messenger: SchedulerMessenger;
  readonly #stopper: Stopper;
  readonly #workers: WorkersReconciler;
  readonly #watch: ClusterWatch;
  readonly #loop: Reconciler;

  constructor(context: ClustersContext, routes: ClusterRoutes, messenger: SchedulerMessenger, watch: ClusterWatch) {
    this.#context = context;
    this.#watch = watch;
    this.#routes = routes;
    this.#messenger = messenger;
    this.#stopper = new Stopper(context.runtime);
    this.#workers = new WorkersReconciler(context, this.#stopper);
    this.#loop = new Reconciler({
      reconcile: (name) => this.#reconcile(name),
      listKeys: () => this.#namesToReconcile(),
      onError: (name, error) => this.#report(name, error),
      clock: context.clock,
    });
  }

  start(): Promise<void> {
    return this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  wake(clusterName: string): void {
    this.#loop.wake(clusterName);
  }

  #report(clusterName: string, error: unknown): void {
    this.#context.log.error({ cluster: clusterName, err: error }, 'a pass over a cluster failed');
  }

  async #namesToReconcile(): Promise<string[]> {
    const { store, clock } = this.#context;
    const rows = await store.db
      .selectFrom('clusters')
      .select('name')
      .where((where) => where.or([where('ended', '=', 0), where('stopped_at', '<', clock.now() - keptMs)]))
      .execute();
    return rows.map((row) => row.name);
  }

  async #reconcile(name: string): Promise<ReconcileResult> {
    const cluster = await readCluster(this.#context.store.db, name);
    if (!cluster) return undefined;
    if (cluster.ended) return this.#remove(cluster);
    if (cluster.desired === 'stopped') return this.#end(cluster);
    if (cluster.phase !== 'pending') return this.#run(cluster);
    return cluster.admittedAt === undefined ? this.#queue(cluster) : this.#start(cluster);
  }

  /** Looks whether there is room for it now. Whoever gives room back looks too, so that nobody waits for the next pass. */
  async #queue(cluster: Cluster): Promise<ReconcileResult> {
    const { store, settings, clock } = this.#context;
    await store.write(async ({ db, changed }) => {
      for (const name of await grantRoom(db, settings.limits, cluster.name, clock.now())) changed('clusters', name);
    });
    return undefined;
  }

  /** Starts the scheduler and waits until it takes requests. */
  async #start(cluster: Cluster): Promise<ReconcileResult> {
    const { runtime, settings, clock } = this.#context;
    const scheduler = (await runtime.get(cluster.schedulerWorkloadId)) ?? (await this.#startScheduler(cluster));
    if (scheduler === undefined) return undefined;
    if (scheduler.phase === 'exited') return this.#afterSchedulerEnd(cluster, scheduler.exit);
    const address = addressOf(scheduler);
    // A workload that waits for a machine or an image has not started; its time does not count.
    if (scheduler.phase === 'waiting' || !address) return undefined;
    this.#routes.publish(cluster.name, address);
    if (await accepts(address.host, address.ports.api)) return this.#becomeRunning(cluster, address);
    const startingMs = clock.now() - (scheduler.startedAt ?? cluster.admittedAt ?? cluster.createdAt);
    if (startingMs < startTimeoutOf(cluster, settings) * 1000)
      return { againInMs: Math.min(250, Math.max(10, startingMs / 20)) };
    const logTail = await runtime.logTail(cluster.schedulerWorkloadId, shownLines);
    return this.#fail(cluster, schedulerSilenceText(startTimeoutOf(cluster, settings), logTail));
  }

  /** Asks the runtime for a scheduler; undefined when it refused and the cluster has failed. */
  async #startScheduler(cluster: Cluster): Promise<Observation | undefined> {
    const { store, runtime, sealer, settings, gatewayUrl, clock } = this.#context;
    const credentials = await requireCredentials(store.db, sealer, cluster.name);
    try {
      const reservation = await runtime.reserve(schedulerReservation(cluster));
      await runtime.start(schedulerSpec(cluster, credentials, reservation, gatewayUrl));
    } catch (error) {
      if (error instanceof AtollError) {
        await this.#fail(cluster, error.toText());
        return undefined;
      }
      // A passing trouble of the runtime is tried again, but nobody waits for it for ever.
      if (clock.now() - (cluster.admittedAt ?? cluster.createdAt) < startTimeoutOf(cluster, settings) * 1000)
        throw error;
      this.#report(cluster.name, error);
      await this.#fail(cluster, 'The hub could not start its scheduler. Its log says why.');
      return undefined;
    }
    const observation = await runtime.get(cluster.schedulerWorkloadId);
    if (!observation) throw new AtollError('ATOLL_INTERNAL', 'The runtime does not have the scheduler it accepted.');
    return observation;
  }

  async #becomeRunning(cluster: Cluster, address: SchedulerAddress): Promise<ReconcileResult> {
    const { store, clock, log } = this.#context;
    const now = clock.now();
    await store.write(async ({ db, changed }) => {
      const values = { phase: 'running', address: JSON.stringify(address), running_at: now };
      const { numUpdatedRows } = await db
        .updateTable('clusters')
        .set(values)
        .where('name', '=', cluster.name)
        .where('phase', '=', 'pending')
        .executeTakeFirst();
      // Otherwise somebody stopped it meanwhile.
      if (numUpdatedRows > 0) changed('clusters', cluster.name);
    });
    log.info({ cluster: cluster.name, user: cluster.owner, milliseconds: now - cluster.createdAt }, 'cluster running');
    return undefined;
  }

  async #run(cluster: Cluster): Promise<ReconcileResult> {
    const scheduler = await this.#context.runtime.get(cluster.schedulerWorkloadId);
    if (!scheduler || scheduler.phase === 'exited') return this.#afterSchedulerEnd(cluster, scheduler?.exit);
    const { address } = cluster;
    if (!address) throw new AtollError('ATOLL_INTERNAL', 'A cluster runs at an unknown address.');
    this.#routes.publish(cluster.name, address);
    const told = cluster.toldRevision >= cluster.scalingRevision;
    if (!told) this.#messenger.deliver(cluster.name).catch((error: unknown) => this.#report(cluster.name, error));
    const workers = await this.#workers.reconcile(cluster, address);
    const watched = await this.#watch.look(cluster);
    if (watched && 'end' in watched) return this.#expire(cluster, watched.end);
    const times = [workers?.againInMs, watched?.againInMs, told ? undefined : tellAgainMs];
    const soonest = Math.min(...times.filter((time) => time !== undefined));
    return Number.isFinite(soonest) ? { againInMs: soonest } : undefined;
  }

  async #afterSchedulerEnd(cluster: Cluster, exit: WorkloadExit | undefined): Promise<ReconcileResult> {
    const { runtime } = this.#context;
    const id = cluster.schedulerWorkloadId;
    const logTail = exit ? await runtime.logTail(id, 4 * shownLines) : [];
    const ready = cluster.phase === 'running';
    if (!ready && saysPortTaken(logTail) && cluster.schedulerStarts < mostStarts) return this.#startAnew(cluster);
    const reason = schedulerEndText(exit, ready, logTail);
    const livedWell = this.#context.clock.now() - (cluster.runningAt ?? 0) >= livedWellMs;
    if (!ready || !cluster.config.restartScheduler || !livedWell || cluster.schedulerStarts > mostRestarts)
      return this.#fail(cluster, reason);
    this.#context.log.warn({ cluster: cluster.name, user: cluster.owner, reason }, 'a scheduler is started anew');
    return this.#startAnew(cluster);
  }

  /** Another workload, on other ports. Workers of the one before are good for nothing; as many new ones follow. */
  async #startAnew(cluster: Cluster): Promise<ReconcileResult> {
    const starts = cluster.schedulerStarts + 1;
    this.#routes.withdraw(cluster.name);
    await this.#context.store.write(async ({ db, changed }) => {
      const { numUpdatedRows } = await db
        .updateTable('clusters')
        .set({
          phase: 'pending',
          address: null,
          told_revision: -1,
          scheduler_workload_id: schedulerWorkloadId(cluster.name, starts),
          scheduler_starts: starts,
        })
        .where('name', '=', cluster.name)
        .where('desired', '=', 'running')
        .executeTakeFirst();
      // Otherwise somebody stopped it meanwhile.
      if (numUpdatedRows === 0n) return;
      await db.updateTable('workers').set({ phase: 'stopping' }).where('cluster_name', '=', cluster.name).execute();
      changed('clusters', cluster.name);
    });
    await this.#context.runtime.forget(cluster.schedulerWorkloadId);
    return { againInMs: 0 };
  }

  /** Ends a cluster that nobody needs any more. */
  async #expire(cluster: Cluster, reason: string): Promise<ReconcileResult> {
    const { store, log } = this.#context;
    await store.write(async ({ db, changed }) => {
      const { numUpdatedRows } = await db
        .updateTable('clusters')
        .set({ desired: 'stopped', phase: 'stopping', reason })
        .where('name', '=', cluster.name)
        .where('desired', '=', 'running')
        .executeTakeFirst();
      if (numUpdatedRows > 0) changed('clusters', cluster.name);
    });
    log.info({ cluster: cluster.name, user: cluster.owner, reason }, 'cluster stopping');
    return { againInMs: 0 };
  }

  async #fail(cluster: Cluster, reason: string): Promise<ReconcileResult> {
    const { store, clock, log } = this.#context;
    const failed = await store.write(async ({ db, changed }) => {
      const { numUpdatedRows } = await db
        .updateTable('clusters')
        .set({ desired: 'stopped', phase: 'failed', reason, stopped_at: clock.now() })
        .where('name', '=', cluster.name)
        .where('desired', '=', 'running')
        .executeTakeFirst();
      if (numUpdatedRows > 0) changed('clusters', cluster.name);
      return numUpdatedRows > 0;
    });
    if (failed) log.warn({ cluster: cluster.name, user: cluster.owner, reason }, 'cluster failed');
    return { againInMs: 0 };
  }

  /** Ends scheduler and workers, all at the same time, then forgets them and the cluster's secrets. */
  async #end(cluster: Cluster): Promise<ReconcileResult> {
    const { store, runtime, settings, clock } = this.#context;
    this.#routes.withdraw(cluster.name);
    this.#watch.forget(cluster.name);
    const workers = await listWorkers(store.db, cluster.name);
    const ids = [cluster.schedulerWorkloadId, ...workers.map((worker) => worker.name)];
    const seen = await Promise.all(ids.map((id) => runtime.get(id)));
    const running = seen.filter((one) => one !== undefined).filter((one) => one.phase !== 'exited');
    await Promise.all(running.map((observation) => this.#stopper.stop(observation.id, graceSeconds)));
    if (running.length > 0) return { againInMs: lookAgainMs };
    for (const id of ids) {
      await runtime.forget(id);
      this.#stopper.forget(id);
    }
    await store.write(async ({ db, changed }) => {
      const now = clock.now();
      await noteRequested(db, cluster, { scheduler: true, workers: await listWorkers(db, cluster.name) }, now);
      await db.deleteFrom('workers').where('cluster_name', '=', cluster.name).execute();
      await updateCluster(db, cluster.name, {
        ended: 1,
        phase: cluster.phase === 'failed' ? 'failed' : 'stopped',
        stopped_at: cluster.stoppedAt ?? now,
        address: null,
        token: '',
        tls_cert: '',
        tls_key: '',
      });
      // Others may have waited for what it gives back.
      for (const name of await grantRoom(db, settings.limits, cluster.name, now)) changed('clusters', name);
      changed('clusters', cluster.name);
    });
    return undefined;
  }

  async #remove(cluster: Cluster): Promise<ReconcileResult> {
    const { store, clock } = this.#context;
    if ((cluster.stoppedAt ?? 0) + keptMs > clock.now()) return undefined;
    await store.write(async ({ db, changed }) => {
      await db.deleteFrom('clusters').where('name', '=', cluster.name).execute();
      changed('clusters', cluster.name);
    });
    return undefined;
  }
}

/** The id of a scheduler's n-th start. */
export function schedulerWorkloadId(clusterName: string, start: number): string {
  return `scheduler-${clusterName}${start === 1 ? '' : `-${start}`}`;
}

function addressOf({ host, ports }: Observation): SchedulerAddress | undefined {
  const { scheduler, dashboard, api } = ports;
  if (host === undefined || scheduler === undefined || dashboard === undefined || api === undefined) return undefined;
  return { host, ports: { scheduler, dashboard, api } };
}
