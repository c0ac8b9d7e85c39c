import type { Node } from 'kubernetes-types/core/v1.js';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import { type Examination, type Finding, itemsOf } from './finding.ts';

/** The first minor version of Kubernetes 1 in which everything that a release uses is there (`preStop.sleep`). */
const oldestMinor = 30;
const pressures: Readonly<Record<string, string>> = {
  MemoryPressure: 'is short of memory',
  DiskPressure: 'is short of disk space',
  PIDPressure: 'runs as many processes as it may',
};

/** The version of the cluster. */
export const examineVersion: Examination = async ({ client }) => {
  const { major, minor, gitVersion } = await client.request<{ major: string; minor: string; gitVersion: string }>({
    path: '/version',
  });
  if (major !== '1' || Number.parseInt(minor, 10) >= oldestMinor) return [];
  return [
    {
      text: `The cluster's Kubernetes ${gitVersion} is too old.`,
      nextStep: `Bring it to 1.${oldestMinor} or newer: edges of an older one cut connections when they are replaced.`,
    },
  ];
};

/** The nodes: whether there are any that take pods. */
export const examineNodes: Examination = async ({ client }) => {
  const nodes = await itemsOf<Node>(client, '/api/v1/nodes');
  if (nodes.length === 0)
    return [{ text: 'The cluster has no nodes.', nextStep: 'Give it a node pool with at least one.' }];
  const found = nodes.flatMap(troublesOf);
  const taking = nodes.filter((node) => isReady(node) && node.spec?.unschedulable !== true);
  if (taking.length > 0) return found;
  return [{ text: 'No node takes new pods.', nextStep: 'Repair or uncordon one, or add one.' }, ...found];
};

function troublesOf(node: Node): Finding[] {
  const name = node.metadata?.name ?? '';
  const conditions = node.status?.conditions ?? [];
  const ready = conditions.find(({ type }) => type === 'Ready');
  if (!isReady(node))
    return [
      {
        text: `The node ${name} is not ready since ${ready?.lastTransitionTime ?? 'it came'}.`,
        ...(ready?.message && { evidence: [ready.message] }),
        nextStep: 'Look at the machine, or take it away: its pods are made anew elsewhere.',
      },
    ];
  return conditions
    .filter(({ type, status }) => status === 'True' && pressures[type] !== undefined)
    .map(({ type, message }) => ({
      text: `The node ${name} ${pressures[type]}: it takes no new pods, and may end some.`,
      evidence: [message ?? ''],
    }));
}

function isReady({ status }: Node): boolean {
  return status?.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') ?? false;
}

/** The name server of the cluster, which everything asks for the names of services. Where there is none of that name, nothing is said. */
export const examineNames: Examination = async ({ client }) => {
  const path = '/apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices';
  const slices = await itemsOf<EndpointSlice>(client, path, 'kubernetes.io/service-name=kube-dns');
  const answers = slices.some(({ endpoints }) =>
    (endpoints ?? []).some(({ conditions }) => conditions?.ready !== false),
  );
  if (slices.length === 0 || answers) return [];
  return [
    {
      text: "The cluster's name server does not answer: edges do not find the hub, and servers do not find the edge.",
      nextStep: 'Look at its pods: kubectl -n kube-system get pods -l k8s-app=kube-dns',
    },
  ];
};
