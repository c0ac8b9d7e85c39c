import { afterAll, beforeAll, expect, test } from 'vitest';
import { hubRights } from '../../src/deploy/objects/hubRights.ts';
import { ApiClient } from '../../src/kubernetes/apiClient.ts';
import { kubeconfigAccess } from '../../src/kubernetes/kubeconfigAccess.ts';
import { workloadLabel } from '../../src/runtimes/kubernetes/labels.ts';
import { until } from '../support/until.ts';
import { KubeWorld, testServerPods } from './support/kubeWorld.ts';
import { RecordingProxy } from './support/recordingProxy.ts';

let proxy: RecordingProxy;
let world: KubeWorld;
const admin = new ApiClient(kubeconfigAccess());
let token: Promise<string> | undefined;

/** An account in a namespace with the rights that the hub's has, and no others. */
async function accountToken(namespace: string): Promise<string> {
  const path = (api: string, plural: string): string => `${api}/namespaces/${namespace}/${plural}`;
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const metadata = { name: 'hub' };
  await admin.request({ method: 'POST', path: path('/api/v1', 'serviceaccounts'), body: { metadata } });
  await admin.request({ method: 'POST', path: path(rbac, 'roles'), body: { metadata, rules: hubRights } });
  const subjects = [{ kind: 'ServiceAccount', name: 'hub', namespace }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'hub' };
  await admin.request({ method: 'POST', path: path(rbac, 'rolebindings'), body: { metadata, subjects, roleRef } });
  const { status } = await admin.request<{ status: { token: string } }>({
    method: 'POST',
    path: `${path('/api/v1', 'serviceaccounts')}/hub/token`,
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} },
  });
  return status.token;
}

beforeAll(async () => {
  proxy = await RecordingProxy.start(kubeconfigAccess(), (namespace) => (token ??= accountToken(namespace)));
  world = await KubeWorld.open({ access: proxy.access });
});
afterAll(async () => {
  await world?.dispose();
  await proxy?.close();
  await admin.close();
});

test('what is asked of the API server in the life of a server is what the role of the hub allows: no less, no more', async () => {
  const pods = testServerPods();
  const pod = { ...pods, storage: { ...pods.storage, type: 'dynamic' as const, storageClass: 'none' } };
  const subject = { kind: 'server' as const, name: '', userId: 1 };
  const spec = await world.start(['sleep', '60'], { kind: 'server', owner: 'ada', subject, pod, files: { a: 'b' } });
  const [secret] = (await world.get<{ items: { metadata: { name: string } }[] }>('secrets'))?.items ?? [];
  // Its volume is never made.
  await until('its pod is there', async () => (await world.runtime.get(spec.id)) !== undefined);
  await world.runtime.stop(spec.id, { graceSeconds: 0 });
  await world.runtime.forget(spec.id);
  await world.runtime.removeHome?.('ada', undefined);

  const talker = await world.start(['sh', '-c', 'echo hello'], { files: { a: 'b' } });
  await world.exited(talker.id);
  expect(await world.runtime.logTail(talker.id, 5)).toEqual(['hello']);
  await world.runtime.forget(talker.id);

  // A hub that comes back finds what an earlier one, killed in the middle of a start, has left.
  await until('the pod is gone', async () => (await world.get('pods/jupyter-ada')) === undefined);
  const namespace = `/api/v1/namespaces/${world.namespace}`;
  const name = secret?.metadata.name ?? '';
  await admin.request({ method: 'DELETE', path: `${namespace}/secrets/${name}` }).catch(() => undefined);
  await admin.request({ method: 'POST', path: `${namespace}/secrets`, body: { metadata: { name } } });
  const left = {
    metadata: { name: 'jupyter-ada', labels: { [workloadLabel]: spec.id } },
    spec: { containers: [{ name: 'notebook', image: 'localhost/pause:1' }] },
  };
  await admin.request({ method: 'POST', path: `${namespace}/pods`, body: left });
  await world.reopen();
  await world.runtime.start(spec);

  const allowed = hubRights.flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  );
  await until('all of it was asked for', () => allowed.every((right) => proxy.asked.has(right)), 60).catch(() => false);
  expect([...proxy.asked].toSorted()).toEqual(allowed.toSorted());
  expect(proxy.refused).toEqual([]);
});
