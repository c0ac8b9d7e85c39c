import type { PersistentVolumeClaim, Pod } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AtollError } from '../../src/core/errors.ts';
import { until } from '../support/until.ts';
import { KubeWorld, testServerPods } from './support/kubeWorld.ts';

describe('pods of servers', () => {
  let world: KubeWorld;
  const storageClass = `test-${process.pid}`;

  beforeAll(async () => {
    world = await KubeWorld.open();
    const body = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: storageClass },
      provisioner: 'kubernetes.io/host-path',
    };
    await world.client.request({ method: 'POST', path: '/apis/storage.k8s.io/v1/storageclasses', body });
  });
  afterAll(async () => {
    await world.client.request({ method: 'DELETE', path: `/apis/storage.k8s.io/v1/storageclasses/${storageClass}` });
    await world?.dispose();
  });

  const withVolume = (): ReturnType<typeof testServerPods> => {
    const pods = testServerPods();
    // Host-path volumes belong to root, and nothing changes that for a group.
    return { ...pods, uid: 0, storage: { ...pods.storage, type: 'dynamic', storageClass } };
  };
  const subject = (name = ''): { kind: 'server'; name: string; userId: number } => ({
    kind: 'server',
    name,
    userId: 7,
  });
  const claims = async (): Promise<string[]> => {
    const path = `/api/v1/namespaces/${world.namespace}/persistentvolumeclaims`;
    const { items } = await world.client.request<{ items: PersistentVolumeClaim[] }>({ path });
    return items.map(({ metadata }) => metadata?.name ?? '').sort();
  };
  const makeClaim = (name: string, owner: string): Promise<unknown> =>
    world.client.request({
      method: 'POST',
      path: `/api/v1/namespaces/${world.namespace}/persistentvolumeclaims`,
      body: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name, annotations: { 'hub.jupyter.org/username': owner } },
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName: storageClass,
          resources: { requests: { storage: '1Gi' } },
        },
      },
    });

  test('files in the home folder outlive the server, and are nobody else’s', async () => {
    const run = async (script: string, owner: string): Promise<string[]> => {
      const { id } = await world.start(['sh', '-c', script], {
        kind: 'server',
        owner,
        subject: subject(),
        pod: withVolume(),
      });
      await world.exited(id);
      const lines = await world.runtime.logTail(id, 10);
      await world.runtime.forget(id);
      return lines;
    };
    await run('echo kept > "$HOME/note"', 'ada');
    expect(await run('cat "$HOME/note"; pwd', 'ada')).toEqual(['kept', '/home/jovyan']);
    expect(await run('ls "$HOME"', 'Ada')).toEqual([]);
    expect(await claims()).toEqual(['claim-ada', 'claim-ada---99a563ab']);
  });

  test('a claim that the older naming scheme made is found, and one of somebody else is never used', async () => {
    await makeClaim('claim-grace-40example-2eorg', 'grace@example.org');
    const spec = { kind: 'server', subject: subject(), pod: withVolume() } as const;
    const { id } = await world.start(['true'], { ...spec, owner: 'grace@example.org' });
    await world.exited(id);
    expect((await claims()).filter((name) => name.includes('grace'))).toEqual(['claim-grace-40example-2eorg']);
    await makeClaim('claim-mallory', 'somebody-else');
    const error = await world.start(['true'], { ...spec, owner: 'mallory' }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AtollError);
    expect((error as AtollError).message).toBe('The volume claim claim-mallory belongs to somebody else.');
  });

  test('a person’s volume goes with them, and nobody else’s', async () => {
    const { id } = await world.start(['true'], { kind: 'server', owner: 'zoe', subject: subject(), pod: withVolume() });
    await world.exited(id);
    await world.runtime.forget(id);
    const before = await claims();
    expect(before).toContain('claim-zoe');
    await world.runtime.removeHome?.('zoe', undefined);
    await until('the claim is gone', async () => !(await claims()).includes('claim-zoe'));
    expect(await claims()).toEqual(before.filter((name) => name !== 'claim-zoe'));
  });

  test('secrets are in no pod’s spec; files, extra files and variables arrive', async () => {
    const pods = testServerPods({
      extraFiles: {
        note: { mountPath: '/etc/note.txt', text: 'from the operator\n' },
        config: { mountPath: '/etc/config.json', data: { a: [1, 2] } },
      },
      environmentFrom: { POD: { valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } } },
      labels: { team: '{username}' },
      nodeSelector: { 'kubernetes.io/hostname': 'node-1' },
    });
    const script = 'cat /etc/note.txt /etc/config.json "$FILES/key"; echo "$MY_TOKEN $POD $GREETING"';
    const { id } = await world.start(({ filesDirectory }) => ['sh', '-c', script.replace('$FILES', filesDirectory)], {
      kind: 'server',
      owner: 'lin',
      subject: subject('My Server'),
      pod: pods,
      files: { key: 'of the workload\n' },
      environment: { MY_TOKEN: 'very-secret-value', NAME: 'lin', GREETING: 'hello $(NAME)' },
    });
    await world.exited(id);
    const lines = (await world.runtime.logTail(id, 20)).join('\n');
    expect(lines).toContain('from the operator');
    expect(lines).toContain('of the workload');
    expect(lines.replace(/\s+/g, '')).toContain('{"a":[1,2]}');
    expect(lines).toContain('very-secret-value jupyter-lin--my-server---c2d9a82f hello lin');
    const pod = await world.get<Pod>('pods/jupyter-lin--my-server---c2d9a82f');
    expect(JSON.stringify(pod)).not.toContain('very-secret-value');
    expect(pod?.metadata?.labels).toMatchObject({ team: 'lin', app: 'jupyterhub', component: 'singleuser-server' });
    expect(pod?.spec?.automountServiceAccountToken).toBe(false);
    expect(pod?.spec?.containers[0]?.securityContext).toMatchObject({
      runAsUser: 1000,
      allowPrivilegeEscalation: false,
    });
  });
});
