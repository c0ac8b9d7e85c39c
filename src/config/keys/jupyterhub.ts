import { z } from 'zod';
import { imagePullSecretName } from '../deploymentSettings.ts';
import type { Settings } from '../settings.ts';
import {
  commonKeys,
  disruptionBudget,
  field,
  image,
  nameOverrides,
  partKeys,
  pullPolicy,
  serviceAccount,
} from './commonKeys.ts';
import { imagesOnly, none, onKubernetes, ownPlacement, unsupported, works } from './effects.ts';
import { inert, podKey, type Row, section, under } from './key.ts';
import { addPullSecrets } from './podValues.ts';
import {
  closedMap,
  flag,
  freeMap,
  integer,
  list,
  mapList,
  pullSecrets,
  secretText,
  text,
  textList,
  textMap,
} from './types.ts';

const ownChoice = unsupported("Atoll's own choice holds.");
const pauseElsewhere = unsupported('Use prePuller.pause.image.');
const placement = z.enum(['ignore', 'prefer', 'require']);

const scheduling = ({ deployment }: Settings) => deployment.scheduling;
const podPriority = ({ deployment }: Settings) => deployment.scheduling.podPriority;
const registryLogin = ({ deployment }: Settings) => deployment.imagePullSecret;
const userPlaceholder = ({ deployment }: Settings) => deployment.scheduling.userPlaceholder;

const schedulingKeys: Row[] = [
  section('jupyterhub.scheduling', 'How pods are placed on nodes.', { ...ownPlacement, kubernetes: works }),
  ...under('jupyterhub.scheduling', [
    section('userScheduler', 'A scheduler of its own that fills nodes one by one.', ownPlacement),
    inert('userScheduler.enabled', flag, 'Whether it is used.'),
    inert('userScheduler.logLevel', integer, 'How much it logs.'),
    inert('userScheduler.plugins', freeMap, "Plugins of Kubernetes' scheduler."),
    inert('userScheduler.pluginConfig', list, 'Settings of the plugins.'),
    ...image('userScheduler.image', 'Its image.'),
    ...disruptionBudget('userScheduler.pdb'),
    ...serviceAccount('userScheduler.serviceAccount'),
    ...commonKeys('userScheduler', [
      'annotations',
      'containerSecurityContext',
      'extraPodSpec',
      'labels',
      'nodeSelector',
      'replicas',
      'resources',
      'revisionHistoryLimit',
      'tolerations',
    ]),
    section('podPriority', 'Which pods make room for which.'),
    field('podPriority', 'enabled', flag, 'Whether priorities are used.', podPriority),
    field('podPriority', 'globalDefault', flag, 'Whether the default holds for all of Kubernetes.', podPriority),
    field('podPriority', 'defaultPriority', integer, 'Priority of servers.', podPriority),
    field('podPriority', 'imagePullerPriority', integer, 'Priority of image pullers.', podPriority),
    field('podPriority', 'userPlaceholderPriority', integer, 'Priority of placeholders.', podPriority),
    section('userPlaceholder', 'Pods that keep room for servers to come.'),
    field('userPlaceholder', 'enabled', flag, 'Whether there are any.', userPlaceholder),
    ...partKeys('userPlaceholder', ['replicas', 'resources'], userPlaceholder),
    ...image('userPlaceholder.image', 'Their image.', { kubernetes: pauseElsewhere }),
    ...commonKeys(
      'userPlaceholder',
      ['annotations', 'containerSecurityContext', 'extraPodSpec', 'labels', 'revisionHistoryLimit'],
      { kubernetes: ownChoice },
    ),
    ...(['corePods', 'userPods'] as const).flatMap((pods) => [
      section(pods, pods === 'corePods' ? 'Hub, edge and the like.' : 'Servers.'),
      field(
        pods,
        'tolerations',
        mapList,
        'Taints of nodes that the pods tolerate.',
        (settings: Settings) => scheduling(settings)[pods],
      ),
      section(`${pods}.nodeAffinity`, 'On which nodes they go.'),
      podKey(
        `${pods}.nodeAffinity.matchNodePurpose`,
        placement,
        "Whether a node's label for its purpose counts.",
        (settings, value) => {
          scheduling(settings)[pods].matchNodePurpose = value;
        },
        { default: 'prefer' },
      ),
    ]),
  ]),
];

const prePuller = ({ deployment }: Settings) => deployment.prePuller;
const continuous = ({ deployment }: Settings) => deployment.prePuller.continuous;
const hook = ({ deployment }: Settings) => deployment.prePuller.hook;
const waitsItself = none('`atoll deploy` waits itself');
const noAccount = none('pullers talk to nobody, and have no account');

const extraImage = closedMap({ name: text, tag: text, pullPolicy: pullPolicy.optional() });

/** Images by name; before z2jh 0.9, a list of them. */
const extraImages = z
  .union([z.record(text, extraImage), z.array(extraImage)])
  .transform((images) =>
    Array.isArray(images) ? Object.fromEntries(images.map((image) => [image.name, image])) : images,
  );

const prePullerKeys: Row[] = [
  section('jupyterhub.prePuller', 'Images that are pulled before they are needed.', imagesOnly),
  ...under('jupyterhub.prePuller', [
    field('', 'pullProfileListImages', flag, 'Whether those of profiles are pulled too.', prePuller),
    podKey('extraImages', extraImages, 'More images, by name.', ({ deployment }, value) => {
      deployment.prePuller.extraImages = value;
    }),
    field('', 'extraTolerations', mapList, 'Taints of nodes that the pods tolerate.', prePuller),
    ...partKeys('', ['resources'], prePuller),
    ...commonKeys('', ['annotations', 'containerSecurityContext', 'labels', 'revisionHistoryLimit'], {
      kubernetes: ownChoice,
    }),
    section('hook', 'Pulling before `atoll deploy` changes anything (not with Helm or GitOps tools).'),
    field('hook', 'enabled', flag, 'Whether that is done.', hook),
    field('hook', 'pullOnlyOnChanges', flag, 'Only when images have changed.', hook),
    field('hook', 'daemonsetAnnotations', textMap, 'Annotations of the puller.', hook),
    field(
      'hook',
      'podSchedulingWaitDuration',
      integer,
      'Seconds to wait for pods without a place; -1: without end.',
      hook,
    ),
    ...partKeys('hook', ['nodeSelector', 'tolerations'], hook),
    ...image('hook.image', 'Image of what waits for the pullers.', { kubernetes: waitsItself }),
    ...serviceAccount('hook.serviceAccount', { kubernetes: waitsItself }),
    ...serviceAccount('hook.serviceAccountImagePuller', { kubernetes: noAccount }),
    ...commonKeys('hook', ['containerSecurityContext', 'resources'], { kubernetes: waitsItself }),
    section('continuous', 'Pulling on new nodes.'),
    field('continuous', 'enabled', flag, 'Whether that is done.', continuous),
    field('continuous', 'daemonsetAnnotations', textMap, 'Annotations of the puller.', continuous),
    ...serviceAccount('continuous.serviceAccount', { kubernetes: noAccount }),
    section('pause', 'The container that does nothing.'),
    ...image('pause.image', 'Its image.', (settings) => prePuller(settings).pause.image),
    ...partKeys('pause', ['containerSecurityContext'], (settings) => prePuller(settings).pause),
  ]),
];

const listens = none('Atoll listens where --host and --port say');
const ingress = ({ deployment }: Settings) => deployment.ingress;
const httpRoute = ({ deployment }: Settings) => deployment.httpRoute;

const ingressKeys: Row[] = [
  section('jupyterhub.ingress', 'How the outside reaches the hub: Kubernetes Ingress.', onKubernetes(listens)),
  ...under('jupyterhub.ingress', [
    field('', 'enabled', flag, 'Whether there is one.', ingress),
    field('', 'annotations', textMap, 'Annotations of the ingress.', ingress),
    field('', 'ingressClassName', text, 'Which ingress controller.', ingress),
    field('', 'hosts', textList, 'Host names.', ingress),
    field('', 'pathSuffix', text, 'What is put behind the path.', ingress),
    field('', 'pathType', z.enum(['Prefix', 'Exact', 'ImplementationSpecific']), 'How the path is matched.', ingress),
    field('', 'tls', mapList, 'Host names with certificates.', ingress),
    field('', 'extraPaths', mapList, 'More paths.', ingress),
  ]),
  section('jupyterhub.httpRoute', 'How the outside reaches the hub: Kubernetes Gateway API.', onKubernetes(listens)),
  ...under('jupyterhub.httpRoute', [
    field('', 'enabled', flag, 'Whether there is one.', httpRoute),
    field('', 'annotations', textMap, 'Annotations of the route.', httpRoute),
    field('', 'hostnames', textList, 'Host names.', httpRoute),
    podKey('gateway', freeMap, 'Spelling of parentRefs before z2jh 5.', (settings, value) => {
      httpRoute(settings).parentRefs = [value];
    }),
    field('', 'parentRefs', mapList, 'The gateways.', httpRoute),
  ]),
];

const noCulling = unsupported('Idle servers go on until somebody stops them.');

const cullKeys: Row[] = [
  section('jupyterhub.cull', 'Stopping servers that nobody uses.', noCulling),
  ...under('jupyterhub.cull', [
    inert('enabled', flag, 'Whether that is done.', undefined, { satisfiedBy: false }),
    inert('users', flag, 'Whether idle users are deleted too.'),
    inert('adminUsers', flag, "Whether administrators' servers are stopped too."),
    inert('removeNamedServers', flag, 'Whether named servers are removed, not only stopped.'),
    inert('timeout', integer, 'Seconds without activity.'),
    inert('every', integer, 'Seconds between two looks.'),
    inert('concurrency', integer, 'How many are stopped at a time.'),
    inert('maxAge', integer, 'Seconds after which any server is stopped; 0: never.'),
  ]),
];

/** The rest of `jupyterhub.*`. */
export const jupyterhubKeys: Row[] = [
  section('jupyterhub', 'The zero-to-jupyterhub chart: hub, servers, proxy.'),
  ...schedulingKeys,
  ...prePullerKeys,
  ...ingressKeys,
  ...cullKeys,
  ...under('jupyterhub', [
    inert(
      'custom',
      freeMap,
      'Anything, for Python in hub.extraConfig to read.',
      none('no Python in the settings reads it'),
      { secret: true, usedByPython: (_, python) => /\bcustom\b/.test(python) },
    ),
    section('debug', 'More output.', unsupported('The hub logs as it always does.')),
    inert('debug.enabled', flag, 'Whether hub and servers log more.', undefined, { satisfiedBy: false }),
    podKey(
      'imagePullSecrets',
      pullSecrets,
      'Kubernetes secrets with which images are pulled.',
      (settings, value) => {
        settings.deployment.imagePullSecrets = value;
        addPullSecrets(settings, value);
      },
      { effects: imagesOnly },
    ),
    section('imagePullSecret', 'Credentials with which images are pulled.', imagesOnly),
    field('imagePullSecret', 'registry', text, 'The registry; without it, Docker Hub.', registryLogin),
    field('imagePullSecret', 'username', text, 'User at the registry.', registryLogin),
    podKey(
      'imagePullSecret.password',
      secretText,
      'Password at the registry.',
      ({ deployment }, value) => {
        deployment.imagePullSecret.password = value;
      },
      { secret: true },
    ),
    field('imagePullSecret', 'email', text, 'Mail address at the registry.', registryLogin),
    podKey(
      'imagePullSecret.automaticReferenceInjection',
      flag,
      'Whether all pods use it.',
      ({ deployment }, value) => {
        deployment.imagePullSecret.automaticReferenceInjection = value;
      },
      { default: true },
    ),
    // After all that it depends on.
    podKey(
      'imagePullSecret.create',
      flag,
      'Whether `deploy` makes the Kubernetes secret image-pull-secret of these.',
      (settings, value) => {
        const { imagePullSecret } = settings.deployment;
        imagePullSecret.create = value;
        if (value && imagePullSecret.automaticReferenceInjection) addPullSecrets(settings, [imagePullSecretName]);
      },
      { default: false, satisfiedBy: false },
    ),
    section('rbac', 'Rights of the pods in Kubernetes.', onKubernetes(none('there are no pods'))),
    ...['enabled', 'create'].map((name) =>
      podKey(
        `rbac.${name}`,
        flag,
        name === 'create' ? 'Whether roles are made.' : 'Spelling of rbac.create before z2jh 2.',
        ({ deployment }, value) => {
          deployment.createRbac = value;
        },
      ),
    ),
    inert('enabled', flag, 'Whether the chart is installed.', unsupported('The hub always runs.'), {
      satisfiedBy: true,
    }),
    ...nameOverrides,
    inert('global', freeMap, 'What all charts share.', none('no other charts are installed')),
  ]),
];
