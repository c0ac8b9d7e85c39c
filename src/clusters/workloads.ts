import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AtollError } from '../core/errors.ts';
import { hostAndPort } from '../core/hostAndPort.ts';
import { projectFolder } from '../core/projectFolder.ts';
import type { Reservation, ReservationRequest, WorkloadSpec } from '../runtimes/contract.ts';
import type { Cluster, SchedulerAddress } from './cluster.ts';
import type { ClusterCredentials } from './credentials.ts';

const heartbeatPeriodSeconds = 15;

/** What a scheduler needs to be reserved. */
export function schedulerReservation(cluster: Cluster): ReservationRequest {
  return {
    id: cluster.schedulerWorkloadId,
    kind: 'scheduler',
    owner: cluster.owner,
    ports: ['scheduler', 'dashboard', 'api'],
  };
}

/**
 * A cluster's scheduler, with dask-gateway's preload, which reports to `gatewayUrl`. The modules behind `dask scheduler`
 * and `dask worker` are called since the programs have other names in other versions.
 */
export function schedulerSpec(
  cluster: Cluster,
  credentials: ClusterCredentials,
  reservation: Reservation,
  gatewayUrl: string,
): WorkloadSpec {
  const { config } = cluster;
  const { bindAddress: host, filesDirectory } = reservation;
  const port = (name: string): number => portOf(reservation, name);
  return {
    id: cluster.schedulerWorkloadId,
    kind: 'scheduler',
    owner: cluster.owner,
    subject: { kind: 'cluster', name: cluster.name },
    ...(config.image !== undefined && { image: config.image }),
    ...(config.pods && { clusterPod: config.pods.scheduler }),
    command: [
      config.schedulerCommand ?? ['python', '-m', 'distributed.cli.dask_scheduler'],
      ['--protocol', 'tls', '--host', host, '--port', String(port('scheduler'))],
      ['--dashboard-address', `${host}:${port('dashboard')}`],
      ['--preload', 'dask_gateway.scheduler_preload', '--preload', `${filesDirectory}/${schedulerPreload}`],
      ['--dg-api-address', `${host}:${port('api')}`],
      ['--dg-heartbeat-period', String(heartbeatPeriodSeconds)],
      ['--dg-adaptive-period', String(config.adaptivePeriod)],
      ['--dg-idle-timeout', String(config.idleTimeout)],
    ].flat(),
    environment: {
      ...config.environment,
      ...tlsEnvironment('SCHEDULER', filesDirectory),
      DASK_GATEWAY_API_URL: `${gatewayUrl}/api`,
      DASK_GATEWAY_CLUSTER_NAME: cluster.name,
      // A path, so that the token does not stand in the environment of the process.
      DASK_GATEWAY_API_TOKEN: `${filesDirectory}/api-token`,
    },
    files: {
      ...tlsFiles(credentials),
      'api-token': credentials.token,
      [schedulerPreload]: pythonFile(schedulerPreload),
    },
    resources: {
      memoryGuarantee: config.schedulerMemory,
      memoryLimit: config.schedulerMemoryLimit ?? config.schedulerMemory,
      coreGuarantee: config.schedulerCores,
      coreLimit: config.schedulerCoreLimit ?? config.schedulerCores,
    },
    reservation,
  };
}

/** What a worker needs to be reserved. */
export function workerReservation(cluster: Cluster, name: string): ReservationRequest {
  return { id: name, kind: 'worker', owner: cluster.owner, ports: [] };
}

/**
 * One worker. No nanny: it doubles memory and start-up time, and what it does (limit memory, start anew) the runtime and
 * the hub do. No dashboard either: it takes half a second of each start, and nobody could reach it.
 */
export function workerSpec(
  cluster: Cluster,
  name: string,
  credentials: ClusterCredentials,
  reservation: Reservation,
  scheduler: SchedulerAddress,
): WorkloadSpec {
  const { config } = cluster;
  const memoryLimit = config.workerMemoryLimit ?? config.workerMemory;
  const { bindAddress: host, filesDirectory } = reservation;
  return {
    id: name,
    kind: 'worker',
    owner: cluster.owner,
    subject: { kind: 'cluster', name: cluster.name },
    ...(config.image !== undefined && { image: config.image }),
    ...(config.pods && { clusterPod: config.pods.worker }),
    command: [
      config.workerCommand ?? ['python', '-m', 'distributed.cli.dask_worker'],
      `tls://${hostAndPort(scheduler.host, scheduler.ports.scheduler)}`,
      // A command of the operator's own (`dask-cuda-worker`) gets what dask-gateway gives it, and brings its own nanny.
      config.workerCommand
        ? ['--dashboard-address', `${host}:0`, '--name', name]
        : ['--no-nanny', '--no-dashboard', '--host', host, '--name', name],
      ['--nthreads', String(config.workerThreads), '--memory-limit', String(memoryLimit)],
      // Never outlive a scheduler that was gone before it could be reached.
      config.workerCommand ? [] : ['--death-timeout', '60', '--preload', `${filesDirectory}/${workerPreload}`],
    ].flat(),
    environment: {
      ...nannyEnvironment,
      ...config.environment,
      ...tlsEnvironment('WORKER', filesDirectory),
    },
    files: { ...tlsFiles(credentials), [workerPreload]: pythonFile(workerPreload) },
    resources: {
      memoryGuarantee: config.workerMemory,
      memoryLimit,
      coreGuarantee: config.workerCores,
      coreLimit: config.workerCoreLimit ?? config.workerCores,
    },
    reservation,
  };
}

const schedulerPreload = 'atoll_dask_scheduler.py';
const workerPreload = 'atoll_dask_worker.py';

/** What Dask loads besides, as a file of the workload: any image or environment will do, it need not have Atoll's code. */
function pythonFile(name: string): string {
  const known = pythonFiles.get(name) ?? readFileSync(join(projectFolder, 'python', name), 'utf8');
  pythonFiles.set(name, known);
  return known;
}

const pythonFiles = new Map<string, string>();

/**
 * What a nanny sets for its worker (`distributed.nanny.pre-spawn-environ`): libraries must not start a thread a core
 * each, since dask runs as many tasks at a time as there are threads.
 */
const nannyEnvironment = {
  OMP_NUM_THREADS: '1',
  MKL_NUM_THREADS: '1',
  OPENBLAS_NUM_THREADS: '1',
  MALLOC_TRIM_THRESHOLD_: '65536',
};

function tlsEnvironment(role: 'SCHEDULER' | 'WORKER', directory: string): Record<string, string> {
  return {
    DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION: 'True',
    DASK_DISTRIBUTED__COMM__TLS__CA_FILE: `${directory}/dask.crt`,
    [`DASK_DISTRIBUTED__COMM__TLS__${role}__CERT`]: `${directory}/dask.crt`,
    [`DASK_DISTRIBUTED__COMM__TLS__${role}__KEY`]: `${directory}/dask.pem`,
  };
}

function tlsFiles(credentials: ClusterCredentials): Record<string, string> {
  return { 'dask.crt': credentials.tlsCert, 'dask.pem': credentials.tlsKey };
}

function portOf(reservation: Reservation, name: string): number {
  const port = reservation.ports[name];
  if (port === undefined) throw new AtollError('ATOLL_INTERNAL', `The runtime reserved no port "${name}".`);
  return port;
}
