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
import { none, onKubernetes, unsupported } from './effects.ts';
import { inert, podKey, type Row, section, under } from './key.ts';
import { anything, flag, freeMap, integer, list, mapList, secretText, text, textList } from './types.ts';

const edgeInstead = none("Atoll's own edge stands in the place of this proxy");
const noHttps = unsupported('Atoll speaks plain HTTP: put a proxy with TLS in front of it, or reach it through SSH.');
const listens = none('Atoll listens where --host and --port say');

const byIngress = unsupported(
  'Let an ingress end TLS: ingress.tls with the secret, or with annotations for cert-manager.',
);
/** What nobody writes by heart; the charts' own placeholder is none. */
const secretForm = /^[\w+/=.-]{32,}$/;
const edge = ({ deployment }: Settings) => deployment.edge;
const edgeService = ({ deployment }: Settings) => deployment.edge.service;

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
    section('https', 'TLS.', { process: noHttps, slurm: noHttps }),
    podKey(
      'https.enabled',
      flag,
      'Whether there is TLS.',
      ({ deployment }, value) => {
        deployment.edge.https.enabled = value;
      },
      { effects: { process: noHttps, slurm: noHttps }, default: false, satisfiedBy: false },
    ),
    podKey(
      'https.type',
      z.enum(['', 'letsencrypt', 'manual', 'offload', 'secret']),
      'Who ends TLS; on Kubernetes only offload (a load balancer) is for Atoll, all else for an ingress.',
      ({ deployment }, value) => {
        deployment.edge.https.type = value;
      },
      { effects: { process: noHttps, slurm: noHttps } },
    ),
    inert('https.hosts', textList, 'Host names of the certificate.', { kubernetes: none('who ends TLS knows them') }),
    section('https.letsencrypt', "Certificates from Let's Encrypt.", { kubernetes: byIngress }),
    inert('https.letsencrypt.contactEmail', text, 'Who gets mail about certificates.'),
    inert('https.letsencrypt.acmeServer', text, 'Address of the certificate authority.'),
    section('https.manual', 'A certificate in the settings.', { kubernetes: byIngress }),
    inert('https.manual.key', secretText, 'Its private key.', {}, { secret: true }),
    inert('https.manual.cert', text, 'The certificate.'),
    section('https.secret', 'A certificate in a Kubernetes secret.', { kubernetes: byIngress }),
    inert('https.secret.name', text, 'Name of the secret.'),
    inert('https.secret.key', text, "Name of the private key's entry."),
    inert('https.secret.crt', text, "Name of the certificate's entry."),

    section('service', "The proxy's Kubernetes service.", onKubernetes(listens)),
    section('service.nodePorts', 'Ports on every node.'),
    podKey('service.nodePorts.http', integer, 'Port of HTTP.', ({ deployment }, value) => {
      deployment.edge.service.nodePort = value;
    }),
    podKey('service.nodePorts.https', integer, 'Port of HTTPS, with https.type: offload.', ({ deployment }, value) => {
      deployment.edge.service.httpsNodePort = value;
    }),
    field(
      'service',
      'disableHttpPort',
      flag,
      'Whether there is no port for HTTP, with https.type: offload.',
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
