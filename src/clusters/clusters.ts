import type { Live } from '../config/live.ts';
import type { ClusterSettings } from '../config/settings.ts';
import { type Clock, sleep, systemClock } from '../core/clock.ts';
import { AtollError, messageOf } from '../core/errors.ts';
import { equalInConstantTime, randomHex } from '../core/ids.ts';
import type { Sealer } from '../core/sealer.ts';
import type { ActivityReport, Route, RouteWriter } from '../edge/protocol.ts';
import type { Logger } from '../observability/logger.ts';
import type { Observation, Runtime } from '../runtimes/contract.ts';
import type { Store } from '../store/store.ts';
import { grantRoom, obstacleToStart, schedulerAmount } from './admission.ts';
import { areLimited, Ledger } from './allowances.ts';
import type { Cluster, ClusterPhase, Scaling } from './cluster.ts';
import { ClusterChanges } from './clusterChanges.ts';
import { clusterConfigOf } from './clusterConfig.ts';
import { type ClusterOptions, type ClusterUser, chooseOptions } from './clusterOptions.ts';
import { type ClusterProgress, clusterProgress, startSentence } from './clusterProgress.ts';
import { ClusterReconciler, schedulerWorkloadId } from './clusterReconciler.ts';
import { ClusterRoutes, routesOf } from './clusterRoutes.ts';
import {
  clusterOfWorkload,
  listClusters,
  listEndedClusters,
  listUnended,
  readCluster,
  serverOfToken,
  updateCluster,
} from './clusterTable.ts';
import { ClusterWatch, hasWork } from './clusterWatch.ts';
import { type ClustersContext, openCredentials, openToken, sealCredentials } from './context.ts';
import { type ClusterCredentials, makeCredentials } from './credentials.ts';
import { declaredOptions } from './declaredOptions.ts';
import { takeHeartbeat } from './heartbeat.ts';
import { memoryAdvice } from './memoryAdvice.ts';
import type { PythonValue } from './pythonJson.ts';
import { takeReport } from './report.ts';
import { adaptiveScaling, fixedScaling, type ScalingRequest } from './scaling.ts';
import { waitingWorkers, withinLimits } from './scalingLimits.ts';
import { askCounts } from './schedulerApi.ts';
import { SchedulerMessenger } from './schedulerMessenger.ts';
import { readUsage, type Usage, type UsageQuestion } from './usage.ts';
import { isPaused } from './workerTrouble.ts';

/** What {@link createClusters} works with. */
export interface ClustersDependencies {
  store: Store;
  /** Opened before {@link Clusters.open}. */
  runtime: Runtime;
  routes: RouteWriter;
  sealer: Sealer;
  /** As they are now, at each use: what a cluster got when it was made stays. */
  settings: Live<ClusterSettings>;
  /** Where schedulers reach the gateway's API, without a final slash: `http://127.0.0.1:8000/services/dask-gateway`. */
  gatewayUrl: string;
  /** What a user may choose; asked at each look and each creation. Default: what the settings declare. */
  optionsFor?: (user: ClusterUser) => Promise<ClusterOptions> | ClusterOptions;
  clock?: Clock;
  log: Logger;
}

/** What came of a wish to scale. */
export interface ScalingResult {
  /** Something people should know: they get less than they asked for, or later. */
  warning: string | undefined;
}

/** How long a request waits for the scheduler to take a wish; afterwards it is told in the background. */
const patienceMs = 3000;

/** Milliseconds after which somebody who waits for a start is told why; most are over before. */
const firstLookMs = 1000;
/** Milliseconds until it is looked again whether the reason is another one. */
const nextLookMs = 10_000;

/** A phase in which nothing more will happen by itself. */
const settled: ReadonlySet<ClusterPhase> = new Set(['running', 'stopped', 'failed']);

/** Dask clusters: a scheduler, its workers and their credentials, from the wish for them to their end. */
export function createClusters(dependencies: ClustersDependencies): Clusters {
  return new Clusters(dependencies);
}

export class Clusters {
  /** What these are, in the plural. */
  readonly what = 'clusters';
  readonly #context: ClustersContext;
  readonly #optionsFor: NonNullable<ClustersDependencies['optionsFor']>;
  readonly #routes: ClusterRoutes;
  readonly #messenger: SchedulerMessenger;
  readonly #reconciler: ClusterReconciler;
  readonly #changes: ClusterChanges;
  readonly #watch: ClusterWatch;
  readonly #stopFollowing: (() => void)[] = [];

  constructor(dependencies: ClustersDependencies) {
    const { optionsFor, clock = systemClock, settings, ...rest } = dependencies;
    this.#context = {
      ...rest,
      clock,
      get settings() {
        return settings.current;
      },
    };
    this.#optionsFor = optionsFor ?? ((user) => declaredOptions(this.#context.settings.options, user));
    this.#routes = new ClusterRoutes(this.#context.routes);
    this.#messenger = new SchedulerMessenger(this.#context);
    this.#watch = new ClusterWatch(this.#context);
    this.#reconciler = new ClusterReconciler(this.#context, this.#routes, this.#messenger, this.#watch);
    this.#changes = new ClusterChanges(this.#context.store);
  }

  /**
   * Adopts what an earlier hub left: publishes the routes of running clusters (so they are in the first snapshot that an
   * edge gets, if this is called before it may connect), ends workloads that belong to no cluster, and begins to work.
   */
  async open(): Promise<void> {
    const { store, runtime } = this.#context;
    for (const cluster of await listClusters(store.db, undefined, ['running']))
      if (cluster.address) this.#routes.publish(cluster.name, cluster.address);
    this.#stopFollowing.push(
      store.changes.follow('clusters', (name) => this.#reconciler.wake(name)),
      store.changes.follow('users', (name) => this.#inBackground(this.#endClustersOfRemovedUser(name))),
      store.changes.follow('servers', () => this.#inBackground(this.#endWithServers())),
      runtime.observe((observation) => this.#inBackground(this.#onObservation(observation))),
    );
    await this.#endStrays();
    await this.#endWithServers();
    await this.#reconciler.start();
  }

  /** Stops working, and answers all who wait. Clusters go on. */
  async close(): Promise<void> {
    this.#changes.close();
    for (const stop of this.#stopFollowing) stop();
    await this.#reconciler.stop();
  }

  /** The routes of all running clusters. */
  async routes(): Promise<Route[]> {
    const running = await listClusters(this.#context.store.db, undefined, ['running']);
    return running.flatMap((cluster) => (cluster.address ? routesOf(cluster.name, cluster.address) : []));
  }

  /** What `user` may choose when they make a cluster. */
  async options(user: ClusterUser): Promise<ClusterOptions> {
    return this.#optionsFor(user);
  }

  /**
   * Makes a cluster for `user`. When this resolves it is durable and will be started, whatever happens to the hub; at once, or
   * when there is room for it under the limits.
   * @param request the options as the client sent them, a dict.
   * @param tokenId the token with which they asked: it may be one of their servers' own.
   * @throws AtollError `ATOLL_CLUSTER_OPTIONS_INVALID`, `ATOLL_CLUSTER_LIMIT`
   */
  async create(user: ClusterUser, request: PythonValue, tokenId?: string): Promise<Cluster> {
    const { store, sealer, settings, clock, log } = this.#context;
    const options = await this.#optionsFor(user);
    const { values, overrides } = await chooseOptions(options, request, user);
    const chosen = clusterConfigOf(settings, overrides);
    const config = {
      ...chosen,
      memoryAdvice: memoryAdvice(options.fields, values, chosen.workerMemoryLimit ?? chosen.workerMemory),
    };
    const { limits } = settings;
    const holder = { owner: user.name, groups: user.groups };
    // With nothing else of theirs: it could never be started.
    const never = new Ledger(limits).obstacle(holder, schedulerAmount(config));
    if (never) throw limitReached(`A scheduler alone is more than there may be: ${never.sentence}.`);
    const serverName = await serverOfToken(store.db, tokenId);
    const name = randomHex(16);
    const now = clock.now();
    const scaling: Scaling = { mode: 'fixed', count: 0 };
    const credentials = sealCredentials(sealer, name, await makeCredentials(name, now));
    const created = await store.write(async ({ db, changed, audit }) => {
      const obstacle = limits.whenFull === 'refuse' ? await obstacleToStart(db, limits, holder, config) : undefined;
      if (obstacle) throw limitReached(`No cluster can be made now: ${obstacle.sentence}.`);
      await db
        .insertInto('clusters')
        .values({
          name,
          user_name: user.name,
          created_at: now,
          desired: 'running',
          phase: 'pending',
          ended: 0,
          options: JSON.stringify(values),
          config: JSON.stringify(config),
          ...credentials,
          scheduler_workload_id: schedulerWorkloadId(name, 1),
          scheduler_starts: 1,
          address: null,
          scaling: JSON.stringify(scaling),
          scaling_revision: 0,
          told_revision: 0,
          wanted_workers: 0,
          worker_trouble: null,
          running_at: null,
          stopped_at: null,
          reason: null,
          admitted_at: areLimited(limits) && limits.whenFull === 'queue' ? null : now,
          server_name: serverName,
          versions: null,
          told_use: null,
          user_groups: JSON.stringify(user.groups),
        })
        .execute();
      const granted = areLimited(limits) ? await grantRoom(db, limits, name, now) : [];
      for (const changedName of new Set([name, ...granted])) changed('clusters', changedName);
      await audit({ action: 'cluster.create', target: user.name, details: { cluster: name } });
      return readCluster(db, name);
    });
    if (!created) throw new AtollError('ATOLL_INTERNAL', 'A cluster just made cannot be read.');
    log.info({ cluster: name, user: user.name, waits: created.admittedAt === undefined }, 'cluster created');
    return created;
  }

  /** One cluster, or undefined when there is none of that name (any more: they are kept for a day after their end). */
  get(name: string): Promise<Cluster | undefined> {
    return readCluster(this.#context.store.db, name);
  }

  /** Clusters in one of `phases`, oldest first: those of `owner`, or (undefined) everybody's. */
  list(owner: string | undefined, phases: readonly ClusterPhase[]): Promise<Cluster[]> {
    return listClusters(this.#context.store.db, owner, phases);
  }

  /**
   * The clusters that stopped or failed last, newest first, `most` at most: those of `owner`, or (undefined) everybody's.
   * They are kept for a day.
   */
  listEnded(owner: string | undefined, most: number): Promise<Cluster[]> {
    return listEndedClusters(this.#context.store.db, owner, most);
  }

  /** Calls `listener` with the name of each cluster that has changed, until the hub ends. */
  followChanges(listener: (clusterName: string) => void): void {
    this.#stopFollowing.push(this.#context.store.changes.follow('clusters', listener));
  }

  /** How far a cluster is: its workers, and what it waits for. */
  progress(cluster: Cluster): Promise<ClusterProgress> {
    return clusterProgress(this.#context, cluster);
  }

  /** The secrets of a cluster that has not ended, or undefined. */
  credentials(name: string): Promise<ClusterCredentials | undefined> {
    return openCredentials(this.#context.store.db, this.#context.sealer, name);
  }

  /** Whether `token` is the API token of that cluster. */
  async hasToken(name: string, token: string): Promise<boolean> {
    const own = await openToken(this.#context.store.db, this.#context.sealer, name);
    return own !== undefined && equalInConstantTime(own, token);
  }

  /**
   * Waits until a cluster runs, has stopped or has failed, and returns it; or as it is after `milliseconds`, when
   * `signal` aborts, or when the hub ends.
   */
  waitForChange(name: string, milliseconds: number, signal?: AbortSignal): Promise<Cluster | undefined> {
    return this.#waitFor(name, (cluster) => settled.has(cluster.phase), Date.now() + milliseconds, signal);
  }

  /**
   * The same for somebody who wants to read meanwhile what it waits for: resolves too when that is not what was `shown`
   * to them before.
   */
  async waitForNews(
    name: string,
    milliseconds: number,
    shown: string,
    signal?: AbortSignal,
  ): Promise<{ cluster: Cluster | undefined; waitsFor: string | undefined }> {
    const until = Date.now() + milliseconds;
    for (let lookMs = firstLookMs; ; lookMs = nextLookMs) {
      const cluster = await this.waitForChange(name, Math.min(lookMs, until - Date.now()), signal);
      const waits = cluster?.phase === 'pending' && !signal?.aborted && !this.#changes.closed;
      const waitsFor = waits ? await startSentence(this.#context, cluster) : undefined;
      if (!waits || (waitsFor ?? shown) !== shown || Date.now() >= until) return { cluster, waitsFor };
    }
  }

  /**
   * Sets the number of workers.
   * @throws AtollError `ATOLL_CLUSTER_SCALE_INVALID`, `ATOLL_CLUSTER_NOT_RUNNING`
   */
  scale(name: string, count: PythonValue): Promise<ScalingResult> {
    return this.#setScaling(name, (cluster) => fixedScaling(count, cluster.config.maxWorkers));
  }

  /**
   * Lets the scheduler choose the number of workers within a range.
   * @throws AtollError `ATOLL_CLUSTER_SCALE_INVALID`, `ATOLL_CLUSTER_NOT_RUNNING`
   */
  adapt(name: string, range: { minimum: PythonValue; maximum: PythonValue }): Promise<ScalingResult> {
    return this.#setScaling(name, (cluster) =>
      adaptiveScaling(range.minimum, range.maximum, cluster.config.maxWorkers),
    );
  }

  /**
   * Keeps the number of workers as it is now.
   * @throws AtollError `ATOLL_CLUSTER_NOT_RUNNING`
   */
  stopAdapting(name: string): Promise<ScalingResult> {
    return this.#setScaling(name, ({ scaling, wantedWorkers }) => ({
      scaling: scaling.mode === 'fixed' ? scaling : { mode: 'fixed', count: wantedWorkers },
      warning: undefined,
    }));
  }

  /**
   * Takes in what a cluster's scheduler reports.
   * @throws AtollError `ATOLL_HEARTBEAT_INVALID`, `ATOLL_HEARTBEAT_OUTDATED`
   */
  heartbeat(name: string, body: unknown): Promise<void> {
    return takeHeartbeat(this.#context, name, body);
  }

  /**
   * Takes in what Atoll's preload in a cluster's scheduler reports, and returns sentences that everybody who is connected to
   * the cluster should read.
   * @throws AtollError `ATOLL_HEARTBEAT_INVALID`
   */
  report(name: string, body: unknown): Promise<string[]> {
    return takeReport(this.#context, { changes: this.#changes, watch: this.#watch }, name, body);
  }

  /** Takes in what the edge saw of connections to schedulers: a cluster in use is not ended. */
  recordTraffic(report: ActivityReport): void {
    this.#watch.recordTraffic(report);
  }

  /** What clusters asked for and used, by day. */
  usage(question: UsageQuestion): Promise<Usage[]> {
    return readUsage(this.#context.store.db, question, this.#context.clock.now());
  }

  /** Ends all clusters; resolves when nothing is left of any, those that have failed included, or after `milliseconds`. */
  async stopAll(reason: string, milliseconds: number): Promise<void> {
    const until = Date.now() + milliseconds;
    const names = (await listUnended(this.#context.store.db)).map(({ name }) => name);
    for (const name of names) await this.stop(name, reason);
    await Promise.all(names.map((name) => this.#waitFor(name, (cluster) => cluster.ended, until, undefined)));
  }

  /** Ends a cluster; resolves when that is durable. One that has ended, or that is not known, is left as it is. */
  async stop(name: string, reason: string): Promise<void> {
    const { store, log } = this.#context;
    const stopped = await store.write(async ({ db, changed, audit }) => {
      const stopping = await db
        .updateTable('clusters')
        .set({ desired: 'stopped', phase: 'stopping', reason })
        .where('name', '=', name)
        .where('desired', '=', 'running')
        .returning('user_name')
        .execute();
      for (const { user_name } of stopping) {
        changed('clusters', name);
        await audit({ action: 'cluster.stop', target: user_name, details: { cluster: name, reason } });
      }
      return stopping.length > 0;
    });
    if (stopped) log.info({ cluster: name, reason }, 'cluster stopping');
  }

  /**
   * Ends a cluster whose scheduler believes that it is idle, unless it is not: the scheduler also believes so while tasks
   * wait for their first worker. It will ask again.
   */
  async stopIdle(name: string): Promise<void> {
    const cluster = await this.get(name);
    if (cluster?.phase !== 'running' || !cluster.address) return;
    const { host, ports } = cluster.address;
    try {
      // A scheduler without a dashboard cannot be asked; its word counts.
      const counts = ports.dashboard === null ? undefined : await askCounts(host, ports.dashboard);
      if (counts && hasWork(cluster, counts)) return;
    } catch (error) {
      this.#context.log.warn({ cluster: name, reason: messageOf(error) }, 'an idle scheduler does not tell its load');
      return;
    }
    await this.stop(name, `Idle for ${cluster.config.idleTimeout} seconds.`);
  }

  /** Whether a user has clusters of which something is left. */
  async hasActive(user: string): Promise<boolean> {
    return (await this.#namesOfActive(user)).length > 0;
  }

  /**
   * Stops all clusters of a user and forgets them, so that nobody who gets the name later finds them; resolves with
   * whether nothing was left of them within this time.
   */
  async removeAllOf(user: string, milliseconds: number): Promise<boolean> {
    const until = Date.now() + milliseconds;
    const names = await this.#namesOfActive(user);
    await Promise.all(names.map((name) => this.stop(name, 'Its owner was removed.')));
    const isOver = (cluster: Cluster): boolean => cluster.ended;
    await Promise.all(names.map((name) => this.#waitFor(name, isOver, until, undefined)));
    const { store } = this.#context;
    await store.db.deleteFrom('clusters').where('user_name', '=', user).where('ended', '=', 1).execute();
    return !(await this.hasActive(user));
  }

  async #waitFor(
    name: string,
    isOver: (cluster: Cluster) => boolean,
    until: number,
    signal: AbortSignal | undefined,
  ): Promise<Cluster | undefined> {
    for (;;) {
      const left = until - Date.now();
      const next = this.#changes.next(name, Math.max(0, left), signal);
      const cluster = await this.get(name);
      if (!cluster || isOver(cluster) || left <= 0 || signal?.aborted || this.#changes.closed) return cluster;
      await next;
    }
  }

  async #namesOfActive(user: string): Promise<string[]> {
    const rows = await this.#context.store.db
      .selectFrom('clusters')
      .select('name')
      .where('user_name', '=', user)
      .where('ended', '=', 0)
      .execute();
    return rows.map((row) => row.name);
  }

  async #setScaling(name: string, decide: (cluster: Cluster) => ScalingRequest): Promise<ScalingResult> {
    const { store, settings, clock } = this.#context;
    let trouble: string | undefined;
    const request = await store.write(async ({ db, changed }) => {
      const cluster = await readCluster(db, name);
      if (!cluster) throw notRunning(name);
      const asked = decide(cluster);
      if (cluster.phase !== 'running') throw notRunning(name, cluster.reason);
      if (isPaused(cluster.workerTrouble)) trouble = cluster.workerTrouble.reason;
      const decided = await withinLimits(db, settings.limits, cluster, asked);
      await updateCluster(db, name, {
        scaling: JSON.stringify(decided.scaling),
        scaling_revision: cluster.scalingRevision + 1,
        ...(decided.scaling.mode === 'fixed' ? { wanted_workers: decided.scaling.count } : {}),
        // Somebody asks anew: what made workers fail may have been put right.
        worker_trouble: null,
      });
      const granted = await grantRoom(db, settings.limits, name, clock.now());
      for (const changedName of new Set([name, ...granted])) changed('clusters', changedName);
      return { ...decided, waits: await waitingWorkers(db, settings.limits, name, decided.scaling) };
    });
    const told = await Promise.race([this.#messenger.deliver(name), sleep(patienceMs).then(() => false)]);
    const warnings = [
      request.warning,
      request.waits,
      told ? undefined : 'The scheduler does not answer at the moment; it will be told as soon as it does.',
      trouble === undefined ? undefined : `The last workers failed: ${trouble}`,
    ].filter((text) => text !== undefined);
    return { warning: warnings.length === 0 ? undefined : warnings.join(' ') };
  }

  async #onObservation({ id, kind, phase }: Observation): Promise<void> {
    // Of a worker only its end asks for a step: there may be thousands, each of which waits, is placed and runs.
    if (kind !== 'scheduler' && !(kind === 'worker' && phase === 'exited')) return;
    const name = await clusterOfWorkload(this.#context.store.db, id);
    if (name !== undefined) this.#reconciler.wake(name);
  }

  /** Workloads of clusters that the store does not know (it was restored from a copy, say) would run for ever. */
  async #endStrays(): Promise<void> {
    const { store, runtime, log } = this.#context;
    for (const { id, kind, phase } of await runtime.list()) {
      if (kind !== 'scheduler' && kind !== 'worker') continue;
      if ((await clusterOfWorkload(store.db, id)) !== undefined) continue;
      log.warn({ workload: id }, 'ending a workload that belongs to no cluster');
      if (phase !== 'exited') await runtime.stop(id, { graceSeconds: 2 });
      else await runtime.forget(id);
    }
  }

  /** Whoever removes a user ends their clusters first ({@link removeAllOf}); one made in that very moment ends here. */
  async #endClustersOfRemovedUser(user: string): Promise<void> {
    const { db } = this.#context.store;
    if (await db.selectFrom('users').select('id').where('name', '=', user).executeTakeFirst()) return;
    for (const name of await this.#namesOfActive(user)) await this.stop(name, 'Its owner was removed.');
  }

  /** Ends the clusters that are meant to end with a notebook server that does not run (any more). */
  async #endWithServers(): Promise<void> {
    const { db } = this.#context.store;
    const tied = (await listUnended(db)).filter(
      ({ config, desired, serverName }) => config.endWithServer && desired === 'running' && serverName !== undefined,
    );
    if (tied.length === 0) return;
    const rows = await db
      .selectFrom('servers')
      .innerJoin('users', 'users.id', 'servers.user_id')
      .select(['users.name as owner', 'servers.name as server'])
      .where('servers.phase', 'in', ['starting', 'ready'])
      .execute();
    const running = new Set(rows.map(({ owner, server }) => `${owner}/${server}`));
    for (const { name, owner, serverName } of tied)
      if (!running.has(`${owner}/${serverName}`))
        await this.stop(name, 'The notebook server on which it was made has ended.');
  }

  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) => this.#context.log.error({ err: error }, 'work on clusters failed'));
  }
}

function limitReached(message: string): AtollError {
  return new AtollError('ATOLL_CLUSTER_LIMIT', message);
}

function notRunning(name: string, reason?: string): AtollError {
  const sentence = `cluster ${name} is not running`;
  return new AtollError('ATOLL_CLUSTER_NOT_RUNNING', reason === undefined ? sentence : `${sentence}: ${reason}`);
}
