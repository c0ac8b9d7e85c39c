import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { Database } from '../store/database.ts';
import type { Cluster, ClusterWorker } from './cluster.ts';
import { listAllWorkers, listUnended, updateCluster } from './clusterTable.ts';

type Db = Kysely<Database>;

/** By what usage can be summed up. */
export const usageKinds = ['user', 'group', 'cluster'] as const;

export type UsageKind = (typeof usageKinds)[number];

/** What somebody, or a cluster, asked for and used during one day. */
export interface Usage {
  /** `2026-11-24`, UTC. */
  day: string;
  /** The name of the user, group or cluster. */
  name: string;
  /** The owner, when it is about a cluster. */
  user?: string;
  /** Cores times the seconds for which they were set aside. */
  coreSecondsRequested: number;
  byteSecondsRequested: number;
  /** What Dask saw its workers use; their schedulers are not in it. */
  coreSecondsUsed: number;
  byteSecondsUsed: number;
}

/** Which usage is asked for. */
export interface UsageQuestion {
  by: UsageKind;
  /** The first and the last day, `2026-11-24`. */
  from: string;
  to: string;
  /** Only this user's. */
  owner?: string;
}

/** As the scheduler tells it, since it began. */
const toldUseSchema = z.object({ start: z.number(), core_seconds: z.number(), byte_seconds: z.number() });

const day = 86_400_000;
const figures = ['core_seconds_requested', 'byte_seconds_requested', 'core_seconds_used', 'byte_seconds_used'] as const;
type Figures = Partial<Record<(typeof figures)[number], number>>;

/** Notes what a scheduler and workers had set aside for them. Together, in one transaction, with the deletion of what says since when. */
export async function noteRequested(
  db: Db,
  cluster: Cluster,
  ended: { scheduler: boolean; workers: readonly ClusterWorker[] },
  now: number,
): Promise<void> {
  for (const [on, amounts] of requestedUntil(cluster, ended, now)) await add(db, cluster, on, amounts);
}

/** Notes what workers used, as their scheduler tells it: sums since it began, so that telling twice adds nothing. */
export async function noteUse(
  db: Db,
  cluster: Cluster,
  used: { core_seconds: number; byte_seconds: number },
  now: number,
): Promise<void> {
  const row = await db.selectFrom('clusters').select('told_use').where('name', '=', cluster.name).executeTakeFirst();
  const told = row?.told_use ? toldUseSchema.parse(JSON.parse(row.told_use)) : undefined;
  const before = told?.start === cluster.schedulerStarts ? told : { core_seconds: 0, byte_seconds: 0 };
  const cores = Math.max(0, used.core_seconds - before.core_seconds);
  const bytes = Math.max(0, used.byte_seconds - before.byte_seconds);
  if (cores === 0 && bytes === 0) return;
  await updateCluster(db, cluster.name, { told_use: JSON.stringify({ start: cluster.schedulerStarts, ...used }) });
  await add(db, cluster, dayOf(now), { core_seconds_used: cores, byte_seconds_used: bytes });
}

/** What was asked for and used, by day and name; what runs now is counted up to now. */
export async function readUsage(db: Db, question: UsageQuestion, now: number): Promise<Usage[]> {
  let query = db
    .selectFrom('cluster_usage')
    .selectAll()
    .where('day', '>=', question.from)
    .where('day', '<=', question.to);
  if (question.owner !== undefined) query = query.where('user_name', '=', question.owner);
  const sums = new Map<string, Usage>();
  for (const row of await query.execute())
    for (const name of namesOf(question.by, row.cluster_name, row.user_name, JSON.parse(row.user_groups) as string[]))
      sumUp(sums, question.by, name, row.user_name, row.day, row);
  for (const [cluster, on, amounts] of await requestedNow(db, now)) {
    if (on < question.from || on > question.to || (question.owner ?? cluster.owner) !== cluster.owner) continue;
    for (const name of namesOf(question.by, cluster.name, cluster.owner, cluster.groups))
      sumUp(sums, question.by, name, cluster.owner, on, amounts);
  }
  return [...sums.values()].sort(
    (one, other) => one.day.localeCompare(other.day) || one.name.localeCompare(other.name),
  );
}

/** The day of a moment, UTC. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

async function requestedNow(db: Db, now: number): Promise<[Cluster, string, Figures][]> {
  const workers = await listAllWorkers(db);
  return (await listUnended(db)).flatMap((cluster) => {
    const running = { scheduler: true, workers: workers.get(cluster.name) ?? [] };
    return [...requestedUntil(cluster, running, now)].map(([on, amounts]): [Cluster, string, Figures] => [
      cluster,
      on,
      amounts,
    ]);
  });
}

/** By day. */
function requestedUntil(
  cluster: Cluster,
  { scheduler, workers }: { scheduler: boolean; workers: readonly ClusterWorker[] },
  now: number,
): Map<string, Required<Pick<Figures, 'core_seconds_requested' | 'byte_seconds_requested'>>> {
  const { schedulerCores, schedulerMemory, workerCores, workerMemory } = cluster.config;
  const spans = workers.map((worker) => ({ since: worker.createdAt, cores: workerCores, memory: workerMemory }));
  if (scheduler && cluster.admittedAt !== undefined)
    spans.push({ since: cluster.admittedAt, cores: schedulerCores, memory: schedulerMemory });
  const sums = new Map<string, { core_seconds_requested: number; byte_seconds_requested: number }>();
  for (const { since, cores, memory } of spans)
    for (let from = since; from < now; ) {
      const to = Math.min(now, (Math.floor(from / day) + 1) * day);
      const seconds = (to - from) / 1000;
      const before = sums.get(dayOf(from)) ?? { core_seconds_requested: 0, byte_seconds_requested: 0 };
      sums.set(dayOf(from), {
        core_seconds_requested: before.core_seconds_requested + cores * seconds,
        byte_seconds_requested: before.byte_seconds_requested + memory * seconds,
      });
      from = to;
    }
  return sums;
}

async function add(db: Db, cluster: Cluster, on: string, amounts: Figures): Promise<void> {
  const values = Object.fromEntries(figures.map((figure) => [figure, amounts[figure] ?? 0])) as Required<Figures>;
  await db
    .insertInto('cluster_usage')
    .values({
      cluster_name: cluster.name,
      day: on,
      user_name: cluster.owner,
      user_groups: JSON.stringify(cluster.groups),
      ...values,
    })
    .onConflict((conflict) =>
      conflict.columns(['cluster_name', 'day']).doUpdateSet((expression) => ({
        core_seconds_requested: expression('cluster_usage.core_seconds_requested', '+', values.core_seconds_requested),
        byte_seconds_requested: expression('cluster_usage.byte_seconds_requested', '+', values.byte_seconds_requested),
        core_seconds_used: expression('cluster_usage.core_seconds_used', '+', values.core_seconds_used),
        byte_seconds_used: expression('cluster_usage.byte_seconds_used', '+', values.byte_seconds_used),
      })),
    )
    .execute();
}

/** A cluster counts for its owner, and for each group that the owner was a member of. */
function namesOf(by: UsageKind, cluster: string, user: string, groups: readonly string[]): readonly string[] {
  if (by === 'group') return groups;
  return [by === 'user' ? user : cluster];
}

function sumUp(sums: Map<string, Usage>, by: UsageKind, name: string, user: string, on: string, more: Figures): void {
  const key = `${on} ${name}`;
  const before = sums.get(key);
  sums.set(key, {
    day: on,
    name,
    ...(by === 'cluster' ? { user } : {}),
    coreSecondsRequested: (before?.coreSecondsRequested ?? 0) + (more.core_seconds_requested ?? 0),
    byteSecondsRequested: (before?.byteSecondsRequested ?? 0) + (more.byte_seconds_requested ?? 0),
    coreSecondsUsed: (before?.coreSecondsUsed ?? 0) + (more.core_seconds_used ?? 0),
    byteSecondsUsed: (before?.byteSecondsUsed ?? 0) + (more.byte_seconds_used ?? 0),
  });
}
