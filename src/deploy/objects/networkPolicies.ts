import type { NetworkPolicySettings } from '../../config/deploymentSettings.ts';
import type { KubernetesObject } from '../../config/podSettings.ts';
import { podPorts } from '../../runtimes/kubernetes/podInputs.ts';
import { servicesInPod } from '../../services/servicePlaces.ts';
import { portOf } from '../../store/postgres/postgresAddress.ts';
import { ports } from '../ports.ts';
import { type KubeObject, objectHead, type Release, selectorOf } from '../release.ts';

const privateNetworks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'];
const metadataServer = '169.254.169.254/32';

/**
 * One policy for each kind of pod. Together they let pass what Atoll needs, and nothing else; they count only where the
 * cluster's network enforces policies.
 */
export function networkPolicies(release: Release): KubeObject[] {
  const { deployment, services, database } = release.settings;
  const pods = {
    hub: { podSelector: { matchLabels: selectorOf(release.name, 'hub') } },
    edge: { podSelector: { matchLabels: selectorOf(release.name, 'edge') } },
    servers: { podSelector: { matchLabels: { component: 'singleuser-server' } } },
    schedulers: { podSelector: { matchLabels: { component: 'dask-scheduler' } } },
    workers: { podSelector: { matchLabels: { component: 'dask-worker' } } },
  };
  const { http, scheduler, dashboard, api } = podPorts;
  const everywhere = { to: [{ ipBlock: { cidr: '0.0.0.0/0' } }, { ipBlock: { cidr: '::/0' } }] };
  const inPod = servicesInPod(services);
  const behindServices = Object.values(services).some(({ name, url }) => url !== undefined && !inPod.has(name));
  const policy = (
    name: string,
    podSelector: KubernetesObject,
    settings: NetworkPolicySettings,
    ingress: KubernetesObject[],
    egress: KubernetesObject[],
  ): KubeObject[] =>
    settings.enabled === false
      ? []
      : [
          {
            ...objectHead(release, 'networking.k8s.io/v1', 'NetworkPolicy', name, name),
            spec: {
              podSelector,
              policyTypes: ['Ingress', 'Egress'],
              ingress: [...ingress, ...(settings.ingress ?? [])],
              egress: [...egress, ...(settings.egress ?? [])],
            },
          },
        ];
  const forWorkloads = (more: KubernetesObject[]): KubernetesObject[] => [
    dns,
    { to: [pods.edge], ports: tcp(ports.edge) },
    ...more,
    ...outside(deployment.serverNetworkPolicy),
  ];
  return [
    ...policy(
      'hub',
      pods.hub.podSelector,
      deployment.hub.networkPolicy,
      [{ from: [pods.edge], ports: tcp(ports.hub, ports.control, ports.services) }],
      [
        dns,
        { to: [pods.servers], ports: tcp(http) },
        { to: [pods.schedulers], ports: tcp(dashboard, api) },
        // Services that the hub runs ask its API as everybody does.
        { to: [pods.edge], ports: tcp(ports.edge) },
        // The API server, and a database. Some networks do not take it, or pods, for addresses (`ipBlock`).
        { ports: tcp(443, 6443, ...(database ? [portOf(database)] : [])) },
        // Sign-in providers and databases are anywhere.
        everywhere,
      ],
    ),
    ...policy(
      'edge',
      pods.edge.podSelector,
      deployment.edge.networkPolicy,
      [{ ports: tcp(ports.edge) }],
      [
        dns,
        { to: [pods.hub], ports: tcp(ports.hub, ports.control, ports.services) },
        { to: [pods.servers], ports: tcp(http) },
        { to: [pods.schedulers], ports: tcp(scheduler, dashboard) },
        ...(behindServices ? [{ to: [...everywhere.to, { namespaceSelector: {} }] }] : []),
      ],
    ),
    ...policy(
      'singleuser',
      pods.servers.podSelector,
      deployment.serverNetworkPolicy,
      [{ from: [pods.edge, pods.hub], ports: tcp(http) }],
      forWorkloads([]),
    ),
    ...policy(
      'dask-scheduler',
      pods.schedulers.podSelector,
      { egressAllowRules: {} },
      [
        { from: [pods.edge], ports: tcp(scheduler, dashboard) },
        { from: [pods.hub], ports: tcp(dashboard, api) },
        { from: [pods.workers], ports: tcp(scheduler) },
      ],
      forWorkloads([{ to: [pods.workers] }]),
    ),
    ...policy(
      'dask-worker',
      pods.workers.podSelector,
      { egressAllowRules: {} },
      [{ from: [pods.schedulers, pods.workers] }],
      forWorkloads([{ to: [pods.schedulers], ports: tcp(scheduler) }, { to: [pods.workers] }]),
    ),
  ];
}

const dns: KubernetesObject = {
  ports: [53].flatMap((port) => [
    { protocol: 'UDP', port },
    { protocol: 'TCP', port },
  ]),
};

function tcp(...numbers: (number | undefined)[]): KubernetesObject[] {
  return numbers.map((port) => ({ protocol: 'TCP', port }));
}

/** The world beyond the cluster, as z2jh's `egressAllowRules` say: public addresses, but not private ones nor the cloud's metadata. */
function outside({ egressAllowRules: rules }: NetworkPolicySettings): KubernetesObject[] {
  return [
    ...(rules.nonPrivateIPs === false
      ? []
      : [{ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: [...privateNetworks, metadataServer] } }] }]),
    ...(rules.privateIPs === true ? [{ to: privateNetworks.map((cidr) => ({ ipBlock: { cidr } })) }] : []),
    ...(rules.cloudMetadataServer === true ? [{ to: [{ ipBlock: { cidr: metadataServer } }] }] : []),
  ];
}
