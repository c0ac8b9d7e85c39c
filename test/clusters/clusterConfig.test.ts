import { describe, expect, test } from 'vitest';
import { clusterConfigOf } from '../../src/clusters/clusterConfig.ts';
import { type ClusterSettings, defaultSettings } from '../../src/config/settings.ts';

const gibi = 1024 ** 3;

function config(
  settings: Partial<ClusterSettings> = {},
  overrides: Record<string, unknown> = {},
): ReturnType<typeof clusterConfigOf> {
  return clusterConfigOf({ ...defaultSettings().clusters, ...settings }, overrides);
}

test("without any settings it is dask-gateway's", () => {
  expect(config()).toEqual({
    workerMemory: 2 * gibi,
    workerCores: 1,
    workerThreads: 1,
    schedulerMemory: 2 * gibi,
    schedulerCores: 1,
    environment: {},
    adaptivePeriod: 3,
    idleTimeout: 0,
    maxWorkers: null,
    startTimeout: 60,
    leaseSeconds: 12 * 3600,
    endWithServer: false,
    restartScheduler: false,
  });
});

test.each([
  [{ worker_memory: '4 G' }, { workerMemory: 4 * gibi }],
  [{ worker_memory: '1.5G' }, { workerMemory: 1.5 * gibi }],
  [{ worker_memory: '512M' }, { workerMemory: 512 * 1024 ** 2 }],
  [{ worker_memory: 1000 }, { workerMemory: 1000 }],
  [{ worker_cores: 4 }, { workerCores: 4, workerThreads: 4 }],
  [{ worker_cores: 0.5 }, { workerCores: 0.5, workerThreads: 1 }],
  [
    { worker_cores: 4, worker_threads: 2 },
    { workerCores: 4, workerThreads: 2 },
  ],
  [{ worker_threads: null }, { workerThreads: 1 }],
  [{ environment: { A: 1, B: true, C: 'x', D: null } }, { environment: { A: '1', B: 'true', C: 'x' } }],
  [
    { idle_timeout: 30, adaptive_period: 0.5 },
    { idleTimeout: 30, adaptivePeriod: 0.5 },
  ],
  [{ cluster_max_workers: 7 }, { maxWorkers: 7 }],
  [{ image: 'example/dask:1', namespace: 'elsewhere' }, { image: 'example/dask:1' }],
  [
    // What the option handler of 2i2c returns, and Planetary Computer's for GPUs.
    {
      scheduler_extra_pod_labels: { 'hub.jupyter.org/username': 'ada' },
      worker_extra_pod_annotations: { note: 'x' },
      worker_extra_pod_config: { tolerations: [] },
      worker_extra_container_config: { resources: { limits: { 'nvidia.com/gpu': 1 } } },
      image_pull_policy: 'Always',
      image_pull_secrets: ['one', { name: 'other' }],
      scheduler_extra_pod_config: null,
    },
    {
      pods: {
        scheduler: {
          imagePullPolicy: 'Always',
          imagePullSecrets: ['one', 'other'],
          labels: { 'hub.jupyter.org/username': 'ada' },
        },
        worker: {
          imagePullPolicy: 'Always',
          imagePullSecrets: ['one', 'other'],
          annotations: { note: 'x' },
          extraPodConfig: { tolerations: [] },
          extraContainerConfig: { resources: { limits: { 'nvidia.com/gpu': 1 } } },
        },
      },
    },
  ],
])('%o gives %o', (overrides, expected) => {
  expect(config({}, overrides)).toEqual({ ...config(), ...expected });
});

test.each([
  [{ worker_extra_pod_labels: { a: 1 } }, 'worker_extra_pod_labels must be a mapping of texts, got {"a":1}'],
  [{ worker_extra_pod_config: [] }, 'worker_extra_pod_config must be a mapping, got []'],
  [{ image_pull_policy: 'Sometimes' }, 'image_pull_policy must be IfNotPresent, Always or Never, got "Sometimes"'],
  [{ worker_memory: '2GB' }, /^worker_memory: /],
  [{ worker_memory: [] }, 'worker_memory must be an amount of memory, got []'],
  [{ worker_memory: 0 }, 'worker_memory must be more than 0 bytes, got 0'],
  [{ worker_cores: 0 }, 'worker_cores must be a number above 0, got 0'],
  [{ worker_cores: '4' }, 'worker_cores must be a number above 0, got "4"'],
  [{ worker_threads: 1.5 }, 'worker_threads must be a whole number, got 1.5'],
  [{ idle_timeout: -1 }, 'idle_timeout must be at least 0, got -1'],
  [{ environment: { 'A=B': 'x' } }, 'environment must be a mapping of names of variables, got "A=B"'],
  [{ environment: { A: [] } }, 'environment.A must be a text, got []'],
  [{ environment: { A: 'x\0y' } }, /^environment.A must be a text without NUL/],
  [{ environment: 'x' }, 'environment must be a mapping, got "x"'],
])('%o is refused', (overrides, message) => {
  expect(() => config({}, overrides)).toThrow(message);
});

test.each([
  [{}, { workerMemoryLimit: 4 * gibi, workerCoreLimit: 2, schedulerMemoryLimit: 3 * gibi, schedulerCoreLimit: 1.5 }],
  // Less is requested: what may be used at most stays as the operator wrote it.
  [
    { worker_memory: '512M', worker_cores: 0.5 },
    { workerMemoryLimit: 4 * gibi, workerCoreLimit: 2 },
  ],
  [
    { worker_memory: '8G', worker_cores: 4 },
    { workerMemoryLimit: 8 * gibi, workerCoreLimit: 4 },
  ],
  [
    { worker_memory_limit: '6G', worker_cores_limit: 3 },
    { workerMemoryLimit: 6 * gibi, workerCoreLimit: 3 },
  ],
  [
    { scheduler_memory_limit: 1, scheduler_cores_limit: 0.1 },
    { schedulerMemoryLimit: gibi, schedulerCoreLimit: 1 },
  ],
])('what may be used at most, with %o', (overrides, expected) => {
  const settings = {
    worker: { memory: gibi, memoryLimit: 4 * gibi, cores: 1, coreLimit: 2 },
    scheduler: { memory: gibi, memoryLimit: 3 * gibi, cores: 1, coreLimit: 1.5 },
  };
  expect(config(settings, overrides)).toMatchObject(expected);
});

describe('limits', () => {
  test.each([
    [{ maxWorkers: 5 }, 5],
    [{ maxMemory: 10 * gibi }, 4],
    [{ maxCores: 3 }, 2],
    [{ maxCores: 3.5 }, 2],
    [{ maxWorkers: 1, maxMemory: 10 * gibi, maxCores: 3 }, 1],
    [{ maxWorkers: 9, maxMemory: 10 * gibi, maxCores: 3 }, 2],
    [{ maxMemory: 2 * gibi }, 0],
    [{ maxCores: 1.3, scheduler: { memory: gibi, cores: 1 }, worker: { memory: gibi, cores: 0.1 } }, 3],
  ])('%o allow %d workers', (settings, maxWorkers) => {
    expect(config(settings).maxWorkers).toBe(maxWorkers);
  });

  test.each([
    [{ maxMemory: gibi }, 'Scheduler memory request of 2.00 GiB exceeds cluster memory limit of 1024.00 MiB'],
    [{ maxMemory: 1.5 * gibi }, 'Scheduler memory request of 2.00 GiB exceeds cluster memory limit of 1.50 GiB'],
    [{ maxMemory: 1000 }, 'Scheduler memory request of 2.00 GiB exceeds cluster memory limit of 1000 B'],
    [{ maxCores: 0.5 }, 'Scheduler cores request of 1 exceeds cluster cores limit of 0.5'],
    [
      { maxCores: 2, scheduler: { memory: gibi, cores: 4 } },
      'Scheduler cores request of 4 exceeds cluster cores limit of 2.0',
    ],
  ])('%o are too small for the scheduler', (settings, message) => {
    expect(() => config(settings)).toThrow(message);
  });

  test('a limit of the settings is not lifted by None', () => {
    expect(config({ maxWorkers: 5 }, { cluster_max_workers: null }).maxWorkers).toBe(5);
  });
});
