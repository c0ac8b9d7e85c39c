import { stat } from 'node:fs/promises';
import type { Store } from '../../store/store.ts';
import type { Collector } from './metrics.ts';

const dayMs = 24 * 3600 * 1000;
const periods = { '24h': dayMs, '7d': 7 * dayMs, '30d': 30 * dayMs };

/**
 * What the store says of users, logins, servers and clusters.
 * @param path of the database, for its size
 */
export function storeCollector({ db }: Store, path: string): Collector {
  return async (metrics) => {
    const count = async (table: 'users' | 'sessions' | 'api_tokens', since?: number): Promise<number> => {
      let query = db.selectFrom(table).select(({ fn }) => fn.countAll<number | string>().as('count'));
      if (since !== undefined) query = query.where('last_activity', '>', since);
      return Number((await query.executeTakeFirstOrThrow()).count);
    };
    const now = Date.now();
    metrics.set('jupyterhub_total_users', await count('users'));
    for (const [period, length] of Object.entries(periods))
      metrics.set('jupyterhub_active_users', await count('users', now - length), { period });
    metrics.set('atoll_logins', await count('sessions'));
    metrics.set('atoll_tokens', await count('api_tokens'));

    const servers = await db
      .selectFrom('servers')
      .select(['phase', ({ fn }) => fn.countAll<number | string>().as('count')])
      .groupBy('phase')
      .execute();
    metrics.clear('atoll_servers');
    for (const { phase, count } of servers) metrics.set('atoll_servers', Number(count), { phase });
    const ready = servers.find(({ phase }) => phase === 'ready');
    metrics.set('jupyterhub_running_servers', Number(ready?.count ?? 0));

    const clusters = await db
      .selectFrom('clusters')
      .select(['phase', ({ fn }) => fn.countAll<number | string>().as('count')])
      .where('ended', '=', 0)
      .groupBy('phase')
      .execute();
    metrics.clear('atoll_clusters');
    for (const { phase, count } of clusters) metrics.set('atoll_clusters', Number(count), { phase });
    const workers = await db
      .selectFrom('workers')
      .select(['phase', ({ fn }) => fn.countAll<number | string>().as('count')])
      .groupBy('phase')
      .execute();
    metrics.clear('atoll_cluster_workers');
    for (const { phase, count } of workers) metrics.set('atoll_cluster_workers', Number(count), { phase });

    const file = await stat(path).catch(() => undefined);
    if (file) metrics.set('atoll_store_bytes', file.size);
  };
}
