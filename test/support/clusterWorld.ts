import type { ClusterUser } from '../../src/clusters/clusterOptions.ts';
import { type Clusters, type ClustersDependencies, createClusters } from '../../src/clusters/clusters.ts';
import { type ClusterSettings, defaultSettings } from '../../src/config/settings.ts';
import { Sealer } from '../../src/core/sealer.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { openSqlite } from '../../src/store/openSqlite.ts';
import type { Store } from '../../src/store/store.ts';
import { FakeRuntime, type FakeWorkload } from './fakeRuntime.ts';
import { FakeScheduler } from './fakeScheduler.ts';
import { addUser, FakeRoutes } from './serverWorld.ts';

/** Somebody who makes clusters. */
export const ada: ClusterUser = { name: 'ada', groups: [], admin: false };

/** What outlives a hub: the store, and the runtime with its schedulers and workers. */
export class ClusterWorld {
  readonly store: Store;
  readonly runtime = new FakeRuntime();
  readonly settings: ClusterSettings;
  /** By cluster name. */
  readonly schedulers = new Map<string, FakeScheduler>();
  /** The hub that takes heartbeats now. */
  hub: Clusters | undefined;
  /** What a new scheduler does. Default: it runs and takes requests at once. */
  onScheduler: (workload: FakeWorkload, scheduler: FakeScheduler) => Promise<void> | void = async (
    workload,
    scheduler,
  ) => {
    workload.run();
    await scheduler.listen();
  };
  /** What a new worker does. Default: it runs, connects, and the scheduler reports it. */
  onWorker: (workload: FakeWorkload, scheduler: FakeScheduler | undefined) => void = (workload, scheduler) => {
    workload.run();
    scheduler?.connect(workload.spec.id);
    scheduler?.report();
  };

  private constructor(store: Store, settings: ClusterSettings) {
    this.store = store;
    this.settings = settings;
    this.runtime.onStart = (workload) => this.#begin(workload);
    this.runtime.observe(({ id, kind, phase }) => {
      if (phase === 'exited') this.#onExit(id, kind);
    });
  }

  /** A world with the users `ada` and `bob`, in memory. */
  static async create(settings: Partial<ClusterSettings> = {}): Promise<ClusterWorld> {
    const store = await openSqlite(':memory:');
    for (const name of ['ada', 'bob']) await addUser(store, name);
    return new ClusterWorld(store, { ...defaultSettings().clusters, ...settings });
  }

  /** A hub's clusters in this world, open. Parts of the world can be replaced. */
  async open(parts: Partial<ClustersDependencies> = {}): Promise<{ clusters: Clusters; routes: FakeRoutes }> {
    const routes = new FakeRoutes();
    const clusters = createClusters({
      store: this.store,
      runtime: this.runtime,
      routes,
      sealer: new Sealer(Buffer.alloc(32, 1)),
      settings: { current: this.settings },
      gatewayUrl: 'http://127.0.0.1:8000/services/dask-gateway',
      log: silentLogger(),
      ...parts,
    });
    this.hub = clusters;
    await clusters.open();
    return { clusters, routes };
  }

  /** The live workers' names. */
  get liveWorkers(): string[] {
    return this.runtime.live.filter((one) => one.spec.kind === 'worker').map((one) => one.spec.id);
  }

  /** The scheduler of a cluster, which must have been started. */
  scheduler(clusterName: string): FakeScheduler {
    const scheduler = this.schedulers.get(clusterName);
    if (!scheduler) throw new Error(`the scheduler of ${clusterName} was not started`);
    return scheduler;
  }

  /** The workload of the scheduler of a cluster. */
  schedulerWorkload(clusterName: string): FakeWorkload {
    const workload = [...this.runtime.workloads.values()].find(
      ({ spec }) => spec.environment.DASK_GATEWAY_CLUSTER_NAME === clusterName,
    );
    if (!workload) throw new Error(`the scheduler of ${clusterName} has no workload`);
    return workload;
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await this.hub?.close();
    for (const scheduler of this.schedulers.values()) scheduler.end();
    await this.store.close();
  }

  async #begin(workload: FakeWorkload): Promise<void> {
    if (workload.spec.kind === 'scheduler') {
      const scheduler = new FakeScheduler(workload, {
        heartbeat: async (name, report) => {
          if (!this.hub) throw new Error('no hub');
          await this.hub.heartbeat(name, report);
        },
        endWorker: (name) => this.runtime.workloads.get(name)?.exit({ code: 0, signal: null }),
      });
      this.schedulers.set(scheduler.clusterName, scheduler);
      await this.onScheduler(workload, scheduler);
    } else {
      this.onWorker(workload, this.#schedulerOfWorker(workload));
    }
  }

  #schedulerOfWorker(workload: FakeWorkload): FakeScheduler | undefined {
    const port = Number(/^tls:\/\/127\.0\.0\.1:(\d+)$/.exec(workload.spec.command[3] ?? '')?.[1]);
    const scheduler = [...this.runtime.workloads.values()].find(
      ({ spec }) => spec.reservation.ports.scheduler === port,
    );
    return this.schedulers.get(scheduler?.spec.environment.DASK_GATEWAY_CLUSTER_NAME ?? '');
  }

  #onExit(id: string, kind: string): void {
    const workload = this.runtime.workloads.get(id);
    if (kind === 'scheduler') this.schedulers.get(workload?.spec.environment.DASK_GATEWAY_CLUSTER_NAME ?? '')?.end();
    else if (workload) this.#schedulerOfWorker(workload)?.disconnect(id);
  }
}
