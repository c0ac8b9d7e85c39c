import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Pod, Secret } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { releaseLabel } from '../../src/deploy/release.ts';
import { installationLabel } from '../../src/runtimes/kubernetes/labels.ts';
import { until } from '../support/until.ts';
import { DeployWorld, type Ended } from './support/deployWorld.ts';

const program = resolve(import.meta.dirname, '../../bin/atoll');

describe.skipIf(process.env.ATOLL_TEST_KUBE_LOGS === undefined)('atoll doctor, on a cluster with troubles', () => {
  let world: DeployWorld;
  const doctor = (): Promise<Ended> => world.atoll('doctor', '--name', world.name);
  /** Asks until it says something, since Kubernetes takes a moment to see what is wrong. */
  const says = (words: string | RegExp): Promise<string> =>
    until(`doctor says ${words}`, async () => {
      const { code, output } = await doctor();
      return code === 1 && output.match(words) ? output : undefined;
    });
  const core = (kind: string): string => `/api/v1/namespaces/${world.name}/${kind}`;
  const make = (path: string, body: object): Promise<unknown> => world.client.request({ method: 'POST', path, body });
  const remove = (path: string): Promise<unknown> => world.client.request({ method: 'DELETE', path });
  /** Writes a kubeconfig; returns where it is. */
  const kubeconfig = (name: string, server: string, token: string, authority = ''): string => {
    const path = join(world.folder, `${name}.yaml`);
    const cluster = { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': name,
      clusters: [{ name, cluster }],
      users: [{ name, user: { token } }],
      contexts: [{ name, context: { cluster: name, user: name } }],
    };
    writeFileSync(path, JSON.stringify(config));
    return path;
  };
  const withAccount = async (role: string): Promise<string> => {
    const name = `doctor-${role}`;
    await make(core('serviceaccounts'), { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
    await make(`/apis/rbac.authorization.k8s.io/v1/namespaces/${world.name}/rolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: world.name }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
    });
    const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const path = `${core('serviceaccounts')}/${name}/token`;
    const { status } = (await make(path, asked)) as { status: { token: string } };
    const { server, certificateAuthority = '' } = world.client.access;
    return kubeconfig(name, server, status.token, certificateAuthority);
  };

  beforeAll(async () => {
    world = await DeployWorld.open();
    await world.deploy(world.settings());
  });
  afterAll(async () => {
    await world?.close();
  });

  test('a healthy release is that; somebody who may not look everywhere is told so', async () => {
    expect(await doctor()).toEqual({ code: 0, output: 'All is well.\n' });
    const KUBECONFIG = await withAccount('admin');
    const { code, output } = await world.run(program, ['doctor', '--name', world.name], { ...process.env, KUBECONFIG });
    expect(output).toMatch(/^This account may not look at: nodes, .*\.\nAll is well\.\n$/);
    expect(code).toBe(0);
  });

  test('a volume that cannot be made, with what Kubernetes says', async () => {
    await make(core('persistentvolumeclaims'), {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'claim-ada' },
      spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'golden', resources: { requests: { storage: '1Gi' } } },
    });
    const output = await says('The volume of claim-ada has not been made');
    expect(output).toContain('(storage class golden).\n  | storageclass.storage.k8s.io "golden" not found\n');
    await remove(`${core('persistentvolumeclaims')}/claim-ada`);
  });

  test('a certificate that ends soon, and one that is not there', async () => {
    const files = ['-keyout', join(world.folder, 'tls.key'), '-out', join(world.folder, 'tls.crt')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '5',
        '-subj',
        '/CN=hub',
        ...files,
      ],
      { stdio: 'ignore' },
    );
    const read = (name: string): string => readFileSync(join(world.folder, name)).toString('base64');
    const secret: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'hub-tls' },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': read('tls.crt'), 'tls.key': read('tls.key') },
    };
    await make(core('secrets'), secret);
    const ingresses = `/apis/networking.k8s.io/v1/namespaces/${world.name}/ingresses`;
    await make(ingresses, {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'jupyterhub', labels: { [releaseLabel]: world.name } },
      spec: {
        rules: [
          {
            host: 'hub.example.org',
            http: {
              paths: [
                { path: '/', pathType: 'Prefix', backend: { service: { name: 'proxy-public', port: { number: 80 } } } },
              ],
            },
          },
        ],
        tls: [
          { hosts: ['hub.example.org'], secretName: 'hub-tls' },
          { hosts: ['lab.example.org'], secretName: 'lab-tls' },
        ],
      },
    });
    const output = await says('The certificate in hub-tls ends in 4 days, on 20');
    expect(output).toContain('There is no certificate in the Secret lab-tls.');
    await remove(`${ingresses}/jupyterhub`);
  });

  test('pods of a hub whose data is gone', async () => {
    const pod = (name: string, installation: string): Promise<unknown> =>
      make(core('pods'), {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, labels: { [installationLabel]: installation } },
        spec: {
          containers: [{ name: 'pause', image: 'localhost/pause:1', imagePullPolicy: 'IfNotPresent' }],
          terminationGracePeriodSeconds: 0,
        },
      });
    await pod('jupyter-old', 'aaaa');
    const madeAt = async (name: string): Promise<string> =>
      (await world.get<Pod>('/api/v1', `pods/${name}`)).metadata?.creationTimestamp ?? '';
    await until('a second has passed', async () => {
      await pod('jupyter-new', 'bbbb').catch(() => undefined);
      if ((await madeAt('jupyter-new')) > (await madeAt('jupyter-old'))) return true;
      await remove(`${core('pods')}/jupyter-new`);
      return false;
    });
    const output = await says('One pod belongs to an earlier hub, whose data is gone');
    expect(output).toContain('  | jupyter-old\n');
    expect(output).toContain(`kubectl -n ${world.name} delete pods -l atoll/installation=aaaa`);
    for (const name of ['jupyter-old', 'jupyter-new']) await remove(`${core('pods')}/${name}`);
  });

  test('a node that takes no pods', async () => {
    const [node] = (await world.client.request<{ items: { metadata: { name: string } }[] }>({ path: '/api/v1/nodes' }))
      .items;
    const cordon = (unschedulable: boolean): Promise<unknown> =>
      world.client.request({
        method: 'PATCH',
        path: `/api/v1/nodes/${node?.metadata.name}`,
        contentType: 'application/merge-patch+json',
        body: { spec: { unschedulable } },
      });
    await cordon(true);
    expect(await says('No node takes new pods.')).toContain('  Repair or uncordon one, or add one.\n');
    await cordon(false);
  });

  test('rights that the hub lacks, each by its name', async () => {
    const role = `/apis/rbac.authorization.k8s.io/v1/namespaces/${world.name}/roles/hub`;
    await remove(role);
    const output = await says("The hub's account hub may not do all that the hub does.");
    expect(output).toContain('  | create pods\n');
    expect(output).toContain('  | get pods/log\n');
    // Deploying again mends it.
    expect((await world.deploy(world.settings())).code).toBe(0);
    expect(await doctor()).toEqual({ code: 0, output: 'All is well.\n' });
  });

  test('a quota that is used up, and a hub that can therefore not be made again', async () => {
    await make(core('resourcequotas'), {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'small' },
      spec: { hard: { pods: '2' } },
    });
    await says('The quota small of the namespace is used up: nothing more of that can start.\n  | pods: 3 of 2');
    const query = { labelSelector: 'component=hub' };
    const { items } = await world.client.request<{ items: Pod[] }>({ path: core('pods'), query });
    await world.client.request({
      method: 'DELETE',
      path: `${core('pods')}/${items[0]?.metadata?.name}`,
      body: { gracePeriodSeconds: 1 },
    });
    const output = await says(/Kubernetes makes no pods of hub-\w+\.\n {2}\| .*exceeded quota: small/);
    expect(output).toContain('hub: 0 of 1 pods are ready.');
    await remove(`${core('resourcequotas')}/small`);
  });

  test('a cluster that cannot be reached, and a release that is not there', async () => {
    expect((await world.atoll('doctor', '--name', 'nobody')).output).toContain('[ATOLL_DEPLOY_NO_RELEASE]');
    const KUBECONFIG = kubeconfig('moon', 'https://127.0.0.1:1', 'x');
    const { code, output } = await world.run(program, ['doctor', '--name', world.name], {
      ...process.env,
      KUBECONFIG,
    });
    expect(code).toBe(1);
    expect(output).toContain('ATOLL_KUBERNETES_ACCESS');
    expect(output).toContain('https://127.0.0.1:1');
  });
});
