import { messageOf } from '../core/errors.ts';
import type { Cluster } from './cluster.ts';
import { readCluster } from './clusterTable.ts';
import { type ClustersContext, openToken } from './context.ts';
import { type SchedulerMessage, tellScheduler } from './schedulerApi.ts';

interface Delivery {
  underWay: Promise<boolean>;
  /** One more, that begins when the one under way has ended, for whoever came meanwhile. */
  next?: Promise<boolean>;
}

/**
 * Brings schedulers up to date with how many workers people asked for. What was asked for is in the store before; so a
 * scheduler that does not answer at the moment is told later, by whoever calls next.
 */
export class SchedulerMessenger {
  readonly #context: ClustersContext;
  readonly #deliveries = new Map<string, Delivery>();

  constructor(context: ClustersContext) {
    this.#context = context;
  }

  /** Resolves true when the scheduler has the newest wish (or needs none any more), false when it did not answer. */
  deliver(clusterName: string): Promise<boolean> {
    const delivery = this.#deliveries.get(clusterName);
    if (!delivery) return this.#begin(clusterName);
    delivery.next ??= delivery.underWay.then(() => this.#begin(clusterName));
    return delivery.next;
  }

  #begin(clusterName: string): Promise<boolean> {
    const delivery: Delivery = {
      underWay: this.#bringUpToDate(clusterName).finally(() => {
        if (this.#deliveries.get(clusterName) === delivery) this.#deliveries.delete(clusterName);
      }),
    };
    this.#deliveries.set(clusterName, delivery);
    return delivery.underWay;
  }

  async #bringUpToDate(clusterName: string): Promise<boolean> {
    const { store, sealer, log } = this.#context;
    for (;;) {
      const cluster = await readCluster(store.db, clusterName);
      if (!cluster?.address || cluster.phase !== 'running' || cluster.toldRevision >= cluster.scalingRevision)
        return true;
      const token = await openToken(store.db, sealer, clusterName);
      if (token === undefined) return true;
      try {
        for (const message of messagesFor(cluster)) await tellScheduler(cluster.address, token, message);
      } catch (error) {
        log.warn({ cluster: clusterName, reason: messageOf(error) }, 'a scheduler could not be told to scale');
        return false;
      }
      await store.db
        .updateTable('clusters')
        .set({ told_revision: cluster.scalingRevision })
        .where('name', '=', clusterName)
        .where('told_revision', '<', cluster.scalingRevision)
        .execute();
    }
  }
}

/** An adaptive loop that runs would look at its new bounds only at its next turn, seconds later; a new one does at once. */
function messagesFor({ scaling }: Cluster): SchedulerMessage[] {
  if (scaling.mode === 'fixed') return [{ op: 'scale', count: scaling.count }];
  const { minimum, maximum } = scaling;
  return [
    { op: 'adapt', active: false },
    { op: 'adapt', minimum, maximum, active: true },
  ];
}
