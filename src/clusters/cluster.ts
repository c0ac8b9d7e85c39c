import { z } from 'zod';
import type { ClusterConfig } from './clusterConfig.ts';

/** Where a scheduler answers. */
export const schedulerAddressSchema = z.object({
  host: z.string(),
  ports: z.object({
    /** Dask's own protocol, over TLS. */
    scheduler: z.number(),
    /** HTTP; null when the scheduler does not have the port that was meant for it. */
    dashboard: z.number().nullable(),
    /** HTTP: what dask-gateway's preload listens on for scale and adapt. */
    api: z.number(),
  }),
});

export type SchedulerAddress = z.infer<typeof schedulerAddressSchema>;

/** How many workers people asked for. */
export const scalingSchema = z.discriminatedUnion('mode', [
  z.object({ mode: z.literal('fixed'), count: z.number() }),
  /** The scheduler chooses within the range; null: no bound. */
  z.object({ mode: z.literal('adaptive'), minimum: z.number().nullable(), maximum: z.number().nullable() }),
]);

export type Scaling = z.infer<typeof scalingSchema>;

/** Workers that ended unexpectedly of late. */
export const workerTroubleSchema = z.object({
  /** How many in a row. */
  failures: z.number(),
  /** Plain words on the last one. */
  reason: z.string(),
  /** When the next worker may be started, milliseconds since the epoch. */
  retryAt: z.number(),
});

export type WorkerTrouble = z.infer<typeof workerTroubleSchema>;

/**
 * What was seen last. `pending`: its scheduler is not ready yet. `failed`: it ended without being asked to; what is left
 * of it is being cleared away until `ended`.
 */
export const clusterPhases = ['pending', 'running', 'stopping', 'stopped', 'failed'] as const;

export type ClusterPhase = (typeof clusterPhases)[number];

/** One Dask cluster, without its secrets. Times are milliseconds since the epoch. */
export interface Cluster {
  readonly name: string;
  readonly owner: string;
  readonly createdAt: number;
  readonly desired: 'running' | 'stopped';
  readonly phase: ClusterPhase;
  /** Nothing of it is left: no process, no credentials. */
  readonly ended: boolean;
  /** What its owner chose, by field. */
  readonly options: Record<string, unknown>;
  readonly config: ClusterConfig;
  readonly schedulerWorkloadId: string;
  readonly schedulerStarts: number;
  /** Undefined until it runs. */
  readonly address: SchedulerAddress | undefined;
  readonly scaling: Scaling;
  readonly scalingRevision: number;
  readonly toldRevision: number;
  readonly wantedWorkers: number;
  readonly workerTrouble: WorkerTrouble | undefined;
  readonly runningAt: number | undefined;
  readonly stoppedAt: number | undefined;
  /** Plain words on why it failed or stopped. */
  readonly reason: string | undefined;
  /** When there was room for it under the limits; undefined: it waits for that, and nothing of it is started. */
  readonly admittedAt: number | undefined;
  /** The owner's server on which it was made (`''` is the default one); undefined: made elsewhere. */
  readonly serverName: string | undefined;
  /** The groups that its owner was a member of when it was made. */
  readonly groups: readonly string[];
  /** Versions of Python and packages, as its scheduler told; empty until it did. */
  readonly versions: Readonly<Record<string, string>>;
}

/** `starting`; `running`: the scheduler has it; `closing`: the scheduler retires it; `stopping`: the hub ends it. */
export type WorkerPhase = 'starting' | 'running' | 'closing' | 'stopping';

/** One worker, as long as anything of it is there; its name is also its workload's id. */
export interface ClusterWorker {
  readonly name: string;
  readonly createdAt: number;
  readonly phase: WorkerPhase;
}

/** Whether a worker counts towards the wanted ones. */
export function isLive(worker: ClusterWorker): boolean {
  return worker.phase === 'starting' || worker.phase === 'running';
}
