import { formatBytes } from '../core/quantities.ts';
import { checkHttps } from './checkHttps.ts';
import { authenticatorClass, checkSignIn } from './checkSignIn.ts';
import type { AddProblem, Path, Problem } from './problem.ts';
import type { DatabaseSettings, Settings } from './settings.ts';
import { entryAt, isNull } from './values/plainValue.ts';
import { problemAt } from './values/problemAt.ts';
import type { MapNode } from './values/valueNode.ts';

/** Where servers' and clusters' resources, and what they start with, are written. */
const serverSections = ['jupyterhub.singleuser', 'jupyterhub.hub.config'];
const clusterSections = ['dask-gateway', 'atoll.clusters'];
/** Where sign-in is written, and with it who may do what. */
export const identitySections = ['jupyterhub.hub', 'jupyterhub.auth'];

/**
 * What single keys cannot show: settings that contradict each other, or that together let everybody or nobody in.
 * @param isSound whether sections came out as they are meant; what reads others is not checked
 */
export function checkTogether(
  settings: Settings,
  root: MapNode,
  isSound: (sections: readonly string[]) => boolean,
): Problem[] {
  const problems: Problem[] = [];
  const add: AddProblem = (code, severity, paths, message) => {
    const path = paths.find((candidate) => entryAt(root, candidate)) ?? [];
    const place = (entryAt(root, path) ?? { value: root }).value.place;
    problems.push(problemAt(place, { code, severity, message, path }));
  };
  const refuse: Refuse = (paths, message) => add('ATOLL_SETTINGS_CONFLICT', 'error', paths, message);
  const checks: [sections: readonly string[], check: () => void][] = [
    [serverSections, () => checkServerResources(settings, refuse)],
    [clusterSections, () => checkClusterResources(settings, refuse)],
    [identitySections, () => checkSignIn(settings.authentication, add)],
    [['jupyterhub.hub.db'], () => checkDatabase(settings.database, refuse)],
    [['jupyterhub.imagePullSecret'], () => checkImagePullSecret(settings, refuse)],
    [['jupyterhub.proxy', 'jupyterhub.ingress', 'jupyterhub.httpRoute'], () => checkHttps(settings, add)],
    [[...serverSections, ...clusterSections], () => checkOptionDefaults(settings, root, add)],
    [[authenticatorClass.join('.')], () => checkNullAuthenticator(root, add)],
  ];
  for (const [sections, check] of checks) if (isSound(sections)) check();
  return problems;
}

/** Notes a contradiction at the first of these paths that is in the file. */
type Refuse = (paths: Path[], message: string) => void;

function checkNullAuthenticator(root: MapNode, add: AddProblem): void {
  const chosen = entryAt(root, authenticatorClass);
  if (chosen && isNull(chosen.value))
    add(
      'ATOLL_SETTINGS_NO_EFFECT',
      'warning',
      [authenticatorClass],
      'Without quotes, null means "not set": for the authenticator that lets nobody in, write "null" in quotes.',
    );
}

const optionDefault = /^DASK_GATEWAY__CLUSTER__OPTIONS__(.+)$/;

/** Defaults for options of clusters that nobody makes: neither `atoll.clusters.options` nor Python. */
function checkOptionDefaults({ servers, clusters }: Settings, root: MapNode, add: AddProblem): void {
  // Which options Python makes may depend on the user.
  if (entryAt(root, ['dask-gateway', 'gateway', 'extraConfig'])) return;
  for (const variable of Object.keys(servers.environment)) {
    const option = optionDefault.exec(variable)?.[1]?.toLowerCase();
    if (option === undefined || Object.hasOwn(clusters.options, option)) continue;
    const places = [
      ['jupyterhub', 'singleuser', 'extraEnv'],
      ...['KubeSpawner', 'Spawner'].map((name) => ['jupyterhub', 'hub', 'config', name, 'environment']),
    ];
    add(
      'ATOLL_SETTINGS_NO_EFFECT',
      'warning',
      places.flatMap((path) => [[...path, variable], path]),
      `The variable ${variable} is not set: clusters have no option "${option}".`,
    );
  }
}

function checkDatabase(database: DatabaseSettings | undefined, refuse: Refuse): void {
  const path = (name: string): Path => ['jupyterhub', 'hub', 'db', name];
  if (database && !/^postgres(?:ql)?(?:\+\w+)?:\/\//.test(database.url))
    refuse(
      [path('url'), path('type')],
      'hub.db.url must be the address of a PostgreSQL database: postgresql://USER@HOST:5432/DATABASE.',
    );
}

function checkImagePullSecret({ runtime, deployment }: Settings, refuse: Refuse): void {
  const { create, username, password } = deployment.imagePullSecret;
  if (runtime.kind !== 'kubernetes' || !create || (username !== undefined && password !== undefined)) return;
  refuse(
    [['jupyterhub', 'imagePullSecret', 'create']],
    'imagePullSecret.create needs imagePullSecret.username and imagePullSecret.password, and the registry unless it is Docker Hub.',
  );
}

function checkServerResources({ servers }: Settings, refuse: Refuse): void {
  const server = ['jupyterhub', 'singleuser'];
  const spawner = (trait: string): Path[] =>
    ['KubeSpawner', 'Spawner'].map((name) => ['jupyterhub', 'hub', 'config', name, trait]);
  const memoryPaths = [...spawner('mem_guarantee'), [...server, 'memory', 'guarantee']];
  const corePaths = [...spawner('cpu_guarantee'), [...server, 'cpu', 'guarantee']];
  compare(servers.memoryGuarantee, servers.memoryLimit, formatBytes, (message) => refuse(memoryPaths, message));
  compare(servers.coreGuarantee, servers.coreLimit, formatCores, (message) => refuse(corePaths, message));
}

function checkClusterResources({ clusters }: Settings, refuse: Refuse): void {
  for (const kind of ['worker', 'scheduler'] as const) {
    const { memory, memoryLimit, cores, coreLimit } = clusters[kind];
    const path = ['dask-gateway', 'gateway', 'backend', kind];
    compare(memory, memoryLimit, formatBytes, (message) => refuse([[...path, 'memory', 'request']], message));
    compare(cores, coreLimit, formatCores, (message) => refuse([[...path, 'cores', 'request']], message));
  }
  const { maxMemory, maxCores, scheduler } = clusters;
  const refuseAlone = (name: string, amount: string): void =>
    refuse([['atoll', 'clusters', name]], `A scheduler alone takes more (${amount}), so that no cluster could start.`);
  if (maxMemory !== undefined && scheduler.memory > maxMemory) refuseAlone('maxMemory', formatBytes(scheduler.memory));
  if (maxCores !== undefined && scheduler.cores > maxCores) refuseAlone('maxCores', formatCores(scheduler.cores));
}

function compare(
  least: number | undefined,
  most: number | undefined,
  show: (amount: number) => string,
  refuse: (message: string) => void,
): void {
  if (least !== undefined && most !== undefined && least > most)
    refuse(`More is set aside (${show(least)}) than may be used (${show(most)}).`);
}

function formatCores(amount: number): string {
  return amount === 1 ? '1 core' : `${amount} cores`;
}
