import { z } from 'zod';
import { configurationFile } from '../configurationFile.ts';
import type { Settings } from '../settings.ts';
import {
  commonKeys,
  disruptionBudget,
  extraFiles,
  field,
  image,
  inertServiceKeys,
  networkPolicy,
  partKeys,
  readsEnvironment,
  serviceAccount,
  serviceKeys,
} from './commonKeys.ts';
import { kubernetesOnly, none, onKubernetes, unsupported } from './effects.ts';
import { type ApplyContext, inert, key, podKey, type Row, section, under } from './key.ts';
import { toKubernetesVariables } from './serverTraits.ts';
import { applyTemplateVariables } from './templateVariables.ts';
import {
  anything,
  basePath,
  count,
  environment,
  flag,
  freeMap,
  integer,
  kubernetesQuantity,
  list,
  secretText,
  text,
  textList,
  textMap,
} from './types.ts';

/** Whether this is Python that is run. */
function isConfigurationFile(file: { mountPath?: unknown; stringData?: unknown }): boolean {
  return configurationFile.test(String(file.mountPath)) && file.stringData !== undefined;
}

const ownData = none('Atoll keeps everything in its data folder (--data)');
const databaseTypes = ['sqlite-pvc', 'sqlite-memory', 'mysql', 'postgres', 'other'] as const;
const forEdgesOnly = unsupported('The service is there for the edges in front; what people reach is proxy.service.');
const hubVolume = ({ deployment }: Settings) => deployment.hub.pvc;
const hubLifecycle = ({ deployment }: Settings) => deployment.hub.lifecycle;

const pvcKeys: Row[] = [
  field('db.pvc', 'annotations', textMap, 'Annotations of the volume claim.', hubVolume),
  field('db.pvc', 'selector', freeMap, 'Labels of the volume.', hubVolume),
  field('db.pvc', 'storage', kubernetesQuantity, 'Size of the volume.', hubVolume),
  field('db.pvc', 'accessModes', textList, 'Access modes of the volume.', hubVolume),
  field('db.pvc', 'storageClassName', text, 'Storage class of the volume.', hubVolume),
  field('db.pvc', 'subPath', text, 'Folder in the volume.', hubVolume),
];

function setDatabaseType(settings: Settings, type: (typeof databaseTypes)[number], context: ApplyContext): void {
  if (context.runtime !== 'kubernetes') return;
  // What z2jh calls other is told by its address.
  if (type === 'postgres' || type === 'other') settings.database = { url: '' };
  else if (type !== 'sqlite-pvc')
    context.warn(
      'ATOLL_SETTINGS_NO_EFFECT',
      'The data is kept in SQLite, on the volume of hub.db.pvc, or in postgres.',
    );
}

/** `jupyterhub.hub.*`, without what has a file of its own: `hub.config`, roles, groups and services. */
export const hubKeys: Row[] = under('jupyterhub.hub', [
  key(
    'allowNamedServers',
    flag,
    'Whether people may have several servers, each with a name.',
    (settings, value) => {
      settings.servers.allowNamedServers = value;
    },
    { default: false },
  ),
  key(
    'namedServerLimitPerUser',
    count,
    'How many named servers a person may have; 0: any number.',
    (settings, value) => {
      settings.servers.namedServerLimit = value;
    },
    { default: 0 },
  ),
  key(
    'concurrentSpawnLimit',
    count,
    'How many servers may begin to start at a time, others wait for their turn; whoever waits for a node, or takes longer than 5 s, gives its place back. 0: any number.',
    (settings, value) => {
      settings.servers.concurrentStartLimit = value;
    },
    { default: 64 },
  ),
  key(
    'activeServerLimit',
    count,
    'How many servers may run at a time; 0: any number.',
    (settings, value) => {
      settings.servers.activeServerLimit = value;
    },
    { default: 0 },
  ),
  key(
    'redirectToServer',
    flag,
    'Whether people come to their server after sign-in, instead of the home page.',
    (settings, value) => {
      settings.servers.redirectToServer = value;
    },
    { default: true },
  ),

  key(
    'extraConfig',
    z.union([text, z.record(text, text)]),
    'Python that sets up the hub, by name: run in the order of the names, in a process of its own.',
    // src/bridge runs it, and adds what it sets.
    () => undefined,
  ),
  key(
    'baseUrl',
    basePath,
    'Path below which everything is served. Servers that run keep the old one until they are started again.',
    (settings, value) => {
      settings.addresses.baseUrl = value;
    },
    { default: '/' },
  ),
  inert(
    'cookieSecret',
    secretText,
    'Key with which session cookies are signed.',
    none('Atoll makes its own key and keeps it'),
    { secret: true },
  ),
  inert(
    'existingSecret',
    text,
    "A Kubernetes secret to take the hub's secrets from.",
    unsupported('Write the secrets into a settings file of their own and give it with another -f.'),
  ),
  inert(
    'consecutiveFailureLimit',
    count,
    'Failed starts in a row after which the hub restarts.',
    none('the hub has no need to restart when servers fail to start'),
  ),
  key(
    'authenticatePrometheus',
    flag,
    'Whether metrics take a token with the scope read:metrics.',
    (settings, value) => {
      settings.operations.authenticateMetrics = value;
    },
    { default: true },
  ),
  inert('shutdownOnLogout', flag, "Whether signing out stops a person's servers.", unsupported('Servers go on.'), {
    default: false,
    satisfiedBy: false,
  }),
  inert('templatePaths', list, 'Folders with page templates of your own.', unsupported('The pages look as they come.')),
  key(
    'templateVars',
    freeMap,
    'How pages look: title, footer, announcement, announcement_home, announcement_login, announcement_logout, announcement_spawn (HTML but for the title).',
    applyTemplateVariables,
  ),
  inert(
    'extraFiles',
    extraFiles,
    "Files to put into the hub's pod.",
    {
      ...onKubernetes(none('the hub is a process of this machine and sees its files')),
      kubernetes: unsupported('Use hub.extraVolumes and hub.extraVolumeMounts.'),
    },
    { secret: true, usedByPython: (files) => Object.values(files as object).every(isConfigurationFile) },
  ),
  podKey(
    'extraEnv',
    environment,
    "Environment variables of the hub's container.",
    ({ deployment }, value, context) => {
      deployment.hub.extraEnv = toKubernetesVariables(value, context);
    },
    {
      effects: onKubernetes(none('the hub takes its environment from where Atoll is started')),
      secret: true,
      usedByPython: readsEnvironment,
    },
  ),

  section('db', 'Where the hub keeps its data.', { process: ownData, slurm: ownData }),
  podKey(
    'db.type',
    z.enum(databaseTypes),
    'Kind of database: SQLite on the volume of hub.db.pvc, or postgres.',
    setDatabaseType,
    {
      default: 'sqlite-pvc',
    },
  ),
  section('db.pvc', "The volume of the hub's data."),
  ...pvcKeys,
  inert('db.upgrade', flag, 'Whether the database is upgraded at start.', none('it is upgraded by itself')),
  podKey(
    'db.url',
    secretText,
    'Address of the database: postgresql://USER@HOST:5432/DATABASE.',
    ({ database }, value) => {
      if (database) database.url = value;
    },
    { secret: true },
  ),
  podKey(
    'db.password',
    secretText,
    'Password of the database.',
    ({ database }, value) => {
      if (database) database.password = value;
    },
    { secret: true },
  ),

  ...image('image', 'Image of the hub.', none('the hub is Atoll itself')),
  ...networkPolicy('networkPolicy', ({ deployment }) => deployment.hub.networkPolicy),
  ...disruptionBudget('pdb', {
    ...kubernetesOnly,
    kubernetes: none('there is one hub, whose replacement nobody notices'),
  }),
  ...serviceAccount('serviceAccount', ({ deployment }) => deployment.hub.serviceAccount),
  ...partKeys(
    '',
    [
      'annotations',
      'containerSecurityContext',
      'extraContainers',
      'extraPodSpec',
      'extraVolumeMounts',
      'extraVolumes',
      'initContainers',
      'labels',
      'livenessProbe',
      'nodeSelector',
      'podSecurityContext',
      'readinessProbe',
      'resources',
      'revisionHistoryLimit',
      'tolerations',
    ],
    ({ deployment }) => deployment.hub,
  ),
  ...commonKeys('', ['args', 'command'], none('the hub is Atoll, and starts as Atoll does')),
  podKey('fsGid', integer, 'Spelling of podSecurityContext.fsGroup before z2jh 2.', ({ deployment }, value) => {
    deployment.hub.podSecurityContext = { fsGroup: value, ...deployment.hub.podSecurityContext };
  }),
  section('deploymentStrategy', 'How Kubernetes replaces the pod.', none('Atoll knows how its hub is replaced')),
  inert('deploymentStrategy.type', text, 'Recreate or RollingUpdate.'),
  inert('deploymentStrategy.rollingUpdate', anything, 'Details of a rolling update.'),
  section('lifecycle', 'Commands at start and end of the container.', kubernetesOnly),
  field('lifecycle', 'postStart', freeMap, 'Command after the start.', hubLifecycle),
  field('lifecycle', 'preStop', freeMap, 'Command before the end.', hubLifecycle),
  section('service', "The hub's Kubernetes service.", kubernetesOnly),
  section('service.ports', "The service's ports.", { kubernetes: forEdgesOnly }),
  inert('service.ports.nodePort', integer, 'Port on every node.'),
  inert('service.ports.appProtocol', text, 'Protocol, for the network layer.'),
  ...serviceKeys('service', ['type', 'extraPorts'], ({ deployment }) => deployment.hub.service),
  ...inertServiceKeys('service', ['annotations', 'loadBalancerIP', 'ipFamilyPolicy', 'ipFamilies'], {
    kubernetes: forEdgesOnly,
  }),
]);
