import { z } from 'zod';
import type { ClusterResources, ClusterSettings } from '../config/settings.ts';
import { AtollError, messageOf } from '../core/errors.ts';
import { parseJupyterHubMemory } from '../core/quantities.ts';
import { clusterPodsOf, clusterPodsSchema } from './clusterPods.ts';

/** What one cluster is made of, decided when it is created and kept with it. */
export const clusterConfigSchema = z.object({
  /** Bytes. */
  workerMemory: z.number(),
  /** Bytes at most; undefined: what is requested. */
  workerMemoryLimit: z.number().optional(),
  workerCores: z.number(),
  /** Cores at most; undefined: what is requested. */
  workerCoreLimit: z.number().optional(),
  workerThreads: z.number(),
  /** Bytes. */
  schedulerMemory: z.number(),
  /** Bytes at most; undefined: what is requested. */
  schedulerMemoryLimit: z.number().optional(),
  schedulerCores: z.number(),
  /** Cores at most; undefined: what is requested. */
  schedulerCoreLimit: z.number().optional(),
  /** The image of scheduler and workers, where they are pods; undefined: as the settings say. */
  image: z.string().optional(),
  /** What their pods get in place of what the settings say for all; undefined: nothing. */
  pods: clusterPodsSchema.optional(),
  /** For the scheduler and the workers. */
  environment: z.record(z.string(), z.string()),
  /** Seconds between two looks of the adaptive loop. */
  adaptivePeriod: z.number(),
  /** Seconds that its scheduler, or a worker, may take to start; undefined (made by an older Atoll): as the settings say. */
  startTimeout: z.number().optional(),
  /** Seconds without work after which the cluster ends itself; 0: never. */
  idleTimeout: z.number(),
  /** The most workers it may have, from all of its limits; null: no limit. */
  maxWorkers: z.number().nullable(),
  /** What to do when a worker has too little memory, to go after a sentence that says so; undefined: nothing is known. */
  memoryAdvice: z.string().optional(),
  /** Undefined: Dask's own modules. */
  schedulerCommand: z.array(z.string()).optional(),
  workerCommand: z.array(z.string()).optional(),
  /** Seconds after which it ends when nobody is connected and it has no work; 0 or undefined: never. */
  leaseSeconds: z.number().optional(),
  /** Whether it ends with the notebook server on which it was made. */
  endWithServer: z.boolean().optional(),
  /** Whether a scheduler that dies is started anew, instead of ending the cluster. */
  restartScheduler: z.boolean().optional(),
});

export type ClusterConfig = z.infer<typeof clusterConfigSchema>;

/**
 * The configuration of a new cluster: the settings, with `overrides` under the names of dask-gateway's `ClusterConfig`
 * (`worker_memory`, `worker_cores`, …). Names that it does not have are ignored, as there. Where more is requested than the
 * settings let be used at most, the request counts.
 * @throws AtollError `ATOLL_CLUSTER_OPTIONS_INVALID` when a value is wrong, or the scheduler alone exceeds a limit.
 */
export function clusterConfigOf(settings: ClusterSettings, overrides: Record<string, unknown>): ClusterConfig {
  const read = new OverrideReader(overrides);
  const worker = resourcesOf(read, 'worker', settings.worker);
  const scheduler = resourcesOf(read, 'scheduler', settings.scheduler);
  const limits = {
    memory: read.optionalMemory('cluster_max_memory', settings.maxMemory),
    cores: read.optionalNumber('cluster_max_cores', settings.maxCores),
    workers: read.optionalInteger('cluster_max_workers', settings.maxWorkers),
  };
  const config = {
    workerMemory: worker.memory,
    workerCores: worker.cores,
    ...(worker.memoryLimit !== undefined && { workerMemoryLimit: worker.memoryLimit }),
    ...(worker.coreLimit !== undefined && { workerCoreLimit: worker.coreLimit }),
    workerThreads: read.threads('worker_threads', settings.worker.threads) ?? Math.max(Math.trunc(worker.cores), 1),
    schedulerMemory: scheduler.memory,
    schedulerCores: scheduler.cores,
    ...(scheduler.memoryLimit !== undefined && { schedulerMemoryLimit: scheduler.memoryLimit }),
    ...(scheduler.coreLimit !== undefined && { schedulerCoreLimit: scheduler.coreLimit }),
    ...read.image('image'),
    ...clusterPodsOf(overrides),
    environment: { ...settings.environment, ...read.environment('environment') },
    adaptivePeriod: read.number('adaptive_period', settings.adaptivePeriodSeconds, { atLeast: 0 }),
    idleTimeout: read.number('idle_timeout', settings.idleTimeoutSeconds, { atLeast: 0 }),
    ...read.command('schedulerCommand', 'scheduler_cmd', settings.schedulerCommand),
    ...read.command('workerCommand', 'worker_cmd', settings.workerCommand),
    leaseSeconds: read.number('lease', settings.leaseSeconds, { atLeast: 0 }),
    endWithServer: read.flag('end_with_server', settings.endWithServer),
    restartScheduler: read.flag('restart_scheduler', settings.restartScheduler),
    startTimeout: read.number('cluster_start_timeout', settings.startTimeoutSeconds, { above: 0 }),
  };
  return { ...config, maxWorkers: maxWorkersOf(config, limits) };
}

/** Seconds that a cluster's scheduler, or one of its workers, may take to start. */
export function startTimeoutOf({ config }: { config: ClusterConfig }, settings: ClusterSettings): number {
  return config.startTimeout ?? settings.startTimeoutSeconds;
}

/** What a worker or a scheduler gets. dask-gateway's names for the limits are those of its Kubernetes backend. */
function resourcesOf(read: OverrideReader, kind: 'worker' | 'scheduler', settings: ClusterResources): ClusterResources {
  const memory = read.memory(`${kind}_memory`, settings.memory);
  const cores = read.number(`${kind}_cores`, settings.cores, { above: 0 });
  const memoryLimit = read.optionalMemory(`${kind}_memory_limit`, settings.memoryLimit);
  const coreLimit = read.optionalNumber(`${kind}_cores_limit`, settings.coreLimit);
  return {
    memory,
    cores,
    ...(memoryLimit !== undefined && { memoryLimit: Math.max(memory, memoryLimit) }),
    ...(coreLimit !== undefined && { coreLimit: Math.max(cores, coreLimit) }),
  };
}

interface Limits {
  memory: number | undefined;
  cores: number | undefined;
  workers: number | undefined;
}

type Needs = Pick<ClusterConfig, 'workerMemory' | 'workerCores' | 'schedulerMemory' | 'schedulerCores'>;

function maxWorkersOf(needs: Needs, limits: Limits): number | null {
  if (limits.memory !== undefined && needs.schedulerMemory > limits.memory)
    throw invalid(
      `Scheduler memory request of ${gatewayBytes(needs.schedulerMemory)} exceeds cluster memory limit of ${gatewayBytes(limits.memory)}`,
    );
  if (limits.cores !== undefined && needs.schedulerCores > limits.cores)
    throw invalid(
      `Scheduler cores request of ${needs.schedulerCores} exceeds cluster cores limit of ${floatText(limits.cores)}`,
    );
  const most = Math.min(
    limits.workers ?? Number.POSITIVE_INFINITY,
    limits.memory === undefined
      ? Number.POSITIVE_INFINITY
      : room(limits.memory - needs.schedulerMemory, needs.workerMemory),
    limits.cores === undefined
      ? Number.POSITIVE_INFINITY
      : room(limits.cores - needs.schedulerCores, needs.workerCores),
  );
  return Number.isFinite(most) ? Math.max(0, most) : null;
}

/** How many whole `size` fit into `space`; a rounding error of binary fractions (0.3 / 0.1) does not cost one. */
function room(space: number, size: number): number {
  return size > 0 ? Math.floor(space / size + 1e-9) : Number.POSITIVE_INFINITY;
}

/** Bytes as dask-gateway's messages show them: two decimals, and a unit only above (not at) its size. */
function gatewayBytes(bytes: number): string {
  const units = ['PiB', 'TiB', 'GiB', 'MiB', 'KiB'];
  for (const [index, unit] of units.entries()) {
    const size = 2 ** (10 * (units.length - index));
    if (bytes > size) return `${(bytes / size).toFixed(2)} ${unit}`;
  }
  return `${bytes} B`;
}

/** `cluster_max_cores` is a float in dask-gateway: 2 is shown as 2.0. */
function floatText(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

/** Reads overrides, which come from people and from handlers of options. */
class OverrideReader {
  readonly #overrides: Record<string, unknown>;

  constructor(overrides: Record<string, unknown>) {
    this.#overrides = overrides;
  }

  number(name: string, otherwise: number, bound: { above: number } | { atLeast: number }): number {
    const value = this.#get(name) ?? otherwise;
    const good =
      typeof value === 'number' &&
      Number.isFinite(value) &&
      ('above' in bound ? value > bound.above : value >= bound.atLeast);
    if (!good)
      throw wrong(name, 'above' in bound ? `a number above ${bound.above}` : `at least ${bound.atLeast}`, value);
    return value;
  }

  optionalNumber(name: string, otherwise: number | undefined): number | undefined {
    if (this.#get(name) === undefined && otherwise === undefined) return undefined;
    return this.number(name, otherwise ?? 0, { atLeast: 0 });
  }

  optionalInteger(name: string, otherwise: number | undefined): number | undefined {
    const value = this.optionalNumber(name, otherwise);
    if (value !== undefined && !Number.isInteger(value)) throw wrong(name, 'a whole number', value);
    return value;
  }

  /** Threads: a whole number; 0 counts as not given. */
  threads(name: string, otherwise: number | undefined): number | undefined {
    return this.optionalInteger(name, otherwise) || undefined;
  }

  memory(name: string, otherwise: number): number {
    const bytes = this.optionalMemory(name, otherwise) ?? otherwise;
    if (bytes <= 0) throw wrong(name, 'more than 0 bytes', bytes);
    return bytes;
  }

  optionalMemory(name: string, otherwise: number | undefined): number | undefined {
    const value = this.#get(name) ?? otherwise;
    if (value === undefined) return undefined;
    if (typeof value !== 'number' && typeof value !== 'string') throw wrong(name, 'an amount of memory', value);
    try {
      return parseJupyterHubMemory(value);
    } catch (error) {
      throw invalid(`${name}: ${messageOf(error)}`);
    }
  }

  /** A command: a list of words, or (as in dask-gateway) one text that is one word. */
  command<K extends string>(key: K, name: string, otherwise: readonly string[] | undefined): { [key in K]?: string[] } {
    const value = this.#get(name) ?? otherwise;
    if (value === undefined) return {};
    const words: unknown[] = Array.isArray(value) ? value : [value];
    const good = words.every((word): word is string => typeof word === 'string' && word !== '' && !word.includes('\0'));
    if (!good || words.length === 0) throw wrong(name, 'a list of words', value);
    return { [key]: words } as { [key in K]?: string[] };
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.#get(name) ?? otherwise;
    if (typeof value !== 'boolean') throw wrong(name, 'true or false', value);
    return value;
  }

  /** An image, as `image` of dask-gateway's backend for Kubernetes. */
  image(name: string): { image?: string } {
    const value = this.#get(name);
    if (value === undefined || value === '') return {};
    if (typeof value !== 'string' || !/^[\w][\w.\-/:@]{0,511}$/.test(value))
      throw wrong(name, 'the name of an image', value);
    return { image: value };
  }

  environment(name: string): Record<string, string> {
    const value = this.#get(name) ?? {};
    if (typeof value !== 'object' || Array.isArray(value)) throw wrong(name, 'a mapping', value);
    const variables: [string, unknown][] = Object.entries(value).filter(([, content]) => content !== null);
    for (const [variable, content] of variables) {
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(variable)) throw wrong(name, 'a mapping of names of variables', variable);
      if (!['string', 'number', 'boolean'].includes(typeof content))
        throw wrong(`${name}.${variable}`, 'a text', content);
      if (String(content).includes('\0')) throw wrong(`${name}.${variable}`, 'a text without NUL', 'one with NUL');
    }
    return Object.fromEntries(variables.map(([variable, content]) => [variable, String(content)]));
  }

  /** A handler's `None` stands for the setting, as if the key were not there. */
  #get(name: string): unknown {
    return (Object.hasOwn(this.#overrides, name) ? this.#overrides[name] : undefined) ?? undefined;
  }
}

function wrong(name: string, expected: string, value: unknown): AtollError {
  const shown = JSON.stringify(value) ?? String(value);
  return invalid(`${name} must be ${expected}, got ${shown.slice(0, 100)}`);
}

function invalid(message: string): AtollError {
  return new AtollError('ATOLL_CLUSTER_OPTIONS_INVALID', message);
}
