import { everywhere, none } from './effects.ts';
import { inert, type Row, section } from './key.ts';
import { flag, freeMap } from './types.ts';

/** Charts that people install beside the hub, from the same files. */
const charts: Record<string, string> = {
  binderhub: 'BinderHub: images built from repositories.',
  'binderhub-service': 'BinderHub: images built from repositories.',
  calico: 'Network policies.',
  'cert-manager': 'Certificates.',
  'cluster-autoscaler': 'More nodes when they are needed.',
  cryptnono: 'What ends crypto miners.',
  disableCoredumps: 'No core dumps on nodes.',
  etcGitConfig: 'Settings of git in servers.',
  etcJupyter: 'Settings of Jupyter in servers.',
  'fluent-bit': 'Logs of Kubernetes.',
  grafana: 'Dashboards of what goes on.',
  homeDirectories: 'The volume of home folders.',
  inClusterNFS: 'A file server for home folders.',
  'ingress-nginx': 'How the outside reaches the hub.',
  'jupyterhub-cost-monitoring': 'What the cloud costs.',
  'jupyterhub-groups-exporter': 'Metrics about groups.',
  'jupyterhub-home-nfs': 'A file server for home folders.',
  'kube-prometheus-stack': 'Metrics and dashboards.',
  nfs: 'The volume of home folders.',
  nfsPVC: 'The volume of home folders.',
  'nginx-ingress': 'How the outside reaches the hub.',
  nodePlaceholder: 'Spare nodes.',
  nvidiaDevicePlugin: 'GPUs in Kubernetes.',
  prometheus: 'Metrics.',
  prometheusStorageClass: 'The volume of metrics.',
};

const beside = none('it belongs to a program that people run beside the hub on Kubernetes');

/** Top-level keys of the daskhub chart itself, and of charts beside it. */
export const otherChartKeys: Row[] = [
  section('rbac', 'Rights of the pods in Kubernetes.', {
    ...everywhere(none('there are no pods')),
    kubernetes: none('jupyterhub.rbac.create says whether roles are made'),
  }),
  inert('rbac.enabled', flag, 'Whether roles are made.'),
  section(
    'dask-kubernetes',
    "Dask's older way to clusters on Kubernetes.",
    none('Dask clusters come from the gateway'),
  ),
  inert('dask-kubernetes.enabled', flag, 'Whether its service account is made.'),
  inert('global', freeMap, 'What all charts share.', none('no other charts are installed')),
  ...Object.entries(charts).map(([name, doc]) => inert(name, freeMap, doc, beside, { secret: true })),
];
