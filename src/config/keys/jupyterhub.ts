import { z } from 'zod';
import { commonKeys, disruptionBudget, image, pullPolicy, serviceAccount } from './commonKeys.ts';
import { imagesOnly, none, unsupported } from './effects.ts';
import { inert, type Row, section, under } from './key.ts';
import { closedMap, flag, freeMap, integer, list, text, textMap } from './types.ts';

const oneMachine = none('there is one machine, and nothing to place on nodes');
const placement = z.enum(['ignore', 'prefer', 'require']);

const schedulingKeys: Row[] = [
  section('jupyterhub.scheduling', 'How pods are placed on nodes.', oneMachine),
  ...under('jupyterhub.scheduling', [
    section('userScheduler', 'A scheduler of its own that fills nodes one by one.'),
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
    inert('podPriority.enabled', flag, 'Whether priorities are used.'),
    inert('podPriority.globalDefault', flag, 'Whether the default holds for all of Kubernetes.'),
    inert('podPriority.defaultPriority', integer, 'Priority of servers.'),
    inert('podPriority.imagePullerPriority', integer, 'Priority of image pullers.'),
    inert('podPriority.userPlaceholderPriority', integer, 'Priority of placeholders.'),
    section('userPlaceholder', 'Pods that keep room for servers to come.'),
    inert('userPlaceholder.enabled', flag, 'Whether there are any.'),
    ...image('userPlaceholder.image', 'Their image.'),
    ...commonKeys('userPlaceholder', [
      'annotations',
      'containerSecurityContext',
      'extraPodSpec',
      'labels',
      'replicas',
      'resources',
      'revisionHistoryLimit',
    ]),
    ...['corePods', 'userPods'].flatMap((pods) => [
      section(pods, pods === 'corePods' ? 'Hub, proxy and the like.' : 'Servers.'),
      ...commonKeys(pods, ['tolerations']),
      section(`${pods}.nodeAffinity`, 'On which nodes they go.'),
      inert(`${pods}.nodeAffinity.matchNodePurpose`, placement, "Whether a node's label for its purpose counts."),
    ]),
  ]),
];

const prePullerKeys: Row[] = [
  section('jupyterhub.prePuller', 'Images that are pulled before they are needed.', imagesOnly),
  ...under('jupyterhub.prePuller', [
    inert('pullProfileListImages', flag, 'Whether those of profiles are pulled too.'),
    inert(
      'extraImages',
      z.record(text, closedMap({ name: text, tag: text, pullPolicy: pullPolicy.optional() })),
      'More images.',
    ),
    inert('extraTolerations', list, 'Taints of nodes that the pods tolerate.'),
    ...commonKeys('', ['annotations', 'containerSecurityContext', 'labels', 'resources', 'revisionHistoryLimit']),
    section('hook', 'Pulling before an upgrade.'),
    inert('hook.enabled', flag, 'Whether that is done.'),
    inert('hook.pullOnlyOnChanges', flag, 'Only when images have changed.'),
    inert('hook.podSchedulingWaitDuration', integer, 'Seconds to wait for pods without a place.'),
    inert('hook.daemonsetAnnotations', textMap, 'Annotations of the puller.'),
    ...image('hook.image', 'Image of what waits for the pullers.'),
    ...serviceAccount('hook.serviceAccount'),
    ...serviceAccount('hook.serviceAccountImagePuller'),
    ...commonKeys('hook', ['containerSecurityContext', 'nodeSelector', 'resources', 'tolerations']),
    section('continuous', 'Pulling on new nodes.'),
    inert('continuous.enabled', flag, 'Whether that is done.'),
    inert('continuous.daemonsetAnnotations', textMap, 'Annotations of the puller.'),
    ...serviceAccount('continuous.serviceAccount'),
    section('pause', 'The container that does nothing.'),
    ...image('pause.image', 'Its image.'),
    ...commonKeys('pause', ['containerSecurityContext']),
  ]),
];

const noIngress = none('Atoll listens where --host and --port say');

const ingressKeys: Row[] = [
  section('jupyterhub.ingress', 'How the outside reaches the hub: Kubernetes Ingress.', noIngress),
  ...under('jupyterhub.ingress', [
    inert('enabled', flag, 'Whether there is one.'),
    inert('annotations', textMap, 'Annotations of the ingress.'),
    inert('ingressClassName', text, 'Which ingress controller.'),
    inert('hosts', list, 'Host names.'),
    inert('pathSuffix', text, 'What is put behind the path.'),
    inert('pathType', z.enum(['Prefix', 'Exact', 'ImplementationSpecific']), 'How the path is matched.'),
    inert('tls', list, 'Host names with certificates.'),
    inert('extraPaths', list, 'More paths.'),
  ]),
  section('jupyterhub.httpRoute', 'How the outside reaches the hub: Kubernetes Gateway API.', noIngress),
  ...under('jupyterhub.httpRoute', [
    inert('enabled', flag, 'Whether there is one.'),
    inert('annotations', textMap, 'Annotations of the route.'),
    inert('hostnames', list, 'Host names.'),
    inert('parentRefs', list, 'The gateways.'),
    inert('gateway', freeMap, 'Spelling of parentRefs before z2jh 5.'),
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
      unsupported('Only Python in settings reads it, and that is not run.'),
      { satisfiedBy: {}, secret: true },
    ),
    section('debug', 'More output.', unsupported('The hub logs as it always does.')),
    inert('debug.enabled', flag, 'Whether hub and servers log more.', undefined, { satisfiedBy: false }),
    section('imagePullSecret', 'Credentials with which images are pulled.', imagesOnly),
    inert('imagePullSecret.create', flag, 'Whether a secret is made.'),
    inert('imagePullSecret.automaticReferenceInjection', flag, 'Whether all pods use it.'),
    inert('imagePullSecret.registry', text, 'The registry.'),
    inert('imagePullSecret.username', text, 'User at the registry.'),
    inert('imagePullSecret.password', text, 'Password at the registry.', undefined, { secret: true }),
    inert('imagePullSecret.email', text, 'Mail address at the registry.'),
    ...commonKeys('', ['imagePullSecrets'], imagesOnly),
    section('rbac', 'Rights of the pods in Kubernetes.', none('there are no pods')),
    inert('rbac.create', flag, 'Whether roles are made.'),
    inert('rbac.enabled', flag, 'Spelling of rbac.create before z2jh 2.'),
    inert(
      'auth',
      freeMap,
      'Sign-in, before z2jh 0.11.',
      unsupported('Write hub.config.JupyterHub.authenticator_class and hub.config.Authenticator.'),
      { secret: true },
    ),
    inert('enabled', flag, 'Whether the chart is installed.', unsupported('The hub always runs.'), { satisfiedBy: true }),
    inert('fullnameOverride', text, 'Names of Kubernetes objects.', none('there are no Kubernetes objects'), {
      satisfiedBy: '',
    }),
    inert('nameOverride', text, 'Names of Kubernetes objects.', none('there are no Kubernetes objects'), {
      satisfiedBy: '',
    }),
    inert('global', freeMap, 'What all charts share.', none('no other charts are installed'), { satisfiedBy: {} }),
  ]),
];
