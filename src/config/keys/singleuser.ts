import { z } from 'zod';
import type { Settings } from '../settings.ts';
import { extraFiles, field, image, networkPolicy, pullPolicy, toExtraFiles } from './commonKeys.ts';
import { type Effects, imagesOnly, kubernetesOnly, none, onKubernetes, unsupported } from './effects.ts';
import { inert, key, podKey, type Row, section, under } from './key.ts';
import { addPullSecrets, addTag, setPullPolicy, setVolumeMounts, setVolumes } from './podValues.ts';
import { profileKey } from './profiles.ts';
import { addEnvironment, defaultUrl, setAmount, setCommand } from './serverTraits.ts';
import {
  command,
  cores,
  environment,
  flag,
  freeMap,
  integer,
  kubernetesQuantity,
  mapList,
  mapOrList,
  memory,
  pullSecrets,
  resourceAmounts,
  seconds,
  text,
  textList,
  textMap,
} from './types.ts';

const localHome = none('everybody has a home folder on this machine');
const sharedHome = none('everybody has a home folder, which all machines of the Slurm cluster see');
const homes: Effects = onKubernetes(localHome, sharedHome);
const volumes: Effects = onKubernetes(
  unsupported('Put shared data into a folder of this machine that people may read.'),
  unsupported('Put shared data into a folder that all machines of the Slurm cluster see.'),
);
const filesByHand = unsupported('Put the files into a folder that people may read.');
const devices = unsupported('Servers see all devices of the machine.');
const noHooks = unsupported("Start the program in the person's own shell profile instead.");
const accounts: Effects = onKubernetes(
  none('a server runs as the user of this machine with its name, or as the one who runs Atoll'),
  none('a Slurm job runs as its user'),
);
const network: Effects = onKubernetes(
  none('processes reach what this machine reaches'),
  none('Slurm jobs reach what their machine reaches'),
);

const storageKeys: Row[] = [
  section('storage', 'Home folders and other volumes.'),
  podKey(
    'storage.type',
    z.enum(['dynamic', 'static', 'none']),
    'Where home folders come from: a volume for each person, one volume for all, or no volume.',
    ({ servers }, value) => {
      servers.pod.storage.type = value;
    },
    { effects: homes, default: 'dynamic' },
  ),
  podKey(
    'storage.capacity',
    kubernetesQuantity,
    "Size of a person's volume.",
    ({ servers }, value) => {
      servers.pod.storage.capacity = String(value);
    },
    {
      effects: onKubernetes(unsupported('Home folders have no limit; set a quota in the file system.')),
      default: '10Gi',
    },
  ),
  podKey(
    'storage.homeMountPath',
    text,
    'Where the home folder appears.',
    ({ servers }, value) => {
      servers.pod.storage.homeMountPath = value;
    },
    { effects: homes, default: '/home/jovyan' },
  ),
  podKey('storage.extraLabels', textMap, 'Labels of volume claims.', ({ servers }, value) => {
    servers.pod.storage.extraLabels = value;
  }),
  podKey('storage.extraVolumes', mapOrList, 'More volumes.', setVolumes, { effects: volumes, default: [] }),
  podKey('storage.extraVolumeMounts', mapOrList, 'Where the volumes appear.', setVolumeMounts, {
    effects: volumes,
    default: [],
  }),
  section('storage.dynamic', 'A volume for each person.', homes),
  podKey('storage.dynamic.storageClass', text, 'Storage class of the volumes.', ({ servers }, value) => {
    servers.pod.storage.storageClass = value;
  }),
  podKey('storage.dynamic.pvcNameTemplate', text, 'Name of the volume claims.', ({ servers }, value) => {
    servers.pod.storage.pvcNameTemplate = value;
  }),
  podKey(
    'storage.dynamic.volumeNameTemplate',
    text,
    'Name of the volumes.',
    ({ servers }, value) => {
      servers.pod.storage.volumeNameTemplate = value;
    },
    { default: 'volume-{user_server}' },
  ),
  podKey(
    'storage.dynamic.storageAccessModes',
    textList,
    'Access modes of the volumes.',
    ({ servers }, value) => {
      servers.pod.storage.accessModes = value;
    },
    { default: ['ReadWriteOnce'] },
  ),
  podKey('storage.dynamic.subPath', text, 'Folder in the volume.', ({ servers }, value) => {
    servers.pod.storage.dynamicSubPath = value;
  }),
  section('storage.static', 'One volume for all.', homes),
  podKey('storage.static.pvcName', text, 'Name of the volume claim.', ({ servers }, value) => {
    servers.pod.storage.staticPvcName = value;
  }),
  podKey(
    'storage.static.subPath',
    text,
    "Folder of a person's home in the volume.",
    ({ servers }, value) => {
      servers.pod.storage.staticSubPath = value;
    },
    { default: '{username}' },
  ),
];

const imageKeys: Row[] = [
  section('image', 'Image of the servers.', imagesOnly),
  podKey('image.name', text, 'Name of the image, without its tag.', ({ servers }, value) => {
    servers.pod.image = value;
  }),
  podKey('image.tag', text, 'Tag of the image.', addTag),
  podKey('image.pullPolicy', pullPolicy, 'When Kubernetes pulls the image.', setPullPolicy),
  podKey('image.pullSecrets', pullSecrets, 'Kubernetes secrets with which the image is pulled.', addPullSecrets),
  inert(
    'imagePullSecret',
    freeMap,
    'Spelling of image.pullSecrets before z2jh 0.10.',
    {
      ...imagesOnly,
      kubernetes: unsupported('Write it as jupyterhub.imagePullSecret, with create: true.'),
    },
    { secret: true },
  ),
];

/** A rule for placing pods: the chart's name, the settings' name. */
const affinities = [
  ['extraNodeAffinity', 'nodeAffinity'],
  ['extraPodAffinity', 'podAffinity'],
  ['extraPodAntiAffinity', 'podAntiAffinity'],
] as const;

const podKeys: Row[] = [
  podKey('initContainers', mapList, 'Containers that run before a server.', ({ servers }, value) => {
    servers.pod.initContainers = value;
  }),
  podKey('extraContainers', mapList, 'More containers in the pods.', ({ servers }, value) => {
    servers.pod.extraContainers = value;
  }),
  podKey('nodeSelector', textMap, 'Labels that a node must have.', ({ servers }, value) => {
    servers.pod.nodeSelector = value;
  }),
  ...affinities.flatMap(([name, setting]) => [
    section(name, 'Rules for placing the pods.', kubernetesOnly),
    podKey(`${name}.required`, mapList, 'What must hold.', ({ servers }, value) => {
      servers.pod[setting].required = value;
    }),
    podKey(`${name}.preferred`, mapList, 'What should hold.', ({ servers }, value) => {
      servers.pod[setting].preferred = value;
    }),
  ]),
  podKey('extraTolerations', mapList, 'Taints of nodes that the pods tolerate.', ({ servers }, value) => {
    servers.pod.tolerations = value;
  }),
  podKey('extraAnnotations', textMap, 'Annotations of the pods.', ({ servers }, value) => {
    servers.pod.annotations = value;
  }),
  podKey('extraLabels', textMap, 'Labels of the pods.', ({ servers }, value) => {
    servers.pod.labels = value;
  }),
  podKey('extraPodConfig', freeMap, 'Anything else for the pods, as Kubernetes spells it.', ({ servers }, value) => {
    servers.pod.extraPodConfig = value;
  }),
  podKey('podNameTemplate', text, 'Name of the pods.', ({ servers }, value) => {
    servers.pod.podNameTemplate = value;
  }),
  podKey('serviceAccountName', text, 'Service account of the pods.', ({ servers }, value) => {
    servers.pod.serviceAccountName = value;
  }),
  podKey(
    'uid',
    integer,
    'User id of a server.',
    ({ servers }, value) => {
      servers.pod.uid = value;
    },
    {
      effects: accounts,
      default: 1000,
      unset: ({ servers }) => {
        servers.pod.uid = null;
      },
    },
  ),
  podKey(
    'fsGid',
    integer,
    "Group id of a server's files.",
    ({ servers }, value) => {
      servers.pod.fsGid = value;
    },
    {
      effects: accounts,
      default: 100,
      unset: ({ servers }) => {
        servers.pod.fsGid = null;
      },
    },
  ),
  podKey(
    'allowPrivilegeEscalation',
    flag,
    'Whether processes may gain rights, as with sudo.',
    ({ servers }, value) => {
      servers.pod.allowPrivilegeEscalation = value;
    },
    {
      effects: accounts,
      default: false,
      unset: ({ servers }) => {
        servers.pod.allowPrivilegeEscalation = null;
      },
    },
  ),
  section('cloudMetadata', "Whether servers reach the cloud's metadata server.", network),
  podKey(
    'cloudMetadata.enabled',
    flag,
    'The opposite of blockWithIptables, before z2jh 0.10.',
    ({ servers }, value) => {
      servers.pod.cloudMetadata.blockWithIptables = !value;
    },
  ),
  podKey(
    'cloudMetadata.blockWithIptables',
    flag,
    'Whether it is blocked.',
    ({ servers }, value) => {
      servers.pod.cloudMetadata.blockWithIptables = value;
    },
    { default: true },
  ),
  podKey(
    'cloudMetadata.ip',
    text,
    'Its address.',
    ({ servers }, value) => {
      servers.pod.cloudMetadata.ip = value;
    },
    { default: '169.254.169.254' },
  ),
  section('networkTools', "Image with which the cloud's metadata server is blocked.", kubernetesOnly),
  ...image('networkTools.image', 'That image.', ({ servers }) => servers.pod.networkTools.image),
  field(
    'networkTools',
    'resources',
    freeMap,
    'Requests and limits of that container.',
    ({ servers }: Settings) => servers.pod.networkTools,
  ),
  ...networkPolicy('networkPolicy', ({ deployment }) => deployment.serverNetworkPolicy),
];

/** `jupyterhub.singleuser.*`: notebook servers. */
export const singleuserKeys: Row[] = [
  section('jupyterhub.singleuser', 'Notebook servers: resources, environment, what opens.'),
  ...under('jupyterhub.singleuser', [
    section('memory', 'Memory of a server.'),
    key('memory.limit', memory, 'The most that a server may use; 0: no limit.', (settings, value) =>
      setAmount(settings, 'memoryLimit', value),
    ),
    key('memory.guarantee', memory, 'What is set aside for a server.', (settings, value) =>
      setAmount(settings, 'memoryGuarantee', value),
    ),
    section('cpu', 'Cores of a server.'),
    key('cpu.limit', cores, 'The most that a server may use; 0: no limit.', (settings, value) =>
      setAmount(settings, 'coreLimit', value),
    ),
    key('cpu.guarantee', cores, 'What is set aside for a server.', (settings, value) =>
      setAmount(settings, 'coreGuarantee', value),
    ),
    key(
      'extraEnv',
      environment,
      'Environment variables of every server; {username} and the like are filled in.',
      addEnvironment,
      {
        default: {},
        secret: true,
      },
    ),
    key(
      'defaultUrl',
      defaultUrl,
      'What opens when somebody comes to their server, such as /lab.',
      (settings, value) => {
        settings.servers.defaultUrl = value;
      },
    ),
    key('cmd', command, 'Command that starts a server.', setCommand, { default: 'jupyterhub-singleuser' }),
    key(
      'startTimeout',
      seconds,
      'Seconds that a start may take.',
      (settings, value) => {
        settings.servers.startTimeoutSeconds = value;
      },
      { default: 300 },
    ),

    profileKey('profileList', 'What people choose from when they start a server: environments and resources.'),
    podKey(
      'extraFiles',
      extraFiles,
      'Files to put into every server.',
      ({ servers }, value) => {
        servers.pod.extraFiles = toExtraFiles(value);
      },
      { effects: onKubernetes(filesByHand), secret: true },
    ),
    section('extraResource', 'Other resources, such as GPUs.', onKubernetes(devices)),
    podKey('extraResource.limits', resourceAmounts, 'The most that a server may use.', ({ servers }, value) => {
      servers.pod.resourceLimits = value;
    }),
    podKey('extraResource.guarantees', resourceAmounts, 'What is set aside for a server.', ({ servers }, value) => {
      servers.pod.resourceRequests = value;
    }),
    section('lifecycleHooks', 'Commands at start and end of a server.', onKubernetes(noHooks)),
    ...['postStart', 'preStop'].map((name) =>
      podKey(
        `lifecycleHooks.${name}`,
        freeMap,
        `Command ${name === 'postStart' ? 'after the start' : 'before the end'}.`,
        ({ servers }, value) => {
          servers.pod.lifecycleHooks[name] = value;
        },
      ),
    ),
    inert('events', flag, 'Whether the progress of a start is shown.', none('progress is always shown'), {
      default: true,
      satisfiedBy: true,
    }),
    ...storageKeys,
    ...imageKeys,
    ...podKeys,
  ]),
];
