import { z } from 'zod';
import type { Settings } from '../settings.ts';
import { commonKeys, image, nameOverrides, readsEnvironment } from './commonKeys.ts';
import { everywhere, imagesOnly, none, unsupported } from './effects.ts';
import { inert, key, podKey, type Row, section, under } from './key.ts';
import {
  count,
  flag,
  freeMap,
  integer,
  list,
  mapList,
  pullSecrets,
  secretText,
  someCores,
  someMemory,
  text,
  textMap,
} from './types.ts';

const builtIn = none('the gateway is part of Atoll, and asks the hub itself who somebody is');
const inHub = none("the gateway is part of the hub's pod, which jupyterhub.hub shapes");
const noProxy = none("Atoll's edge carries Dask traffic, at the same address as everything else");
const atLeastOne = z.int().min(1).meta({ title: 'a whole number from 1' });
const logLevel = z.enum(['ERROR', 'WARN', 'INFO', 'DEBUG']);

/** `scheduler` and `worker`: a limit alone is the request too, as in Kubernetes. */
function resources(kind: 'scheduler' | 'worker'): Row[] {
  const target = (settings: Settings) => settings.clusters[kind];
  return [
    section(kind, `Resources of a ${kind}.`),
    section(`${kind}.memory`, `Memory of a ${kind}.`),
    key(
      `${kind}.memory.limit`,
      someMemory,
      `The most that a ${kind} may use; without it, what is requested.`,
      (settings, value) => {
        target(settings).memoryLimit = value;
        target(settings).memory = value;
      },
    ),
    key(
      `${kind}.memory.request`,
      someMemory,
      `What is set aside for a ${kind}.`,
      (settings, value) => {
        target(settings).memory = value;
      },
      { default: '2G' },
    ),
    section(`${kind}.cores`, `Cores of a ${kind}.`),
    key(
      `${kind}.cores.limit`,
      someCores,
      `The most that a ${kind} may use; without it, what is requested.`,
      (settings, value) => {
        target(settings).coreLimit = value;
        target(settings).cores = value;
      },
    ),
    key(
      `${kind}.cores.request`,
      someCores,
      `What is set aside for a ${kind}.`,
      (settings, value) => {
        target(settings).cores = value;
      },
      { default: 1 },
    ),
    podKey(
      `${kind}.extraPodConfig`,
      freeMap,
      'Anything else for the pods, as Kubernetes spells it.',
      ({ clusters }, value) => {
        clusters.pod[kind].extraPodConfig = value;
      },
    ),
    podKey(
      `${kind}.extraContainerConfig`,
      freeMap,
      'Anything else for the containers, as Kubernetes spells it.',
      ({ clusters }, value) => {
        clusters.pod[kind].extraContainerConfig = value;
      },
    ),
  ];
}

const gatewayKeys: Row[] = [
  section('gateway', 'The gateway: sign-in, and what clusters get.'),
  ...under('gateway', [
    section('backend', 'Schedulers and workers.'),
    ...under('backend', [
      ...resources('worker'),
      key(
        'worker.threads',
        atLeastOne,
        'Threads of a worker; without it, as many as whole cores, one at least.',
        (settings, value) => {
          settings.clusters.worker.threads = value;
        },
      ),
      ...resources('scheduler'),
      key(
        'environment',
        textMap,
        'Environment variables of every scheduler and worker.',
        (settings, value) => {
          settings.clusters.environment = value;
        },
        { default: {}, secret: true },
      ),
      ...image('image', 'Image of schedulers and workers.', ({ clusters }) => clusters.pod.image),
      podKey(
        'imagePullSecrets',
        pullSecrets,
        'Kubernetes secrets with which images are pulled.',
        ({ clusters }, value) => {
          clusters.pod.imagePullSecrets = value;
        },
        { effects: imagesOnly },
      ),
      podKey('namespace', text, 'Kubernetes namespace of clusters.', ({ clusters }, value) => {
        clusters.pod.namespace = value;
      }),
    ]),
    key(
      'extraConfig',
      z.union([text, z.record(text, text)]),
      'Python that sets up clusters and their options, by name: run in the order of the names, in a process of its own.',
      // src/bridge runs it, and adds what it sets.
      () => undefined,
    ),
    inert('prefix', text, 'Path of the gateway.', none('it is always /services/dask-gateway'), {
      default: '/services/dask-gateway',
      satisfiedBy: '/services/dask-gateway',
    }),
    inert('loglevel', logLevel, 'How much is logged.', none('the gateway logs as the hub does')),
    section('auth', 'Who may use the gateway.', builtIn),
    key(
      'auth.type',
      z.enum(['simple', 'kerberos', 'jupyterhub', 'custom']),
      "Kind of sign-in. The hub's tokens are good in any case; simple adds one password for all.",
      (settings, value, context) => {
        settings.clusters.simpleSignIn = value === 'simple';
        if (value === 'kerberos' || value === 'custom')
          context.warn(
            'ATOLL_SETTINGS_NOT_SUPPORTED',
            `The sign-in "${value}" is not supported: the hub's tokens are.`,
          );
      },
      { default: 'jupyterhub' },
    ),
    section('auth.simple', 'Names without proof.'),
    key(
      'auth.simple.password',
      secretText.min(1).meta({ title: 'text' }),
      'One password with which everybody is whom they say they are; for sign-in of the type simple.',
      (settings, value) => {
        settings.clusters.sharedPassword = value;
      },
      { secret: true },
    ),
    section('auth.kerberos', 'Kerberos.'),
    inert('auth.kerberos.keytab', text, 'The keytab.'),
    section('auth.jupyterhub', "The hub's sign-in."),
    inert('auth.jupyterhub.apiToken', secretText, 'Token of the gateway at the hub.', undefined, { secret: true }),
    inert('auth.jupyterhub.apiTokenFromSecretName', text, 'Kubernetes secret with that token.'),
    inert('auth.jupyterhub.apiTokenFromSecretKey', text, 'Entry of that secret.'),
    inert('auth.jupyterhub.apiUrl', text, "Address of the hub's API."),
    key(
      'auth.jupyterhub.jupyterhubServiceName',
      z.literal('dask-gateway').meta({ title: '"dask-gateway", as the gateway is called here' }),
      'With it, only those may use Dask clusters whose roles say so: access:services!service=dask-gateway.',
      (settings) => {
        settings.clusters.accessByRole = true;
      },
    ),
    section('auth.custom', 'A Python class of your own.'),
    inert('auth.custom.class', text, 'Name of the class.'),
    inert('auth.custom.config', freeMap, 'Its traits.'),
    inert('auth.custom.options', freeMap, 'Spelling of auth.custom.config before dask-gateway 2022.'),
    inert('env', mapList, "Environment variables of the gateway's container.", inHub, {
      usedByPython: readsEnvironment,
    }),
    ...image('image', "The gateway's image.", builtIn),
    section('service', "The gateway's Kubernetes service.", inHub),
    inert('service.annotations', textMap, 'Annotations of the service.'),
    ...commonKeys(
      '',
      [
        'affinity',
        'annotations',
        'imagePullSecrets',
        'livenessProbe',
        'nodeSelector',
        'readinessProbe',
        'replicas',
        'resources',
        'tolerations',
      ],
      inHub,
    ),
  ]),
];

const controllerKeys: Row[] = [
  section('controller', "What makes Dask's Kubernetes objects.", none('Atoll starts schedulers and workers itself')),
  ...under('controller', [
    inert('enabled', flag, 'Whether it runs.'),
    inert('loglevel', logLevel, 'How much is logged.'),
    inert('completedClusterMaxAge', z.number(), 'Seconds for which ended clusters are kept.'),
    inert('completedClusterCleanupPeriod', z.number(), 'Seconds between two clean-ups.'),
    inert('backoffBaseDelay', z.number(), 'Seconds before the first retry.'),
    inert('backoffMaxDelay', z.number(), 'Seconds between retries at most.'),
    inert('k8sApiRateLimit', integer, 'Calls of the Kubernetes API a second.'),
    inert('k8sApiRateLimitBurst', integer, 'Calls of the Kubernetes API at once.'),
    ...image('image', 'Its image.'),
    ...commonKeys('', ['affinity', 'annotations', 'imagePullSecrets', 'nodeSelector', 'resources', 'tolerations']),
  ]),
];

const traefikKeys: Row[] = [
  section('traefik', 'The proxy in front of the gateway.', noProxy),
  ...under('traefik', [
    inert('installTraefik', flag, 'Whether it is installed.'),
    inert('additionalArguments', list, 'More arguments.'),
    inert('loglevel', logLevel, 'How much is logged.'),
    inert('dashboard', flag, 'Whether it shows a dashboard.'),
    ...image('image', 'Its image.'),
    ...commonKeys('', [
      'affinity',
      'annotations',
      'imagePullSecrets',
      'nodeSelector',
      'replicas',
      'resources',
      'tolerations',
    ]),
    section('service', 'Its Kubernetes service.'),
    inert('service.type', text, 'Kind of service.'),
    inert('service.annotations', textMap, 'Annotations of the service.'),
    inert('service.spec', freeMap, 'Anything else of the service.'),
    section('service.ports', 'Its ports.'),
    ...['web', 'tcp'].flatMap((port) => [
      section(`service.ports.${port}`, port === 'web' ? 'HTTP.' : 'Dask traffic.'),
      inert(`service.ports.${port}.port`, z.union([count, text]), 'The port, or the name of another.'),
      inert(`service.ports.${port}.nodePort`, integer, 'Port on every node.'),
    ]),
  ]),
];

/** `dask-gateway.*`: Dask clusters. */
export const daskGatewayKeys: Row[] = [
  section('dask-gateway', 'The dask-gateway chart: Dask clusters.'),
  ...under('dask-gateway', [
    ...gatewayKeys,
    ...controllerKeys,
    ...traefikKeys,
    inert('enabled', flag, 'Whether people can have Dask clusters.', unsupported('Dask clusters are always there.'), {
      default: true,
      satisfiedBy: true,
    }),
    section('rbac', 'Rights of the pods in Kubernetes.', {
      ...everywhere(none('there are no pods')),
      kubernetes: none('the gateway is part of the hub, whose rights jupyterhub.rbac is about'),
    }),
    inert('rbac.enabled', flag, 'Whether roles are made.'),
    ...['controller', 'gateway', 'traefik'].flatMap((part) => [
      section(`rbac.${part}`, 'One of the pods.'),
      inert(`rbac.${part}.serviceAccountName`, text, 'Its service account.'),
    ]),
    ...nameOverrides,
    inert('global', freeMap, 'What all charts share.', none('no other charts are installed')),
  ]),
];
