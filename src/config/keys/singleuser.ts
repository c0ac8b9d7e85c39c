import { z } from 'zod';
import { commonKeys, extraFiles, image, networkPolicy } from './commonKeys.ts';
import { imagesOnly, kubernetesOnly, none, unsupported } from './effects.ts';
import { inert, key, type Row, section, under } from './key.ts';
import { addEnvironment, defaultUrl, setAmount, setCommand } from './serverTraits.ts';
import {
  command,
  cores,
  environment,
  flag,
  freeMap,
  integer,
  list,
  mapList,
  mapOrList,
  memory,
  seconds,
  text,
  textMap,
} from './types.ts';

const localHome = none('everybody has a home folder on this machine');
const noVolumes = unsupported('Put shared data into a folder of this machine that people may read.');
const localUser = none('a server runs as the user of this machine with its name, or as the one who runs Atoll');

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

    inert(
      'profileList',
      z.union([list, freeMap]),
      'Choices that people have when they start a server.',
      unsupported('Everybody gets the same environment and resources.'),
      { satisfiedBy: [] },
    ),
    inert(
      'extraFiles',
      extraFiles,
      'Files to put into every server.',
      unsupported('Put them into a folder of this machine that people may read.'),
      { satisfiedBy: {}, secret: true },
    ),
    section('extraResource', 'Other resources, such as GPUs.', unsupported('Servers see the GPUs of this machine.')),
    inert('extraResource.limits', freeMap, 'The most that a server may use.'),
    inert('extraResource.guarantees', freeMap, 'What is set aside for a server.'),
    section('lifecycleHooks', 'Commands at start and end of a server.', unsupported('They are not run.')),
    inert('lifecycleHooks.postStart', freeMap, 'Command after the start.'),
    inert('lifecycleHooks.preStop', freeMap, 'Command before the end.'),
    inert('initContainers', mapList, 'Containers that run before a server.', kubernetesOnly),
    inert('events', flag, 'Whether the progress of a start is shown.', none('progress is always shown'), {
      default: true,
      satisfiedBy: true,
    }),

    section('storage', 'Home folders and other volumes.'),
    inert('storage.type', z.enum(['dynamic', 'static', 'none']), 'Where home folders come from.', localHome),
    inert('storage.capacity', text, 'Size of a home folder.', unsupported('Home folders have no limit.')),
    inert('storage.homeMountPath', text, 'Where the home folder appears.', localHome),
    inert('storage.extraLabels', textMap, 'Labels of volume claims.', kubernetesOnly),
    inert('storage.extraVolumes', mapOrList, 'More volumes.', noVolumes, { satisfiedBy: [] }),
    inert('storage.extraVolumeMounts', mapOrList, 'Where the volumes appear.', noVolumes, { satisfiedBy: [] }),
    section('storage.dynamic', 'A volume for each person.', localHome),
    inert('storage.dynamic.storageClass', text, 'Storage class of the volumes.'),
    inert('storage.dynamic.pvcNameTemplate', text, 'Name of the volume claims.'),
    inert('storage.dynamic.volumeNameTemplate', text, 'Name of the volumes.'),
    inert('storage.dynamic.storageAccessModes', list, 'Access modes of the volumes.'),
    inert('storage.dynamic.subPath', text, 'Folder in the volume.'),
    section('storage.static', 'One volume for all.', localHome),
    inert('storage.static.pvcName', text, 'Name of the volume claim.'),
    inert('storage.static.subPath', text, "Folder of a person's home in the volume."),

    ...image('image', 'Image of the servers.', imagesOnly),
    section('networkTools', 'Image with which network rules are set.', kubernetesOnly),
    ...image('networkTools.image', 'That image.'),
    inert('networkTools.resources', freeMap, 'Requests and limits of that container.'),
    section(
      'cloudMetadata',
      "Whether servers reach the cloud's metadata server.",
      none('processes reach what this machine reaches'),
    ),
    inert('cloudMetadata.blockWithIptables', flag, 'Whether it is blocked.'),
    inert('cloudMetadata.ip', text, 'Its address.'),
    inert('cloudMetadata.enabled', flag, 'The opposite of blockWithIptables, before z2jh 0.10.'),
    ...networkPolicy('networkPolicy', none('processes reach what this machine reaches')),
    inert('uid', integer, 'User id of a server.', localUser),
    inert('fsGid', integer, "Group id of a server's files.", localUser),
    inert('allowPrivilegeEscalation', flag, 'Whether processes may gain rights, as with sudo.', localUser),
    inert('podNameTemplate', text, 'Name of the pods.', kubernetesOnly),
    inert('serviceAccountName', text, 'Service account of the pods.', kubernetesOnly),
    inert('extraTolerations', list, 'Taints of nodes that the pods tolerate.', kubernetesOnly),
    inert('extraAnnotations', textMap, 'Annotations of the pods.', kubernetesOnly),
    inert('extraLabels', textMap, 'Labels of the pods.', kubernetesOnly),
    inert('extraPodConfig', freeMap, 'Anything else for the pods, as Kubernetes spells it.', kubernetesOnly),
    ...commonKeys('', ['extraContainers', 'nodeSelector'], kubernetesOnly),
    ...['extraNodeAffinity', 'extraPodAffinity', 'extraPodAntiAffinity'].flatMap((name) => [
      section(name, 'Rules for placing the pods.', kubernetesOnly),
      inert(`${name}.required`, list, 'What must hold.'),
      inert(`${name}.preferred`, list, 'What should hold.'),
    ]),
    inert('imagePullSecret', freeMap, 'Spelling of image.pullSecrets before z2jh 0.10.', imagesOnly, { secret: true }),
  ]),
];
