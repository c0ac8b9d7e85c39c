import type { Kysely } from 'kysely';
import { z } from 'zod';
import { formatBytes } from '../core/quantities.ts';
import type { WorkloadExit } from '../runtimes/contract.ts';
import type { Database } from '../store/database.ts';
import type { Cluster } from './cluster.ts';
import { cleanLines, exitText } from './explain.ts';

type Db = Kysely<Database>;

/** What the runtime saw of a worker's end. */
export const workerCauseSchema = z.object({
  /** How it ended, to go after its name: `was killed by SIGKILL`. */
  how: z.string(),
  /** Whether it used more memory than it might. */
  memory: z.boolean(),
  /** The keys of the tasks that it was working on, when it told them itself. */
  tasks: z.array(z.string()),
  /** What goes after the tasks: for how long it lived, its last line. */
  circumstances: z.string(),
});

export type WorkerCause = z.infer<typeof workerCauseSchema>;

/** A worker that ended and was not meant to. */
export interface WorkerEnd {
  worker: string;
  /** Milliseconds since the epoch. */
  endedAt: number;
  /** In plain words: what ended it, while it was doing what, and what to do about it. */
  sentence: string;
}

/** The last line of a worker that ended itself for its memory (python/atoll_dask_worker.py). */
const memoryLine = /^atoll: memory limit: (\{.*\})$/;

const memoryLineSchema = z.object({ limit: z.number(), tasks: z.array(z.string().max(500)).max(10) });

/** How many ends of a cluster are kept. */
const kept = 20;
/** How many of a worker's tasks are named. */
const namedTasks = 2;

/** Makes out why a worker ended, from what the runtime has of it. */
export function causeOf(exit: WorkloadExit | undefined, livedMs: number, logTail: readonly string[]): WorkerCause {
  const told = memoryLineIn(logTail);
  if (told)
    return {
      how: `was ended by the memory limit (${formatBytes(told.limit)})`,
      memory: true,
      tasks: told.tasks,
      circumstances: '',
    };
  const limit = /^ended by the memory limit \([^)]+\)/i.exec(exit?.reason ?? '')?.[0];
  if (limit !== undefined)
    return { how: `was ${limit.replace(/^E/, 'e')}`, memory: true, tasks: [], circumstances: '' };
  // Dask's own notes on its course of life explain nothing.
  const lastLine = cleanLines(logTail).findLast((line) => !line.includes(' - INFO - '));
  const lived = `, ${(livedMs / 1000).toFixed(1)} s after its start`;
  return {
    how: exitText(exit),
    memory: /memory ran out|out of memory/i.test(exit?.reason ?? ''),
    tasks: [],
    circumstances: lastLine === undefined ? lived : `${lived}. Its last line: ${lastLine.slice(0, 300)}`,
  };
}

/** Keeps why a worker ended; its first cause counts. */
export async function noteCause(
  db: Db,
  clusterName: string,
  worker: string,
  cause: WorkerCause,
  now: number,
): Promise<void> {
  const row = { worker_name: worker, cluster_name: clusterName, ended_at: now, tasks: null };
  await db
    .insertInto('worker_ends')
    .values({ ...row, cause: JSON.stringify(cause) })
    .onConflict((conflict) =>
      conflict
        .column('worker_name')
        .doUpdateSet({ cause: JSON.stringify(cause) })
        .where('worker_ends.cause', 'is', null),
    )
    .execute();
  await forgetOldest(db, clusterName);
}

/** Keeps what a worker was working on when it ended. */
export async function noteTasks(
  db: Db,
  clusterName: string,
  worker: string,
  tasks: readonly string[],
  now: number,
): Promise<void> {
  const row = { worker_name: worker, cluster_name: clusterName, ended_at: now, cause: null };
  await db
    .insertInto('worker_ends')
    .values({ ...row, tasks: JSON.stringify(tasks) })
    .onConflict((conflict) => conflict.column('worker_name').doUpdateSet({ tasks: JSON.stringify(tasks) }))
    .execute();
  await forgetOldest(db, clusterName);
}

/** The workers of a cluster that ended and were not meant to, as far as their cause is known; the newest first. */
export async function listWorkerEnds(db: Db, cluster: Cluster): Promise<WorkerEnd[]> {
  const rows = await db
    .selectFrom('worker_ends')
    .selectAll()
    .where('cluster_name', '=', cluster.name)
    .orderBy('ended_at', 'desc')
    .orderBy('worker_name')
    .execute();
  return rows.flatMap(({ worker_name: worker, ended_at: endedAt, cause, tasks }) => {
    if (cause === null) return [];
    const told = tasks === null ? [] : (JSON.parse(tasks) as string[]);
    const known = workerCauseSchema.parse(JSON.parse(cause));
    return [{ worker, endedAt, sentence: sentenceOf(worker, known, told, cluster.config.memoryAdvice) }];
  });
}

function sentenceOf(worker: string, cause: WorkerCause, told: readonly string[], advice: string | undefined): string {
  const tasks = cause.tasks.length > 0 ? cause.tasks : told;
  const sentence = `${worker} ${cause.how}${whileRunning(tasks)}${cause.circumstances}`;
  const withAdvice = cause.memory && advice !== undefined ? `${sentence}; ${advice}` : sentence;
  return /[.!?]$/.test(withAdvice) || cause.circumstances.includes('Its last line') ? withAdvice : `${withAdvice}.`;
}

function whileRunning(tasks: readonly string[]): string {
  if (tasks.length === 0) return '';
  const more = tasks.length - namedTasks;
  const named = tasks.slice(0, namedTasks).map((key) => `\`${key}\``);
  return ` while running ${named.join(' and ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function memoryLineIn(logTail: readonly string[]): z.infer<typeof memoryLineSchema> | undefined {
  for (const line of logTail.toReversed()) {
    const [, text] = memoryLine.exec(line) ?? [];
    if (text === undefined) continue;
    try {
      return memoryLineSchema.parse(JSON.parse(text));
    } catch {
      return undefined; // The cluster's owner can write any line.
    }
  }
  return undefined;
}

async function forgetOldest(db: Db, clusterName: string): Promise<void> {
  const newest = db
    .selectFrom('worker_ends')
    .select('worker_name')
    .where('cluster_name', '=', clusterName)
    .orderBy('ended_at', 'desc')
    .limit(kept);
  await db
    .deleteFrom('worker_ends')
    .where('cluster_name', '=', clusterName)
    .where('worker_name', 'not in', newest)
    .execute();
}
