import { z } from 'zod';
import {
  commonKeys,
  disruptionBudget,
  extraEnvironment,
  extraFiles,
  image,
  networkPolicy,
  serviceAccount,
} from './commonKeys.ts';
import { kubernetesOnly, none, unsupported } from './effects.ts';
import { inert, key, type Row, section, under } from './key.ts';
import { applyTemplateVariables } from './templateVariables.ts';
import { anything, count, flag, freeMap, integer, list, secretText, text, textList, textMap } from './types.ts';

const ownData = none('Atoll keeps everything in its data folder (--data)');

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
    'How many servers may be starting at a time; 0: any number.',
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

  inert(
    'extraConfig',
    z.union([text, z.record(text, text)]),
    'Python that JupyterHub runs at its start, by name.',
    unsupported('Python in settings is not run; what it sets up is missing.'),
  ),
  inert('baseUrl', text, 'Path below which everything is served.', unsupported('Everything is served at /.'), {
    default: '/',
    satisfiedBy: '/',
  }),
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
    'Files to put into the hub.',
    none('the hub is a process of this machine and sees its files'),
  ),
  extraEnvironment('extraEnv', none('the hub takes its environment from where Atoll is started')),

  section('db', 'Where the hub keeps its data.', ownData),
  inert('db.type', z.enum(['sqlite-pvc', 'sqlite-memory', 'mysql', 'postgres', 'other']), 'Kind of database.'),
  section('db.pvc', 'The volume of the SQLite database.'),
  inert('db.pvc.annotations', textMap, 'Annotations of the volume claim.'),
  inert('db.pvc.selector', freeMap, 'Labels of the volume.'),
  inert('db.pvc.storage', text, 'Size of the volume.'),
  inert('db.pvc.accessModes', list, 'Access modes of the volume.'),
  inert('db.pvc.storageClassName', text, 'Storage class of the volume.'),
  inert('db.pvc.subPath', text, 'Folder in the volume.'),
  inert('db.upgrade', flag, 'Whether the database is upgraded at start.'),
  inert('db.url', secretText, 'Address of the database.', undefined, { secret: true }),
  inert('db.password', secretText, 'Password of the database.', undefined, { secret: true }),

  ...image('image', 'Image of the hub.', none('the hub is Atoll itself')),
  ...networkPolicy('networkPolicy', none('hub and servers are processes of one machine')),
  ...disruptionBudget('pdb', kubernetesOnly),
  ...serviceAccount('serviceAccount', kubernetesOnly),
  ...commonKeys(
    '',
    [
      'annotations',
      'args',
      'command',
      'containerSecurityContext',
      'extraContainers',
      'extraPodSpec',
      'extraVolumeMounts',
      'extraVolumes',
      'initContainers',
      'labels',
      'livenessProbe',
      'nodeSelector',
      'readinessProbe',
      'resources',
      'revisionHistoryLimit',
      'tolerations',
    ],
    kubernetesOnly,
  ),
  inert('podSecurityContext', freeMap, "Kubernetes' security settings of the pod.", kubernetesOnly),
  inert('fsGid', integer, 'Spelling of podSecurityContext.fsGroup before z2jh 2.', kubernetesOnly),
  section('deploymentStrategy', 'How Kubernetes replaces the pod.', kubernetesOnly),
  inert('deploymentStrategy.type', text, 'Recreate or RollingUpdate.'),
  inert('deploymentStrategy.rollingUpdate', anything, 'Details of a rolling update.'),
  section('lifecycle', 'Commands at start and end of the container.', kubernetesOnly),
  inert('lifecycle.postStart', freeMap, 'Command after the start.'),
  inert('lifecycle.preStop', freeMap, 'Command before the end.'),
  section('service', "The hub's Kubernetes service.", kubernetesOnly),
  inert('service.type', text, 'Kind of service.'),
  section('service.ports', "The service's ports."),
  inert('service.ports.nodePort', integer, 'Port on every node.'),
  inert('service.ports.appProtocol', text, 'Protocol, for the network layer.'),
  inert('service.annotations', textMap, 'Annotations of the service.'),
  inert('service.extraPorts', list, 'More ports.'),
  inert('service.loadBalancerIP', text, 'Address of the load balancer.'),
  inert('service.ipFamilyPolicy', text, 'IPv4, IPv6 or both.'),
  inert('service.ipFamilies', textList, 'Address families in order.'),
]);
