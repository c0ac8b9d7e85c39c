import type { Kysely } from 'kysely';
import type { ClusterLimits } from '../config/settings.ts';
import type { Database } from '../store/database.ts';
import { holderOf, obstacleOf, roomForWorkers, schedulerAmount, workerAmount } from './admission.ts';
import { areLimited, Ledger } from './allowances.ts';
import { type Cluster, isLive, type Scaling } from './cluster.ts';
import { listWorkers, readCluster } from './clusterTable.ts';
import type { ScalingRequest } from './scaling.ts';

type Db = Kysely<Database>;

/**
 * Cuts a wish down to what could be granted if nobody else had anything: what one could never have would be waited for, for
 * ever. Where the settings say that nothing waits, down to what there is room for now.
 */
export async function withinLimits(
  db: Db,
  limits: ClusterLimits,
  cluster: Cluster,
  asked: ScalingRequest,
): Promise<ScalingRequest> {
  if (!areLimited(limits)) return asked;
  const { config } = cluster;
  const ever = Ledger.mostWorkers(limits, holderOf(cluster), schedulerAmount(config), workerAmount(config));
  const fits = capped(asked, ever.most, `the limit of ${ever.limit}`);
  if (limits.whenFull === 'queue' || fits.scaling.mode === 'adaptive') return fits;
  const live = await countLive(db, cluster.name);
  const { room, obstacle } = await roomForWorkers(db, limits, cluster, Math.max(0, fits.scaling.count - live));
  return obstacle ? capped(fits, live + room, `what is free now (${obstacle.sentence})`) : fits;
}

/** Which of the workers that were asked for wait for room, and why; undefined: none. */
export async function waitingWorkers(
  db: Db,
  limits: ClusterLimits,
  clusterName: string,
  scaling: Scaling,
): Promise<string | undefined> {
  if (!areLimited(limits) || scaling.mode === 'adaptive') return undefined;
  const cluster = await readCluster(db, clusterName);
  const missing = scaling.count - (await countLive(db, clusterName));
  const obstacle = cluster && missing > 0 ? await obstacleOf(db, limits, cluster) : undefined;
  return obstacle && `${missing} of ${scaling.count} workers wait for their turn: ${obstacle.sentence}.`;
}

async function countLive(db: Db, clusterName: string): Promise<number> {
  return (await listWorkers(db, clusterName)).filter(isLive).length;
}

/** The wish with fewer workers, and the sentence that says so; the wish itself when it has no more than `most`. */
function capped({ scaling, warning }: ScalingRequest, most: number, limit: string): ScalingRequest {
  if (!Number.isFinite(most)) return { scaling, warning };
  if (scaling.mode === 'fixed') {
    if (scaling.count <= most) return { scaling, warning };
    const text = `Scale request of ${scaling.count} workers would exceed ${limit}. Scaling to ${most} instead.`;
    return { scaling: { mode: 'fixed', count: most }, warning: joined(warning, text) };
  }
  const minimum = Math.min(scaling.minimum ?? 0, most);
  const maximum = Math.min(scaling.maximum ?? most, most);
  const isLess = (scaling.maximum ?? 0) > most || (scaling.minimum ?? 0) > most;
  const text = `Adapting would exceed ${limit}. Using \`maximum=${maximum}, minimum=${minimum}\` instead.`;
  return { scaling: { mode: 'adaptive', minimum, maximum }, warning: isLess ? joined(warning, text) : warning };
}

function joined(...sentences: (string | undefined)[]): string {
  return sentences.filter((one) => one !== undefined).join(' ');
}
