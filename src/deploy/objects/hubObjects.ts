import type { KeptSettings } from '../../config/keptSettings.ts';
import type { KubernetesObject } from '../../config/podSettings.ts';
import { sha256Hex } from '../../core/ids.ts';
import { ports, serviceNames } from '../ports.ts';
import { type KubeObject, objectHead, type Release, releaseLabels, selectorOf } from '../release.ts';
import { innerUrl } from './edgeObjects.ts';
import { hubRights } from './hubRights.ts';
import { partAnnotations, partPod } from './partPod.ts';

/** The settings of a release as the hub reads them: the files, and where they run. */
export function settingsForHub(release: Release): string {
  const kind = { name: 'atoll deploy', text: 'atoll: { runtime: { kind: kubernetes } }\n' };
  const kept: KeptSettings = { inputs: [...release.inputs, kind] };
  return JSON.stringify(kept);
}

/** The hub: one pod with a volume for its data, its settings, and the rights that the runtime needs. */
export function hubObjects(release: Release): KubeObject[] {
  const { settings, namespace, name, controlToken } = release;
  const { hub, createRbac } = settings.deployment;
  const { baseUrl } = settings.addresses;
  const head = (apiVersion: string, kind: string, objectName: string): ReturnType<typeof objectHead> =>
    objectHead(release, apiVersion, kind, objectName, 'hub');
  const account = hub.serviceAccount.name ?? 'hub';
  const files = settingsForHub(release);
  const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
  return [
    ...(hub.serviceAccount.create === false
      ? []
      : [withAnnotations(head('v1', 'ServiceAccount', account), hub.serviceAccount.annotations)]),
    ...(createRbac
      ? [
          { ...head('rbac.authorization.k8s.io/v1', 'Role', 'hub'), rules: hubRights },
          {
            ...head('rbac.authorization.k8s.io/v1', 'RoleBinding', 'hub'),
            subjects: [{ kind: 'ServiceAccount', name: account, namespace }],
            roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'hub' },
          },
        ]
      : []),
    { ...head('v1', 'Secret', 'atoll-settings'), type: 'Opaque', data: { 'settings.json': base64(files) } },
    { ...head('v1', 'Secret', 'atoll-keys'), type: 'Opaque', data: { 'control-token': base64(controlToken) } },
    ...(settings.database ? [] : [volumeClaim(release)]),
    {
      ...head('v1', 'Service', serviceNames.hub),
      spec: {
        type: hub.service.type ?? 'ClusterIP',
        selector: selectorOf(name, 'hub'),
        ports: [
          { name: 'hub', port: ports.hub, targetPort: 'hub' },
          { name: 'control', port: ports.control, targetPort: 'control' },
          { name: 'services', port: ports.services, targetPort: 'services' },
          ...(hub.service.extraPorts ?? []),
        ],
      },
    },
    {
      ...head('apps/v1', 'Deployment', 'hub'),
      spec: {
        replicas: 1,
        revisionHistoryLimit: hub.revisionHistoryLimit ?? 3,
        // Two hubs on one data folder would not do: the old one ends before the new one begins. Edges hold requests meanwhile.
        strategy: { type: 'Recreate' },
        selector: { matchLabels: selectorOf(name, 'hub') },
        template: {
          metadata: {
            labels: { ...releaseLabels(name, 'hub'), ...hub.labels },
            annotations: partAnnotations(release, hub, {
              'atoll/settings': sha256Hex(files),
              'prometheus.io/scrape': 'true',
              'prometheus.io/path': `${baseUrl}hub/metrics`,
              'prometheus.io/port': String(ports.hub),
            }),
          },
          spec: hubPod(release, account),
        },
      },
    },
  ];
}

function hubPod(release: Release, serviceAccountName: string): KubernetesObject {
  const { hub } = release.settings.deployment;
  const probe = { httpGet: { path: `${release.settings.addresses.baseUrl}hub/health`, port: 'hub' } };
  return partPod({
    release,
    part: hub,
    serviceAccountName,
    resources: { requests: { cpu: '200m', memory: '256Mi' } },
    container: {
      name: 'hub',
      args: [
        ['hub', '--data', '/srv/atoll', '--kept-settings', '/etc/atoll/settings/settings.json'],
        ['--url', innerUrl(release)],
        ['--listen', `0.0.0.0:${ports.hub}`, '--control', `0.0.0.0:${ports.control}`],
        ['--control-token-file', '/etc/atoll/keys/control-token'],
        // Nothing else needs one here: servers and clusters have their own, in their images.
        ['--python', 'python3'],
      ].flat(),
      ports: [
        { name: 'hub', containerPort: ports.hub },
        { name: 'control', containerPort: ports.control },
        { name: 'services', containerPort: ports.services },
      ],
      env: [
        { name: 'HOME', value: '/tmp' },
        // As in z2jh: what it was deployed as, and where.
        { name: 'HELM_RELEASE_NAME', value: release.name },
        { name: 'POD_NAMESPACE', value: release.namespace },
        ...Object.entries(hub.extraEnv).map(([name, value]) =>
          typeof value === 'string' ? { name, value } : { name, ...value },
        ),
      ],
      startupProbe: { ...probe, periodSeconds: 1, failureThreshold: 120 },
      livenessProbe: {
        ...probe,
        periodSeconds: 10,
        failureThreshold: 6,
        timeoutSeconds: 5,
        ...probeValues(hub.livenessProbe),
      },
      readinessProbe: {
        ...probe,
        periodSeconds: 2,
        failureThreshold: 30,
        timeoutSeconds: 2,
        ...probeValues(hub.readinessProbe),
      },
      ...(Object.keys(hub.lifecycle).length > 0 && { lifecycle: hub.lifecycle }),
      volumeMounts: [
        { name: 'data', mountPath: '/srv/atoll', ...(hub.pvc.subPath !== undefined && { subPath: hub.pvc.subPath }) },
        { name: 'settings', mountPath: '/etc/atoll/settings', readOnly: true },
        { name: 'keys', mountPath: '/etc/atoll/keys', readOnly: true },
      ],
    },
    volumes: [
      release.settings.database
        ? { name: 'data', emptyDir: {} }
        : { name: 'data', persistentVolumeClaim: { claimName: 'hub-data' } },
      { name: 'settings', secret: { secretName: 'atoll-settings', defaultMode: 0o440 } },
      { name: 'keys', secret: { secretName: 'atoll-keys', defaultMode: 0o440 } },
    ],
  });
}

/** z2jh's `livenessProbe` and `readinessProbe` also have `enabled`, which is none of Kubernetes' fields. */
function probeValues(probe: KubernetesObject = {}): KubernetesObject {
  const { enabled: _, ...values } = probe;
  return values;
}

function volumeClaim(release: Release): KubeObject {
  const { pvc } = release.settings.deployment.hub;
  return {
    ...withAnnotations(objectHead(release, 'v1', 'PersistentVolumeClaim', 'hub-data', 'hub'), pvc.annotations),
    spec: {
      accessModes: pvc.accessModes ?? ['ReadWriteOnce'],
      resources: { requests: { storage: pvc.storage ?? '1Gi' } },
      ...(pvc.storageClassName !== undefined && { storageClassName: pvc.storageClassName }),
      ...(pvc.selector && { selector: pvc.selector }),
    },
  };
}

function withAnnotations(head: KubeObject, annotations: Record<string, string> | undefined): KubeObject {
  return annotations ? { ...head, metadata: { ...head.metadata, annotations } } : head;
}
