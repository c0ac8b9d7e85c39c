import { stat } from 'node:fs/promises';
import { sql } from 'kysely';
import type { Store } from '../../store/store.ts';
import type { Collector } from './metrics.ts';

const dayMs = 24 * 3600 * 1000;

/**
 * What the store says of users, logins, servers and clusters.
 * @param path of the database, for its size
 */
export function storeCollector({ db }: Store, path: string): Collector {
  return async (metrics) => {
    const now = Date.now();
    const activeSince = (since: number) =>
      sql<number | string | null>`sum(case when last_activity > ${since} then 1 else 0 end)`;
    // One pass over the users, of whom there may be many.
    const users = await db
      .selectFrom('users')
      .select(({ fn }) => [
        fn.countAll<number | string>().as('total'),
        activeSince(now - dayMs).as('24h'),
        activeSince(now - 7 * dayMs).as('7d'),
        activeSince(now - 30 * dayMs).as('30d'),
      ])
      .executeTakeFirstOrThrow();
    metrics.set('jupyterhub_total_users', Number(users.total));
    for (const period of ['24h', '7d', '30d'] as const)
      metrics.set('jupyterhub_active_users', Number(users[period] ?? 0), { period });
    const count = async (table: 'sessions' | 'api_tokens'): Promise<number> => {
      const query = db.selectFrom(table).select(({ fn }) => fn.countAll<number | string>().as('count'));
      return Number((await query.executeTakeFirstOrThrow()).count);
    };
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
