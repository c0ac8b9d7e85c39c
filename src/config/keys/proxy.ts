import { z } from 'zod';
import { commonKeys, disruptionBudget, extraEnvironment, image, networkPolicy, serviceAccount } from './commonKeys.ts';
import { kubernetesOnly, none, unsupported } from './effects.ts';
import { inert, type Row, section, under } from './key.ts';
import { anything, flag, freeMap, integer, list, mapList, secretText, text, textList, textMap } from './types.ts';

const edgeInstead = none("Atoll's own edge stands in the place of this proxy");

const noHttps = unsupported('Atoll speaks plain HTTP: put a proxy with TLS in front of it, or reach it through SSH.');

/** `jupyterhub.proxy.*`: what stands in front of the hub. */
export const proxyKeys: Row[] = [
  section('jupyterhub.proxy', 'What stands in front of hub and servers.'),
  ...under('jupyterhub.proxy', [
    inert('secretToken', secretText, 'Secret that hub and proxy share.', none('hub and edge make their own'), {
      secret: true,
    }),
    section('https', 'TLS.', noHttps),
    inert('https.enabled', flag, 'Whether there is TLS.', undefined, { default: false, satisfiedBy: false }),
    inert(
      'https.type',
      z.enum(['', 'letsencrypt', 'manual', 'offload', 'secret']),
      'Where the certificate comes from.',
    ),
    inert('https.hosts', textList, 'Host names of the certificate.'),
    section('https.letsencrypt', "Certificates from Let's Encrypt."),
    inert('https.letsencrypt.contactEmail', text, 'Who gets mail about certificates.'),
    inert('https.letsencrypt.acmeServer', text, 'Address of the certificate authority.'),
    section('https.manual', 'A certificate in the settings.'),
    inert('https.manual.key', secretText, 'Its private key.', undefined, { secret: true }),
    inert('https.manual.cert', text, 'The certificate.'),
    section('https.secret', 'A certificate in a Kubernetes secret.'),
    inert('https.secret.name', text, 'Name of the secret.'),
    inert('https.secret.key', text, "Name of the private key's entry."),
    inert('https.secret.crt', text, "Name of the certificate's entry."),

    section('service', "The proxy's Kubernetes service.", none('Atoll listens where --host and --port say')),
    inert('service.type', text, 'Kind of service.'),
    inert('service.labels', textMap, 'Labels of the service.'),
    inert('service.annotations', textMap, 'Annotations of the service.'),
    section('service.nodePorts', 'Ports on every node.'),
    inert('service.nodePorts.http', integer, 'Port of HTTP.'),
    inert('service.nodePorts.https', integer, 'Port of HTTPS.'),
    inert('service.disableHttpPort', flag, 'Whether there is no port for HTTP.'),
    inert('service.extraPorts', list, 'More ports.'),
    inert('service.externalIPs', list, 'Outer addresses.'),
    inert('service.loadBalancerIP', text, 'Address of the load balancer.'),
    inert('service.loadBalancerSourceRanges', list, 'Who may reach the load balancer.'),
    inert('service.ipFamilyPolicy', text, 'IPv4, IPv6 or both.'),
    inert('service.ipFamilies', textList, 'Address families in order.'),

    section('chp', "JupyterHub's proxy, configurable-http-proxy.", edgeInstead),
    ...image('chp.image', 'Its image.'),
    ...networkPolicy('chp.networkPolicy'),
    ...disruptionBudget('chp.pdb'),
    inert('chp.extraCommandLineFlags', list, 'More arguments.'),
    extraEnvironment('chp.extraEnv'),
    inert('chp.defaultTarget', text, 'Where requests go that no route claims.'),
    inert('chp.errorTarget', text, 'Where error pages come from.'),
    ...commonKeys('chp', [
      'command',
      'containerSecurityContext',
      'extraPodSpec',
      'livenessProbe',
      'nodeSelector',
      'readinessProbe',
      'resources',
      'revisionHistoryLimit',
      'tolerations',
    ]),

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
    ...commonKeys('', ['annotations', 'labels'], kubernetesOnly),
    section('deploymentStrategy', 'How Kubernetes replaces the pod.', kubernetesOnly),
    inert('deploymentStrategy.type', text, 'Recreate or RollingUpdate.'),
    inert('deploymentStrategy.rollingUpdate', anything, 'Details of a rolling update.'),
  ]),
];
