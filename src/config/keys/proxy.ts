import { z } from 'zod';
import type { Settings } from '../settings.ts';
import {
  commonKeys,
  disruptionBudget,
  extraEnvironment,
  field,
  image,
  inertServiceKeys,
  networkPolicy,
  partKeys,
  serviceAccount,
  serviceKeys,
} from './commonKeys.ts';
import { everywhere, none, onKubernetes, unsupported } from './effects.ts';
import { inert, key, podKey, type Row, section, under } from './key.ts';
import { anything, flag, freeMap, integer, list, mapList, secretText, text, textList } from './types.ts';

const edgeInstead = none("Atoll's own edge stands in the place of this proxy");
const listens = none('Atoll listens where --host and --port say');

const withCertManager = unsupported(
  "Atoll asks Let's Encrypt for no certificates itself: have cert-manager or certbot do it, and use https.type secret or manual.",
);
const noSecrets = unsupported(
  'There are no Kubernetes secrets here: use https.type manual, with {fromFile: …} for both.',
);
/** What nobody writes by heart; the charts' own placeholder is none. */
const secretForm = /^[\w+/=.-]{32,}$/;
const edge = ({ deployment }: Settings) => deployment.edge;
const https = ({ deployment }: Settings) => deployment.edge.https;
const secretParts = {
  name: 'Name of the secret.',
  key: "Name of the private key's entry; without it, tls.key.",
  crt: "Name of the certificate's entry; without it, tls.crt.",
};
const edgeService = ({ deployment }: Settings) => deployment.edge.service;

const httpsKeys: Row[] = [
  key(
    'https.enabled',
    flag,
    'Whether there is TLS.',
    (settings, value) => {
      https(settings).enabled = value;
    },
    { default: false },
  ),
  key(
    'https.type',
    z.enum(['', 'letsencrypt', 'manual', 'offload', 'secret']),
    'Who ends TLS: the edges, with the certificate that https.manual holds or https.secret names; or with offload, a load balancer.',
    (settings, value) => {
      https(settings).type = value;
    },
    { default: 'letsencrypt' },
  ),
  key('https.hosts', textList, 'Names at which plain HTTP is sent on to HTTPS.', (settings, value) => {
    https(settings).hosts = value;
  }),
  section('https.letsencrypt', "Certificates from Let's Encrypt.", everywhere(withCertManager)),
  inert('https.letsencrypt.contactEmail', text, 'Who gets mail about certificates.'),
  inert('https.letsencrypt.acmeServer', text, 'Address of the certificate authority.'),
  section('https.manual', 'A certificate in the settings: as text, or of a file by {fromFile: …}.'),
  key(
    'https.manual.key',
    secretText,
    'Its private key (PEM).',
    (settings, value) => {
      https(settings).manual.key = value;
    },
    { secret: true },
  ),
  key(
    'https.manual.cert',
    text,
    'The certificate, and those between it and its authority (PEM).',
    (settings, value) => {
      https(settings).manual.cert = value;
    },
  ),
  section('https.secret', 'A certificate in a Kubernetes secret.', onKubernetes(noSecrets)),
  ...(['name', 'key', 'crt'] as const).map((name) =>
    podKey(`https.secret.${name}`, text, secretParts[name], (settings, value) => {
      https(settings).secret[name] = value;
    }),
  ),
];

/** `jupyterhub.proxy.*`: what stands in front of the hub. */
export const proxyKeys: Row[] = [
  section('jupyterhub.proxy', 'What stands in front of hub and servers.'),
  ...under('jupyterhub.proxy', [
    podKey(
      'secretToken',
      secretText,
      'Secret that hub and edges share, of 32 characters or more; without it, one is made and kept.',
      ({ deployment }, value, context) => {
        if (secretForm.test(value)) deployment.secretToken = value;
        else if (value !== '' && context.runtime === 'kubernetes')
          context.warn(
            'ATOLL_SETTINGS_NO_EFFECT',
            'This is no secret of 32 letters and digits or more: Atoll makes one.',
          );
      },
      { effects: onKubernetes(none('hub and edge make their own')), secret: true },
    ),
    section('https', 'TLS.'),
    ...httpsKeys,

    section('service', "The proxy's Kubernetes service.", onKubernetes(listens)),
    section('service.nodePorts', 'Ports on every node.'),
    podKey('service.nodePorts.http', integer, 'Port of HTTP.', ({ deployment }, value) => {
      deployment.edge.service.nodePort = value;
    }),
    podKey('service.nodePorts.https', integer, 'Port of HTTPS.', ({ deployment }, value) => {
      deployment.edge.service.httpsNodePort = value;
    }),
    field(
      'service',
      'disableHttpPort',
      flag,
      'Whether there is no port for HTTP, where there is one for HTTPS.',
      edgeService,
    ),
    ...inertServiceKeys('service', ['ipFamilyPolicy', 'ipFamilies'], {
      kubernetes: unsupported("Kubernetes' own choice holds."),
    }),
    ...serviceKeys(
      'service',
      ['type', 'annotations', 'labels', 'extraPorts', 'externalIPs', 'loadBalancerIP', 'loadBalancerSourceRanges'],
      edgeService,
    ),

    section('chp', "JupyterHub's proxy, in whose place Atoll has its edge.", {
      process: edgeInstead,
      slurm: edgeInstead,
    }),
    ...image('chp.image', 'Its image.', edgeInstead),
    ...networkPolicy('chp.networkPolicy', ({ deployment }) => deployment.edge.networkPolicy),
    ...disruptionBudget('chp.pdb', { kubernetes: none('Atoll sees to it that one edge is always there') }),
    ...partKeys(
      'chp',
      ['containerSecurityContext', 'extraPodSpec', 'nodeSelector', 'resources', 'revisionHistoryLimit', 'tolerations'],
      edge,
    ),
    inert('chp.extraCommandLineFlags', list, 'More arguments.', edgeInstead),
    extraEnvironment('chp.extraEnv', edgeInstead),
    inert('chp.defaultTarget', text, 'Where requests go that no route claims.', edgeInstead),
    inert('chp.errorTarget', text, 'Where error pages come from.', edgeInstead),
    ...commonKeys('chp', ['command', 'livenessProbe', 'readinessProbe'], edgeInstead),

    section('traefik', 'The proxy that ends TLS.', edgeInstead),
    ...image('traefik.image', 'Its image.'),
    ...networkPolicy('traefik.networkPolicy'),
    ...disruptionBudget('traefik.pdb'),
    ...serviceAccount('traefik.serviceAccount'),
    extraEnvironment('traefik.extraEnv'),
    section('traefik.hsts', 'Whether browsers insist on HTTPS.'),
    inert('traefik.hsts.includeSubdomains', flag, 'For subdomains too.'),
    inert('traefik.hsts.maxAge', integer, 'For how many seconds.'),
    inert('traefik.hsts.preload', flag, "Whether to be in the browsers' list."),
    inert('traefik.extraStaticConfig', freeMap, 'More settings, read at start.'),
    inert('traefik.extraDynamicConfig', freeMap, 'More settings, read at any time.'),
    inert('traefik.extraPorts', list, 'More ports.'),
    inert('traefik.extraInitContainers', mapList, 'Containers that run before.'),
    ...commonKeys('traefik', [
      'args',
      'command',
      'containerSecurityContext',
      'extraPodSpec',
      'extraVolumeMounts',
      'extraVolumes',
      'labels',
      'nodeSelector',
      'resources',
      'revisionHistoryLimit',
      'tolerations',
    ]),

    section('secretSync', "What keeps Let's Encrypt certificates.", edgeInstead),
    ...image('secretSync.image', 'Its image.'),
    ...commonKeys('secretSync', ['containerSecurityContext', 'resources']),
    ...partKeys('', ['annotations', 'labels'], edge),
    section('deploymentStrategy', 'How Kubernetes replaces the pod.', none('Atoll knows how its edge is replaced')),
    inert('deploymentStrategy.type', text, 'Recreate or RollingUpdate.'),
    inert('deploymentStrategy.rollingUpdate', anything, 'Details of a rolling update.'),
  ]),
];
