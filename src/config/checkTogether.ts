import { formatBytes } from '../core/quantities.ts';
import { checkHttps } from './checkHttps.ts';
import { authenticatorClass, checkSignIn } from './checkSignIn.ts';
import type { AddProblem, Path, Problem } from './problem.ts';
import type { DatabaseSettings, Settings } from './settings.ts';
import { entryAt, isNull } from './values/plainValue.ts';
import { problemAt } from './values/problemAt.ts';
import type { MapNode } from './values/valueNode.ts';

/** What single keys cannot show: settings that contradict each other, or that together let everybody or nobody in. */
export function checkTogether(settings: Settings, root: MapNode): Problem[] {
  const problems: Problem[] = [];
  const add: AddProblem = (code, severity, paths, message) => {
    const path = paths.find((candidate) => entryAt(root, candidate)) ?? [];
    const place = (entryAt(root, path) ?? { value: root }).value.place;
    problems.push(problemAt(place, { code, severity, message, path }));
  };
  checkResources(settings, (paths, message) => add('ATOLL_SETTINGS_CONFLICT', 'error', paths, message));
  checkSignIn(settings.authentication, add);
  checkDatabase(settings.database, (paths, message) => add('ATOLL_SETTINGS_CONFLICT', 'error', paths, message));
  checkImagePullSecret(settings, (paths, message) => add('ATOLL_SETTINGS_CONFLICT', 'error', paths, message));
  checkHttps(settings, add);
  checkOptionDefaults(settings, root, (paths, message) => add('ATOLL_SETTINGS_NO_EFFECT', 'warning', paths, message));
  const chosen = entryAt(root, authenticatorClass);
  if (chosen && isNull(chosen.value))
    add(
      'ATOLL_SETTINGS_NO_EFFECT',
      'warning',
      [authenticatorClass],
      'Without quotes, null means "not set": for the authenticator that lets nobody in, write "null" in quotes.',
    );
  return problems;
}

const optionDefault = /^DASK_GATEWAY__CLUSTER__OPTIONS__(.+)$/;

/** Defaults for options of clusters that nobody makes: neither `atoll.clusters.options` nor Python. */
function checkOptionDefaults(
  { servers, clusters }: Settings,
  root: MapNode,
  warn: (paths: Path[], message: string) => void,
): void {
  // Which options Python makes may depend on the user.
  if (entryAt(root, ['dask-gateway', 'gateway', 'extraConfig'])) return;
  for (const variable of Object.keys(servers.environment)) {
    const option = optionDefault.exec(variable)?.[1]?.toLowerCase();
    if (option === undefined || Object.hasOwn(clusters.options, option)) continue;
    const places = [
      ['jupyterhub', 'singleuser', 'extraEnv'],
      ...['KubeSpawner', 'Spawner'].map((name) => ['jupyterhub', 'hub', 'config', name, 'environment']),
    ];
    warn(
      places.flatMap((path) => [[...path, variable], path]),
      `The variable ${variable} is not set: clusters have no option "${option}".`,
    );
  }
}

function checkDatabase(database: DatabaseSettings | undefined, refuse: (paths: Path[], message: string) => void): void {
  const path = (name: string): Path => ['jupyterhub', 'hub', 'db', name];
  if (database && !/^postgres(?:ql)?(?:\+\w+)?:\/\//.test(database.url))
    refuse(
      [path('url'), path('type')],
      'hub.db.url must be the address of a PostgreSQL database: postgresql://USER@HOST:5432/DATABASE.',
    );
}

function checkImagePullSecret(
  { runtime, deployment }: Settings,
  refuse: (paths: Path[], message: string) => void,
): void {
  const { create, username, password } = deployment.imagePullSecret;
  if (runtime.kind !== 'kubernetes' || !create || (username !== undefined && password !== undefined)) return;
  refuse(
    [['jupyterhub', 'imagePullSecret', 'create']],
    'imagePullSecret.create needs imagePullSecret.username and imagePullSecret.password, and the registry unless it is Docker Hub.',
  );
}

function checkResources({ servers, clusters }: Settings, refuse: (paths: Path[], message: string) => void): void {
  const server = ['jupyterhub', 'singleuser'];
  const spawner = (trait: string): Path[] =>
    ['KubeSpawner', 'Spawner'].map((name) => ['jupyterhub', 'hub', 'config', name, trait]);
  const compare = (
    least: number | undefined,
    most: number | undefined,
    paths: Path[],
    show: (n: number) => string,
  ): void => {
    if (least !== undefined && most !== undefined && least > most)
      refuse(paths, `More is set aside (${show(least)}) than may be used (${show(most)}).`);
  };
  const cores = (amount: number): string => (amount === 1 ? '1 core' : `${amount} cores`);
  compare(
    servers.memoryGuarantee,
    servers.memoryLimit,
    [...spawner('mem_guarantee'), [...server, 'memory', 'guarantee']],
    formatBytes,
  );
  compare(
    servers.coreGuarantee,
    servers.coreLimit,
    [...spawner('cpu_guarantee'), [...server, 'cpu', 'guarantee']],
    cores,
  );
  for (const kind of ['worker', 'scheduler'] as const) {
    const { memory, memoryLimit, cores: count, coreLimit } = clusters[kind];
    const path = ['dask-gateway', 'gateway', 'backend', kind];
    compare(memory, memoryLimit, [[...path, 'memory', 'request']], formatBytes);
    compare(count, coreLimit, [[...path, 'cores', 'request']], cores);
  }
  const { maxMemory, maxCores, scheduler } = clusters;
  const limit = (name: string): Path[] => [['atoll', 'clusters', name]];
  if (maxMemory !== undefined && scheduler.memory > maxMemory)
    refuse(
      limit('maxMemory'),
      `A scheduler alone takes more (${formatBytes(scheduler.memory)}), so that no cluster could start.`,
    );
  if (maxCores !== undefined && scheduler.cores > maxCores)
    refuse(
      limit('maxCores'),
      `A scheduler alone takes more (${cores(scheduler.cores)}), so that no cluster could start.`,
    );
}
