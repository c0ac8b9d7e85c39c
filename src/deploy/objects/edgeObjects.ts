import type { DeploymentSettings } from '../../config/deploymentSettings.ts';
import type { KubernetesObject } from '../../config/podSettings.ts';
import { ports, serviceNames } from '../ports.ts';
import { type KubeObject, objectHead, type Release, releaseLabels, selectorOf } from '../release.ts';
import { edgeCertificate, edgeTls, hasHttpsPort } from './edgeTls.ts';
import { partAnnotations, partPod } from './partPod.ts';

/** An edge that is replaced serves notebooks' WebSockets on, while there are any, for so long. */
const drainSeconds = 3600;
/** Until all nodes know that it gets no new connections. */
const farewellSeconds = 10;

/** The edges, and the service in front of them. */
export function edgeObjects(release: Release): KubeObject[] {
  const { name, settings } = release;
  const { edge } = settings.deployment;
  const { service } = edge;
  const replicas = edge.replicas ?? 2;
  const tls = edgeTls(edge.https);
  const probe = { tcpSocket: { port: 'http' } };
  const head = (apiVersion: string, kind: string, objectName: string): ReturnType<typeof objectHead> =>
    objectHead(release, apiVersion, kind, objectName, 'edge');
  const publicService = head('v1', 'Service', serviceNames.edge);
  return [
    ...edgeCertificate(release),
    {
      ...publicService,
      metadata: {
        ...publicService.metadata,
        labels: { ...publicService.metadata.labels, ...service.labels },
        annotations: service.annotations ?? {},
      },
      spec: {
        type: service.type ?? 'LoadBalancer',
        selector: selectorOf(name, 'edge'),
        ports: [...publicPorts(edge), ...(service.extraPorts ?? [])],
        ...(service.loadBalancerIP !== undefined && { loadBalancerIP: service.loadBalancerIP }),
        ...(service.loadBalancerSourceRanges && { loadBalancerSourceRanges: service.loadBalancerSourceRanges }),
        ...(service.externalIPs && { externalIPs: service.externalIPs }),
      },
    },
    {
      ...head('apps/v1', 'Deployment', 'edge'),
      spec: {
        replicas,
        revisionHistoryLimit: edge.revisionHistoryLimit ?? 3,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        selector: { matchLabels: selectorOf(name, 'edge') },
        template: {
          metadata: {
            labels: { ...releaseLabels(name, 'edge'), ...edge.labels },
            annotations: partAnnotations(release, edge),
          },
          spec: {
            terminationGracePeriodSeconds: farewellSeconds + drainSeconds + 30,
            ...partPod({
              release,
              part: edge,
              resources: { requests: { cpu: '200m', memory: '128Mi' } },
              container: {
                name: 'edge',
                args: [
                  ['edge', '--host', '0.0.0.0', '--port', String(ports.edge)],
                  ['--hub', `${serviceNames.hub}:${ports.hub}`, '--control', `${serviceNames.hub}:${ports.control}`],
                  ['--control-token-file', '/etc/atoll/keys/control-token'],
                  ['--drain', String(drainSeconds)],
                  tls.args,
                ].flat(),
                ports: [{ name: 'http', containerPort: ports.edge }],
                env: [{ name: 'HOME', value: '/tmp' }],
                startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 60 },
                // Whether the hub answers is no question here: edges serve what runs without it.
                livenessProbe: { ...probe, periodSeconds: 10, failureThreshold: 3 },
                readinessProbe: { ...probe, periodSeconds: 2, failureThreshold: 2 },
                lifecycle: { preStop: { sleep: { seconds: farewellSeconds } } },
                volumeMounts: [{ name: 'keys', mountPath: '/etc/atoll/keys', readOnly: true }, ...tls.mounts],
              },
              volumes: [{ name: 'keys', secret: { secretName: 'atoll-keys', defaultMode: 0o440 } }, ...tls.volumes],
            }),
          },
        },
      },
    },
    ...(replicas > 1
      ? [
          {
            ...head('policy/v1', 'PodDisruptionBudget', 'edge'),
            spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(name, 'edge') } },
          },
        ]
      : []),
  ];
}

/** The edges speak HTTP and TLS on one port: where a load balancer in front has ended the TLS, HTTP comes to the second too. */
function publicPorts({ service, https }: DeploymentSettings['edge']): KubernetesObject[] {
  const port = (name: string, number: number, nodePort: number | undefined): KubernetesObject => ({
    name,
    port: number,
    targetPort: 'http',
    ...(nodePort !== undefined && { nodePort }),
  });
  const isSecure = hasHttpsPort(https);
  return [
    ...(innerPort({ service, https }).name === 'http' ? [port('http', 80, service.nodePort)] : []),
    ...(isSecure ? [port('https', 443, service.httpsNodePort)] : []),
  ];
}

/** The port of the service at which whatever is inside the cluster comes to the edges, in plain HTTP: one that there is. */
export function innerPort({ service, https }: Pick<DeploymentSettings['edge'], 'service' | 'https'>): {
  name: 'http' | 'https';
  port: number;
} {
  const isGone = hasHttpsPort(https) && service.disableHttpPort === true;
  return isGone ? { name: 'https', port: 443 } : { name: 'http', port: 80 };
}

/** Where pods reach the edges, in plain HTTP. */
export function innerUrl({ namespace, settings }: Release): string {
  const { port } = innerPort(settings.deployment.edge);
  return `http://${serviceNames.edge}.${namespace}${port === 80 ? '' : `:${port}`}`;
}
