import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { generatedChartFiles } from '../../scripts/generate-chart.ts';
import { kubernetesTools } from '../../scripts/kubernetesTools.ts';
import type { KeptSettings } from '../../src/config/keptSettings.ts';
import { loadSettings, loadSettingsFiles } from '../../src/config/loadSettings.ts';
import type { KubeObject } from '../../src/deploy/release.ts';
import { renderRelease } from '../../src/deploy/renderRelease.ts';
import { selfSigned } from '../support/selfSigned.ts';

const project = resolve(import.meta.dirname, '../..');
const chart = join(project, 'chart');
const values = join(project, 'test/config/values');
const helm = kubernetesTools(join(project, '.cache'))?.helm;
const image = 'registry.example.org/atoll:1';
const folder = mkdtempSync(join(tmpdir(), 'atoll-chart-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('the generated files are those of the sources (else: node scripts/generate-chart.ts)', () => {
  for (const [name, text] of Object.entries(generatedChartFiles()))
    expect(readFileSync(join(chart, 'files', name), 'utf8')).toBe(text);
});

function helmTemplate(files: readonly string[], ...more: string[]): string {
  const given = files.flatMap((file) => ['-f', file]);
  const own = ['--namespace', 'ns', '--set', `atoll.deploy.image=${image}`];
  return execFileSync(helm ?? '', ['template', 'dhub', chart, ...own, ...given, ...more], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function objectsOf(yaml: string): KubeObject[] {
  return parseAllDocuments(yaml)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}

/** Objects by kind and name, without what must differ: secrets that are made and their hashes, and who manages them. */
function comparable(objects: readonly KubeObject[]): Record<string, unknown> {
  const entries = objects
    .filter(({ metadata }) => metadata.name !== 'atoll-settings' && metadata.name !== 'atoll-keys')
    .map(({ ...object }) => {
      const text = JSON.stringify(object, (key, value: unknown) => {
        if (key === '.dockerconfigjson') return JSON.parse(Buffer.from(String(value), 'base64').toString()) as unknown;
        if (['atoll/settings', 'atoll/keys', 'helm.sh/resource-policy'].includes(key)) return undefined;
        if (key === 'app.kubernetes.io/managed-by') return 'somebody';
        // A map has no order in Helm.
        if (key === 'env') return (value as { name: string }[]).toSorted((a, b) => (a.name < b.name ? -1 : 1));
        if (key === 'annotations' && Object.keys(value as object).every((name) => name === 'helm.sh/resource-policy'))
          return undefined;
        return value;
      });
      return [`${object.kind} ${object.metadata.name}`, JSON.parse(text) as unknown];
    });
  return Object.fromEntries(entries) as Record<string, unknown>;
}

async function atollObjects(files: readonly string[]): Promise<KubeObject[]> {
  const { settings, problems } = await loadSettingsFiles(files, { runtime: 'kubernetes' });
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  return renderRelease({
    name: 'dhub',
    namespace: 'ns',
    settings,
    inputs: [],
    image,
    controlToken: 'x'.repeat(64),
  });
}

/** What Helm and `atoll deploy` make of the same files. */
async function madeOf(files: readonly string[]): Promise<{ helms: unknown; ours: unknown }> {
  return { helms: comparable(objectsOf(helmTemplate(files))), ours: comparable(await atollObjects(files)) };
}

/** What was made from maps, which Helm keeps in the order of the alphabet: roles, and choices of profiles. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) {
    const key = (item: unknown): string => (item as { name?: string } | null)?.name ?? '';
    return value.map(inOrder).toSorted((a, b) => key(a).localeCompare(key(b)));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, inOrder(inner)]));
}

const hubs = readdirSync(values, { recursive: true, encoding: 'utf8' })
  .filter((name) => /(?:prod|workshop|highmem)\.values\.yaml$/.test(name))
  .toSorted();

/** A hub's file, and those below it. */
function layersOf(name: string): string[] {
  const file = join(values, name);
  const kind = /^(\w+)-/.exec(basename(file))?.[1] ?? '';
  const between = ['common.values.yaml', `${kind}-common.values.yaml`].map((one) => join(dirname(file), one));
  return [join(values, '2i2c/charts/basehub.values.yaml'), ...between.filter((path) => existsSync(path)), file];
}

/** What values can say about the deployment, each as a file of its own. */
const cases: Record<string, string> = {
  nothing: '{}',
  'a database elsewhere': `
jupyterhub: { hub: { db: { type: postgres, url: 'postgresql+psycopg2://hub@db.example.org:6000/hub', password: p } } }`,
  'a database in the cluster': `
jupyterhub: { hub: { db: { type: other, url: 'postgresql://hub@db/hub', pvc: { subPath: a } } } }`,
  'services in the pod of the hub': `
jupyterhub: { hub: { services: { a: { url: 'http://hub:10101', command: [a] }, b: { url: 'http://127.0.0.1:1/' }, c: { url: 'http://localhost' } } } }`,
  'a secret for a registry': `
jupyterhub:
  imagePullSecrets: [one]
  imagePullSecret: { create: true, registry: ghcr.io, username: bot, password: 'p"\\w', email: a@example.org }
  singleuser: { image: { pullSecrets: [two] } }`,
  'a secret for Docker Hub that pods do not use by themselves':
    'imagePullSecret: { create: true, automaticReferenceInjection: false, username: bot, password: p }',
  'the hub’s pod': `
jupyterhub:
  imagePullSecrets: [one, { name: two }]
  hub:
    annotations: { a: b }
    labels: { c: d }
    containerSecurityContext: { runAsUser: 5 }
    podSecurityContext: { fsGroup: 7 }
    extraContainers: [{ name: more, image: more:1 }]
    extraPodSpec: { hostNetwork: true }
    extraVolumes: [{ name: v, emptyDir: {} }]
    extraVolumeMounts: [{ name: v, mountPath: /v }]
    initContainers: [{ name: first, image: first:1 }]
    livenessProbe: { enabled: true, periodSeconds: 3 }
    readinessProbe: { failureThreshold: 1000 }
    lifecycle: { preStop: { exec: { command: [a] } } }
    nodeSelector: { disk: fast }
    tolerations: [{ key: t, operator: Exists }]
    resources: { requests: { cpu: 2, memory: 1Gi }, limits: { memory: 2Gi } }
    revisionHistoryLimit: 1
    extraEnv: { A: text, B: 5, C: true, D: { valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }, E: { value: e } }
    service: { type: NodePort, extraPorts: [{ name: x, port: 1 }] }
    serviceAccount: { name: own, annotations: { role: cloud } }
    db: { pvc: { storage: 5Gi, storageClassName: fast, accessModes: [ReadWriteMany], subPath: x, annotations: { k: v }, selector: { matchLabels: { a: b } } } }
atoll: { deploy: { imagePullPolicy: Always, imagePullSecrets: [own] } }`,
  'values of older charts': `
jupyterhub:
  hub: { uid: 12, fsGid: 13, extraEnv: [{ name: X, value: one }] }
  proxy:
    nodeSelector: { a: b }
    tolerations: [{ key: t }]
    resources: { requests: { cpu: 1 } }
    networkPolicy: { egress: [{ ports: [{ port: 1 }] }] }
  httpRoute: { enabled: true, gateway: { name: g } }
  prePuller: { extraImages: [{ name: i, tag: 1.0.0 }] }
  rbac: { enabled: false }`,
  'no account and no rights': `
jupyterhub: { rbac: { create: false }, hub: { serviceAccount: { create: false, name: there } } }`,
  'the edges and their service': `
jupyterhub:
  proxy:
    annotations: { a: b }
    labels: { c: d }
    chp:
      resources: { limits: { memory: 1Gi } }
      nodeSelector: { pool: core }
      tolerations: []
      extraPodSpec: { hostNetwork: true }
      revisionHistoryLimit: 4
      containerSecurityContext: { runAsUser: 7 }
    https: { enabled: true, type: offload }
    service:
      type: LoadBalancer
      annotations: { cert: arn }
      labels: { l: m }
      extraPorts: [{ name: ssh, port: 22 }]
      loadBalancerIP: 192.0.2.1
      loadBalancerSourceRanges: [192.0.2.0/24]
      externalIPs: [192.0.2.7]
      disableHttpPort: true
      nodePorts: { http: 30080, https: 30443 }`,
  'both ports':
    'jupyterhub: { proxy: { https: { enabled: true, type: offload }, service: { nodePorts: { http: 30080 } } } }',
  'TLS of an ingress': `
jupyterhub: { ingress: { enabled: true }, proxy: { https: { enabled: true, hosts: [a.example.org] } } }`,
  'TLS with a certificate in the settings': stringify({
    jupyterhub: {
      proxy: { https: { enabled: true, type: 'manual', hosts: ['a.example.org', 'b'], manual: selfSigned('a') } },
    },
  }),
  'TLS with a secret': `
jupyterhub:
  proxy:
    chp: { extraPodSpec: { hostNetwork: true } }
    https: { enabled: true, type: secret, hosts: [a.example.org], secret: { name: wild, crt: cert.pem } }
    service: { disableHttpPort: true, nodePorts: { https: 30443 } }`,
  'TLS that nobody ends': 'jupyterhub: { proxy: { https: { enabled: true, type: "" } } }',
  'network policies': `
jupyterhub:
  hub: { networkPolicy: { ingress: [{ from: [{ podSelector: {} }] }], egress: [{ ports: [{ port: 5432 }] }] } }
  proxy: { chp: { networkPolicy: { enabled: false } } }
  singleuser:
    networkPolicy:
      egressAllowRules: { nonPrivateIPs: false, privateIPs: true, cloudMetadataServer: true }
      egress: [{ ports: [{ port: 22 }] }]`,
  'no network policies': `
hub: { networkPolicy: { enabled: false } }
proxy: { chp: { networkPolicy: { enabled: false } } }
singleuser: { networkPolicy: { enabled: false } }`,
  'a service beside the hub': 'hub: { services: { docs: { url: "http://docs:80" }, other: { apiToken: x } } }',
  'image pullers': `
jupyterhub:
  imagePullSecrets: [common]
  singleuser:
    image: { name: user/image, tag: '2024.10', pullSecrets: [private] }
    nodeSelector: { pool: users }
    profileList:
      - display_name: Small
        kubespawner_override: { image: user/small:1 }
        profile_options:
          image: { choices: { one: { kubespawner_override: { image: user/one:1 } }, two: { display_name: Two } } }
      - display_name: Again
        kubespawner_override: { image: user/small:1 }
  prePuller:
    resources: { requests: { cpu: 0 } }
    extraTolerations: [{ key: gpu, operator: Exists }]
    extraImages: { more: { name: more, tag: v1 } }
    continuous: { daemonsetAnnotations: { a: b } }
    pause: { image: { name: own/pause, tag: '3' }, containerSecurityContext: { runAsUser: 9 } }`,
  'images of profiles left out': `
singleuser: { profileList: [{ display_name: A, kubespawner_override: { image: a:1 } }] }
prePuller: { pullProfileListImages: false }`,
  'traits of KubeSpawner': `
hub:
  config:
    KubeSpawner: { image: trait:1, node_selector: { a: b }, image_pull_secrets: [s], profile_list: [{ display_name: A, kubespawner_override: { image: a:1 } }] }
singleuser: { image: { name: other, tag: '1' } }`,
  'no puller': 'prePuller: { continuous: { enabled: false }, hook: { enabled: false } }',
  'priorities and placeholders': `
jupyterhub:
  singleuser: { memory: { guarantee: 1.5G }, cpu: { guarantee: 500m }, nodeSelector: { p: q }, extraTolerations: [{ key: x, operator: Exists }] }
  scheduling:
    podPriority: { enabled: true, globalDefault: true, defaultPriority: 10, imagePullerPriority: 5, userPlaceholderPriority: 3 }
    userPlaceholder: { replicas: 4 }
    corePods: { tolerations: [{ key: c }], nodeAffinity: { matchNodePurpose: require } }
    userPods: { tolerations: [{ key: u }], nodeAffinity: { matchNodePurpose: require } }`,
  'placeholders of a given size, nodes of any purpose': `
jupyterhub:
  hub: { config: { KubeSpawner: { mem_guarantee: 2G } } }
  scheduling:
    podPriority: { enabled: true }
    userPlaceholder: { replicas: 1, resources: { requests: { memory: 32Gi } } }
    corePods: { nodeAffinity: { matchNodePurpose: ignore } }
    userPods: { nodeAffinity: { matchNodePurpose: ignore } }`,
  'priorities without placeholders': `
jupyterhub:
  scheduling: { podPriority: { enabled: true }, userPlaceholder: { enabled: false, replicas: 3 } }`,
  'an ingress': `
jupyterhub:
  ingress:
    enabled: true
    annotations: { cert-manager.io/cluster-issuer: letsencrypt }
    ingressClassName: nginx
    hosts: [a.example.org, b.example.org]
    pathSuffix: '*'
    pathType: ImplementationSpecific
    tls: [{ hosts: [a.example.org], secretName: tls }]
    extraPaths: [{ path: /x, pathType: Prefix, backend: { service: { name: x, port: { number: 1 } } } }]`,
  'a path below which everything is': `
jupyterhub:
  hub: { baseUrl: research }
  ingress: { enabled: true }`,
  'an ingress of any host, and a route': `
jupyterhub:
  ingress: { enabled: true }
  httpRoute: { enabled: true, annotations: { a: b }, hostnames: [a.example.org], parentRefs: [{ name: gateway, namespace: infra }] }`,
  'an ingress and a route, and no port for HTTP': `
jupyterhub:
  proxy: { https: { enabled: true, type: offload }, service: { disableHttpPort: true } }
  ingress: { enabled: true }
  httpRoute: { enabled: true, parentRefs: [{ name: gateway }] }`,
  'nulls, which unset': `
jupyterhub:
  hub: { resources: null, nodeSelector: null, networkPolicy: null, db: { pvc: { storage: null } } }
  ingress: null
  scheduling: { podPriority: { enabled: null } }`,
  'a wrapper': 'basehub: { jupyterhub: { hub: { db: { pvc: { storage: 3Gi } } } }, dask-gateway: { enabled: true } }',
  'two wrappers': 'daskhub: { basehub: { jupyterhub: { proxy: { service: { type: NodePort } } } } }',
  'the gateway’s chart alone': 'gateway: { auth: { type: jupyterhub } }',
};

describe.skipIf(helm === undefined)('helm template (there is only a helm for Linux on x86-64 here)', () => {
  test.each(Object.entries(cases))('%s', async (_, text) => {
    const file = join(folder, 'values.yaml');
    writeFileSync(file, text);
    const { helms, ours } = await madeOf([file]);
    expect(helms).toEqual(ours);
  });

  test.each(['daskhub-2021.yaml', ...hubs])('a real file: %s', async (name) => {
    const { helms, ours } = await madeOf(name.startsWith('2i2c') ? layersOf(name) : [join(values, name)]);
    expect(helms).toEqual(ours);
  });

  test('what the hub gets are the values, of all layers, and where it runs', async () => {
    const files = layersOf(hubs.find((name) => name.includes('nasa-ghg-hub/prod')) ?? '');
    const secret = objectsOf(helmTemplate(files)).find(({ metadata }) => metadata.name === 'atoll-settings');
    const kept = (secret?.data as Record<string, string> | undefined)?.['settings.json'] ?? '';
    const { inputs } = JSON.parse(Buffer.from(kept, 'base64').toString('utf8')) as KeptSettings;
    const { settings: theirs } = await loadSettings(inputs);
    const { settings: ours } = await loadSettingsFiles(files, { runtime: 'kubernetes' });
    ours.deployment.image.name = image;
    expect(inOrder(theirs)).toEqual(inOrder(ours));
  });

  test('every secret is in a Secret, and a secret that is given is the one', () => {
    const token = 'Aa1'.repeat(12);
    const objects = objectsOf(helmTemplate([], '--set', `jupyterhub.proxy.secretToken=${token}`));
    const keys = objects.find(({ metadata }) => metadata.name === 'atoll-keys')?.data as Record<string, string>;
    expect(Buffer.from(keys['control-token'] ?? '', 'base64').toString('utf8')).toBe(token);
    expect(JSON.stringify(objects.filter(({ kind }) => kind !== 'Secret'))).not.toContain(token);
    const weak = objectsOf(helmTemplate([], '--set', 'jupyterhub.proxy.secretToken=short'));
    const made = weak.find(({ metadata }) => metadata.name === 'atoll-keys')?.data as Record<string, string>;
    expect(Buffer.from(made['control-token'] ?? '', 'base64').toString('utf8')).toMatch(/^\w{64}$/);
  });

  test('TLS that nobody would end is refused, with what to do', () => {
    expect(() => helmTemplate([], '--set', 'jupyterhub.proxy.https.enabled=true')).toThrow(/https\.type: secret/);
  });

  test('without an image of Atoll it says what to do', () => {
    expect(() => helmTemplate([], '--set', 'atoll.deploy.image=')).toThrow(/set atoll\.deploy\.image/);
  });

  test('helm itself has nothing to say about the chart', () => {
    const file = join(folder, 'values.yaml');
    writeFileSync(file, stringify({ atoll: { deploy: { image } } }));
    const told = execFileSync(helm ?? '', ['lint', '--strict', '-f', file, chart], { encoding: 'utf8' });
    expect(told).toContain('0 chart(s) failed');
  });
});
