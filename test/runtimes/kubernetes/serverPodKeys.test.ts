import type { Pod, PodSpec } from 'kubernetes-types/core/v1.js';
import { describe, expect, test } from 'vitest';
import type { Key } from '../../../src/config/keys/key.ts';
import { effectOf, keyTable } from '../../../src/config/keys/keyTable.ts';
import { filesDirectory } from '../../../src/runtimes/kubernetes/podInputs.ts';
import { serverPod } from '../../../src/runtimes/kubernetes/serverPod.ts';
import type { Server } from '../../../src/servers/server.ts';
import { serverWorkload } from '../../../src/servers/serverWorkload.ts';
import { fileWith } from '../../config/fileWith.ts';
import { settingsFrom } from '../../config/settingsFrom.ts';
import { plainUrls } from '../../support/plainUrls.ts';

/** The pod of Ada's server, from the text of values files, and what its Secret holds. */
async function podFrom(...texts: string[]): Promise<{ pod: Pod; secret: Record<string, string> }> {
  const settings = await settingsFrom('atoll: {runtime: {kind: kubernetes}}', ...texts);
  const { servers, clusters, deployment } = settings;
  const spec = serverWorkload({
    server: { user: 'ada', userId: 7, name: '', displayName: '' } as Server,
    workloadId: 'server-1',
    credentials: { token: 'secret-token', oauthClientId: 'client', servicePrefix: '/user/ada/' } as never,
    reservation: {
      bindAddress: '0.0.0.0',
      ports: { http: 8888 },
      filesDirectory,
      homeDirectory: servers.pod.storage.homeMountPath,
      superuser: false,
    },
    settings: servers,
    hubUrl: 'http://edge',
    isPod: true,
    urls: plainUrls,
    clusterOptions: new Set(),
  });
  const { type, staticPvcName } = servers.pod.storage;
  const claim = { dynamic: 'claim-ada', static: staticPvcName, none: undefined }[type];
  const placement = deployment.scheduling.userPods;
  const inputs = {
    spec,
    namespace: 'hub',
    installationId: 'i',
    servers: servers.pod,
    clusters: clusters.pod,
    placement,
  };
  return serverPod({ ...inputs, secretName: 'atoll-server-1' }, claim);
}

/** What must be in the pod's spec. */
const spec = (part: unknown): object => ({ spec: part });
/** What must be in its first container. */
const container = (part: object): object =>
  spec({ containers: expect.arrayContaining([expect.objectContaining(part)]) });
const has = (...items: unknown[]): unknown => expect.arrayContaining(items);

const term = { matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }] };
const termed = { weight: 5, preference: term };
const near = { weight: 5, podAffinityTerm: { topologyKey: 'zone' } };
const required = 'requiredDuringSchedulingIgnoredDuringExecution';
const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
const hook = { exec: { command: ['true'] } };
const volume = { name: 'shared', persistentVolumeClaim: { claimName: 'shared' } };
const mount = { name: 'shared', mountPath: '/shared' };

/** A key below `jupyterhub.singleuser`, a value, and what it makes of the pod; then what else must be written. */
type Row = readonly [key: string, value: unknown, pod: object, besides?: string];

const ofSingleuser: readonly Row[] = [
  ['image.name', 'x/y', container({ image: 'x/y' })],
  ['image.tag', '1', container({ image: 'x/y:1' }), 'jupyterhub: {singleuser: {image: {name: x/y}}}'],
  ['image.pullPolicy', 'Always', container({ imagePullPolicy: 'Always' })],
  [
    'image.pullSecrets',
    ['registry', { name: 'other' }],
    spec({ imagePullSecrets: [{ name: 'registry' }, { name: 'other' }] }),
  ],
  ['memory.limit', '2G', container({ resources: expect.objectContaining({ limits: { memory: String(2 ** 31) } }) })],
  [
    'memory.guarantee',
    '1G',
    container({ resources: expect.objectContaining({ requests: { memory: String(2 ** 30) } }) }),
  ],
  ['cpu.limit', 1.5, container({ resources: expect.objectContaining({ limits: { cpu: '1.5' } }) })],
  ['cpu.guarantee', 0.05, container({ resources: expect.objectContaining({ requests: { cpu: '0.05' } }) })],
  [
    'extraResource.limits',
    { 'nvidia.com/gpu': 1 },
    container({ resources: expect.objectContaining({ limits: { 'nvidia.com/gpu': '1' } }) }),
  ],
  [
    'extraResource.guarantees',
    { 'nvidia.com/gpu': 1 },
    container({ resources: expect.objectContaining({ requests: { 'nvidia.com/gpu': '1' } }) }),
  ],
  [
    'extraEnv',
    { GREETING: 'hello {username}', KEY: { valueFrom: { secretKeyRef: { name: 's', key: 'k' } } } },
    container({
      env: has(
        { name: 'GREETING', value: 'hello ada' },
        { name: 'KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      ),
    }),
  ],
  ['cmd', ['start-notebook.sh'], container({ args: ['start-notebook.sh'] })],
  ['defaultUrl', '/lab', container({ env: has({ name: 'JUPYTERHUB_DEFAULT_URL', value: '/lab' }) })],
  ['storage.type', 'none', spec({ volumes: [] })],
  [
    'storage.homeMountPath',
    '/home/me',
    container({ volumeMounts: [{ name: 'volume-ada', mountPath: '/home/me' }], workingDir: '/home/me' }),
  ],
  ['storage.extraVolumes', [volume], spec({ volumes: has(volume) })],
  ['storage.extraVolumeMounts', [mount], container({ volumeMounts: has(mount) })],
  [
    'storage.dynamic.volumeNameTemplate',
    'home-{username}',
    spec({ volumes: has({ name: 'home-ada', persistentVolumeClaim: { claimName: 'claim-ada' } }) }),
  ],
  [
    'storage.dynamic.subPath',
    'homes/{username}',
    container({ volumeMounts: [{ name: 'volume-ada', mountPath: '/home/jovyan', subPath: 'homes/ada' }] }),
  ],
  [
    'storage.static.pvcName',
    'all-homes',
    spec({ volumes: has({ name: 'home', persistentVolumeClaim: { claimName: 'all-homes' } }) }),
    'jupyterhub: {singleuser: {storage: {type: static}}}',
  ],
  [
    'storage.static.subPath',
    'people/{username}',
    container({ volumeMounts: [{ name: 'home', mountPath: '/home/jovyan', subPath: 'people/ada' }] }),
    'jupyterhub: {singleuser: {storage: {type: static, static: {pvcName: all-homes}}}}',
  ],
  [
    'extraFiles',
    { note: { mountPath: '/etc/note', stringData: 'x', mode: 420 } },
    spec({
      volumes: has({
        name: 'files',
        secret: { secretName: 'atoll-server-1', items: [{ key: 'file.0', path: 'file.0', mode: 420 }] },
      }),
    }),
  ],
  [
    'initContainers',
    [{ name: 'first', image: 'i', command: ['chown', '{username}'] }],
    spec({ initContainers: has({ name: 'first', image: 'i', command: ['chown', 'ada'] }) }),
  ],
  ['extraContainers', [{ name: 'beside', image: 'i' }], spec({ containers: has({ name: 'beside', image: 'i' }) })],
  ['nodeSelector', { disk: 'fast' }, spec({ nodeSelector: { disk: 'fast' } })],
  [
    'extraNodeAffinity.required',
    [term],
    spec({ affinity: { nodeAffinity: { [required]: { nodeSelectorTerms: [term] } } } }),
  ],
  ['extraNodeAffinity.preferred', [termed], spec({ affinity: { nodeAffinity: { [preferred]: has(termed) } } })],
  [
    'extraPodAffinity.required',
    [near.podAffinityTerm],
    spec({ affinity: { podAffinity: { [required]: [near.podAffinityTerm] } } }),
  ],
  ['extraPodAffinity.preferred', [near], spec({ affinity: { podAffinity: { [preferred]: has(near) } } })],
  [
    'extraPodAntiAffinity.required',
    [near.podAffinityTerm],
    spec({ affinity: { podAntiAffinity: { [required]: [near.podAffinityTerm] } } }),
  ],
  ['extraPodAntiAffinity.preferred', [near], spec({ affinity: { podAntiAffinity: { [preferred]: [near] } } })],
  [
    'extraTolerations',
    [{ key: 'gpu', operator: 'Exists' }],
    spec({ tolerations: has({ key: 'gpu', operator: 'Exists' }) }),
  ],
  [
    'extraAnnotations',
    { note: 'of {username}' },
    { metadata: { annotations: expect.objectContaining({ note: 'of ada' }) } },
  ],
  ['extraLabels', { team: 't-{username}' }, { metadata: { labels: expect.objectContaining({ team: 't-ada' }) } }],
  [
    'extraPodConfig',
    { hostAliases: [{ ip: '10.0.0.1', hostnames: ['x'] }] },
    spec({ hostAliases: [{ ip: '10.0.0.1', hostnames: ['x'] }] }),
  ],
  ['podNameTemplate', 'lab-{username}', { metadata: { name: 'lab-ada' } }],
  [
    'serviceAccountName',
    'account-{username}',
    spec({ serviceAccountName: 'account-ada', automountServiceAccountToken: true }),
  ],
  ['uid', 0, container({ securityContext: { runAsUser: 0, allowPrivilegeEscalation: false } })],
  ['fsGid', 50, spec({ securityContext: { fsGroup: 50, fsGroupChangePolicy: 'OnRootMismatch' } })],
  [
    'allowPrivilegeEscalation',
    true,
    container({ securityContext: { runAsUser: 1000, allowPrivilegeEscalation: true } }),
  ],
  ['cloudMetadata.enabled', true, spec({ initContainers: [] })],
  [
    'cloudMetadata.blockWithIptables',
    true,
    spec({
      initContainers: has(
        expect.objectContaining({
          name: 'block-cloud-metadata',
          securityContext: { runAsUser: 0, privileged: true, capabilities: { add: ['NET_ADMIN'] } },
        }),
      ),
    }),
  ],
  [
    'cloudMetadata.ip',
    '169.254.1.1',
    spec({ initContainers: has(expect.objectContaining({ command: has('169.254.1.1') })) }),
  ],
  [
    'networkTools.image.name',
    'x/tools',
    spec({ initContainers: has(expect.objectContaining({ image: 'x/tools:4.3.3' })) }),
  ],
  [
    'networkTools.image.tag',
    '9',
    spec({ initContainers: has(expect.objectContaining({ image: 'quay.io/jupyterhub/k8s-network-tools:9' })) }),
  ],
  [
    'networkTools.image.pullPolicy',
    'Always',
    spec({ initContainers: has(expect.objectContaining({ imagePullPolicy: 'Always' })) }),
  ],
  ['networkTools.image.pullSecrets', ['tools'], spec({ imagePullSecrets: has({ name: 'tools' }) })],
  [
    'networkTools.resources',
    { limits: { cpu: 1 } },
    spec({ initContainers: has(expect.objectContaining({ resources: { limits: { cpu: 1 } } })) }),
  ],
  ['lifecycleHooks.postStart', hook, container({ lifecycle: { postStart: hook } })],
  ['lifecycleHooks.preStop', hook, container({ lifecycle: { preStop: hook } })],
];

/** The same of `jupyterhub.hub.config.KubeSpawner`. */
const ofKubeSpawner: readonly Row[] = [
  ['image', 'x/y:2', container({ image: 'x/y:2' })],
  ['image_pull_policy', 'Never', container({ imagePullPolicy: 'Never' })],
  ['image_pull_secrets', ['registry'], spec({ imagePullSecrets: [{ name: 'registry' }] })],
  ['pod_name_template', 'lab-{user_server}', { metadata: { name: 'lab-ada' } }],
  ['slug_scheme', 'escape', { metadata: { name: 'jupyter-ada' } }],
  ['extra_labels', { team: 't' }, { metadata: { labels: expect.objectContaining({ team: 't' }) } }],
  ['extra_annotations', { note: 'n' }, { metadata: { annotations: expect.objectContaining({ note: 'n' }) } }],
  ['node_selector', { disk: 'fast' }, spec({ nodeSelector: { disk: 'fast' } })],
  [
    'node_affinity_required',
    [{ match_expressions: term.matchExpressions }],
    spec({ affinity: { nodeAffinity: { [required]: { nodeSelectorTerms: [term] } } } }),
  ],
  ['node_affinity_preferred', [termed], spec({ affinity: { nodeAffinity: { [preferred]: has(termed) } } })],
  [
    'pod_affinity_required',
    [{ topology_key: 'zone' }],
    spec({ affinity: { podAffinity: { [required]: [near.podAffinityTerm] } } }),
  ],
  [
    'pod_affinity_preferred',
    [{ weight: 5, pod_affinity_term: near.podAffinityTerm }],
    spec({ affinity: { podAffinity: { [preferred]: has(near) } } }),
  ],
  [
    'pod_anti_affinity_required',
    [near.podAffinityTerm],
    spec({ affinity: { podAntiAffinity: { [required]: [near.podAffinityTerm] } } }),
  ],
  ['pod_anti_affinity_preferred', [near], spec({ affinity: { podAntiAffinity: { [preferred]: [near] } } })],
  [
    'tolerations',
    [{ key: 'gpu', operator: 'Exists', toleration_seconds: 5 }],
    spec({ tolerations: has({ key: 'gpu', operator: 'Exists', tolerationSeconds: 5 }) }),
  ],
  ['scheduler_name', 'packing', spec({ schedulerName: 'packing' })],
  ['priority_class_name', 'high', spec({ priorityClassName: 'high' })],
  [
    'extra_resource_limits',
    { 'nvidia.com/gpu': '2' },
    container({ resources: expect.objectContaining({ limits: { 'nvidia.com/gpu': '2' } }) }),
  ],
  [
    'extra_resource_guarantees',
    { 'nvidia.com/gpu': '2' },
    container({ resources: expect.objectContaining({ requests: { 'nvidia.com/gpu': '2' } }) }),
  ],
  ['storage_pvc_ensure', false, spec({ volumes: [] })],
  [
    'volumes',
    { '1': volume, '0': { name: 'x', empty_dir: {} } },
    spec({ volumes: [{ name: 'x', emptyDir: {} }, volume] }),
  ],
  [
    'volume_mounts',
    [{ name: 'x', mount_path: '/x', read_only: true }],
    container({ volumeMounts: [{ name: 'x', mountPath: '/x', readOnly: true }] }),
  ],
  [
    'init_containers',
    { b: { name: 'b', image: 'i' }, a: { name: 'a', image: 'i', image_pull_policy: 'Always' } },
    spec({ initContainers: has({ name: 'a', image: 'i', imagePullPolicy: 'Always' }, { name: 'b', image: 'i' }) }),
  ],
  ['extra_containers', [{ name: 'beside', image: 'i' }], spec({ containers: has({ name: 'beside', image: 'i' }) })],
  ['extra_pod_config', { host_network: true, host_pid: true }, spec({ hostNetwork: true, hostPID: true })],
  [
    'extra_container_config',
    { env_from: [{ secretRef: { name: 's' } }] },
    container({ envFrom: [{ secretRef: { name: 's' } }] }),
  ],
  ['lifecycle_hooks', { post_start: hook }, container({ lifecycle: { postStart: hook } })],
  ['service_account', 'account', spec({ serviceAccountName: 'account', automountServiceAccountToken: true })],
  ['automount_service_account_token', true, spec({ automountServiceAccountToken: true })],
  ['uid', 5, container({ securityContext: { runAsUser: 5, allowPrivilegeEscalation: false } })],
  ['gid', 6, container({ securityContext: { runAsUser: 1000, runAsGroup: 6, allowPrivilegeEscalation: false } })],
  ['fs_gid', 7, spec({ securityContext: { fsGroup: 7, fsGroupChangePolicy: 'OnRootMismatch' } })],
  ['supplemental_gids', [8, 9], spec({ securityContext: expect.objectContaining({ supplementalGroups: [8, 9] }) })],
  ['privileged', true, container({ securityContext: expect.objectContaining({ privileged: true }) })],
  [
    'allow_privilege_escalation',
    true,
    container({ securityContext: expect.objectContaining({ allowPrivilegeEscalation: true }) }),
  ],
  [
    'pod_security_context',
    { run_as_non_root: true },
    spec({ securityContext: expect.objectContaining({ runAsNonRoot: true }) }),
  ],
  [
    'container_security_context',
    { capabilities: { drop: ['ALL'] } },
    container({ securityContext: expect.objectContaining({ capabilities: { drop: ['ALL'] } }) }),
  ],
  ['working_dir', '/srv', container({ workingDir: '/srv' })],
];

/** Keys that shape something else than the pod, and where that is proved. */
const elsewhere: Readonly<Record<string, string>> = {
  'singleuser.startTimeout': 'servers/life.test.ts',
  'singleuser.profileList': 'servers/profiles.test.ts, config/realProfiles.test.ts',
  'singleuser.storage.capacity': 'volumeClaim.test.ts',
  'singleuser.storage.extraLabels': 'volumeClaim.test.ts',
  'singleuser.storage.dynamic.storageClass': 'volumeClaim.test.ts',
  'singleuser.storage.dynamic.pvcNameTemplate': 'volumeClaim.test.ts',
  'singleuser.storage.dynamic.storageAccessModes': 'volumeClaim.test.ts',
  'hub.config.KubeSpawner.namespace': 'kubernetes/hubOnPods.test.ts',
  'hub.config.KubeSpawner.server_token_scopes': 'servers/serverScopes.test.ts',
  'hub.config.KubeSpawner.oauth_client_allowed_scopes': 'servers/serverScopes.test.ts',
  'hub.config.KubeSpawner.delete_pvc': 'volumeClaim.test.ts',
  'hub.config.KubeSpawner.pvc_name_template': 'volumeClaim.test.ts',
  'hub.config.KubeSpawner.storage_capacity': 'volumeClaim.test.ts',
  'hub.config.KubeSpawner.storage_class': 'volumeClaim.test.ts',
  'hub.config.KubeSpawner.storage_access_modes': 'volumeClaim.test.ts',
  'hub.config.KubeSpawner.storage_extra_labels': 'volumeClaim.test.ts',
  'hub.config.KubeSpawner.storage_extra_annotations': 'volumeClaim.test.ts',
  'hub.config.KubeSpawner.storage_selector': 'volumeClaim.test.ts',
};

const below = (path: string, rows: readonly Row[]): [string, unknown, object, string][] =>
  rows.map(([key, value, pod, besides = '{}']) => [`${path}.${key}`, value, pod, besides]);
const rows = [...below('singleuser', ofSingleuser), ...below('hub.config.KubeSpawner', ofKubeSpawner)];

describe('each key and the pod of a server', () => {
  test.each(rows)('%s: %j', async (key, value, expected, besides) => {
    const { pod } = await podFrom(besides, fileWith(`jupyterhub.${key}`, value));
    expect(pod).toMatchObject(expected);
  });

  test('no key that works on Kubernetes is left out', () => {
    const shaping = keyTable.filter(
      (row): row is Key =>
        row.kind === 'key' &&
        /^jupyterhub\.(singleuser|hub\.config\.KubeSpawner)\./.test(row.path) &&
        !row.path.includes('.networkPolicy.') &&
        row.inherited !== true &&
        effectOf(row, 'kubernetes').kind === 'works',
    );
    const shown = new Set([...rows.map(([key]) => key), ...Object.keys(elsewhere)]);
    // What singleuser says too, under Spawner's names, is a matter of the settings.
    const common =
      /KubeSpawner\.(args|cmd|default_url|environment|(mem|cpu)_(limit|guarantee)|start_timeout|profile_list)$/;
    const left = shaping
      .map(({ path }) => path.replace('jupyterhub.', ''))
      .filter((path) => !shown.has(path) && !common.test(path));
    expect(left).toEqual([]);
  });

  test('templates are filled in by the slugs of the chosen scheme', async () => {
    const escape = fileWith('jupyterhub.hub.config.KubeSpawner.slug_scheme', 'escape');
    const labels = fileWith('jupyterhub.singleuser.extraLabels', { a: '{user_server}', b: '{safe_username}' });
    const { pod } = await podFrom(escape, labels);
    expect(pod.metadata?.labels).toMatchObject({ a: 'ada', b: 'ada' });
  });

  test('without any key it is as safe as can be', async () => {
    const { pod, secret } = await podFrom();
    const { securityContext, initContainers, ...rest } = pod.spec as PodSpec;
    expect(rest).toMatchObject({
      restartPolicy: 'Never',
      enableServiceLinks: false,
      automountServiceAccountToken: false,
    });
    expect(securityContext).toEqual({ fsGroup: 100, fsGroupChangePolicy: 'OnRootMismatch' });
    expect(initContainers?.map(({ name }) => name)).toEqual(['block-cloud-metadata']);
    expect(rest.containers[0]?.securityContext).toEqual({ runAsUser: 1000, allowPrivilegeEscalation: false });
    expect(JSON.stringify(pod)).not.toContain('secret-token');
    expect(Object.values(secret).map((text) => Buffer.from(text, 'base64').toString())).toContain('secret-token');
  });
});
