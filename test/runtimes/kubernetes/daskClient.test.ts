import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WorkloadSpec } from '../../../src/runtimes/contract.ts';
import { withDaskClient } from '../../../src/runtimes/kubernetes/daskClient.ts';
import { filesDirectory } from '../../../src/runtimes/kubernetes/podInputs.ts';
import { serverPod } from '../../../src/runtimes/kubernetes/serverPod.ts';
import { settingsFrom } from '../../config/settingsFrom.ts';
import { pythonOfTests } from '../../support/gatewayScript.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'atoll-pod-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function server(environment: Record<string, string> = {}): WorkloadSpec {
  const places = { ports: { http: 8888 }, filesDirectory, homeDirectory: '/home/jovyan' };
  return {
    id: 'server-1',
    kind: 'server',
    owner: 'ada',
    command: ['jupyterhub-singleuser'],
    environment: { DASK_GATEWAY__AUTH__TYPE: 'jupyterhub', ...environment },
    files: {},
    resources: {},
    reservation: { bindAddress: '0.0.0.0', superuser: false, ...places },
  };
}

/** What a kernel would have in its environment, and where it would find Atoll's module. */
function kernelOf(spec: WorkloadSpec, more: Record<string, string>): { variables: Record<string, string>; at: string } {
  for (const [name, text] of Object.entries(spec.files)) writeFileSync(join(folder, name), text);
  const script = `
import json, os, subprocess, sys
from traitlets.config import PyFileConfigLoader
for _ in range(2):
    PyFileConfigLoader("jupyter_server_config.py", path=${JSON.stringify(folder)}).load_config()
import atoll_gateway
kernel = "import atoll_gateway, json, os; print(json.dumps({'variables': dict(os.environ), 'at': atoll_gateway.__file__}))"
print(subprocess.check_output([sys.executable, "-c", kernel], text=True))
`;
  const printed = execFileSync(pythonOfTests(), ['-c', script], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...spec.environment, ...more },
  });
  return JSON.parse(printed) as ReturnType<typeof kernelOf>;
}

test('a Jupyter server and its kernels find the modules, beside what the image has on its path', () => {
  const { variables, at } = kernelOf(withDaskClient(server()), { PYTHONPATH: '/of/the/image' });
  expect(at).toBe(join(folder, 'atoll_gateway.py'));
  expect(variables).toMatchObject({
    PYTHONPATH: `/of/the/image:${folder}`,
    DASK_GATEWAY__AUTH__TYPE: 'atoll_gateway.HubAuth',
    DASK_DISTRIBUTED__CLIENT__SECURITY_LOADER: 'atoll_dask_client.security',
  });
});

test('what the operator chose stays', () => {
  const own = { JUPYTER_CONFIG_PATH: '/theirs', DASK_GATEWAY__AUTH__TYPE: 'basic' };
  const spec = withDaskClient(server(own));
  expect(spec.environment.JUPYTER_CONFIG_PATH).toBe(`/theirs:${filesDirectory}`);
  expect(kernelOf(spec, {}).variables.DASK_GATEWAY__AUTH__TYPE).toBe('basic');
});

test('volumes of the operator’s own stand in the place of all others: then nothing is mounted that is not there', async () => {
  const ofOperator = [{ name: 'shared', emptyDir: {} }];
  const pod = async (extraPodConfig: object): Promise<object | undefined> => {
    const text = JSON.stringify({ jupyterhub: { singleuser: { storage: { type: 'none' }, extraPodConfig } } });
    const { servers, clusters, deployment } = await settingsFrom('atoll: {runtime: {kind: kubernetes}}', text);
    const inputs = { servers: servers.pod, clusters: clusters.pod, placement: deployment.scheduling.userPods };
    const place = { namespace: 'hub', installationId: 'i', secretName: 'files' };
    return serverPod({ spec: withDaskClient(server()), ...inputs, ...place }, undefined).pod.spec;
  };
  const mounts = (names: string[]): object => ({
    containers: [expect.objectContaining({ volumeMounts: names.map((name) => expect.objectContaining({ name })) })],
  });
  expect(await pod({})).toMatchObject(mounts(['atoll-files']));
  expect(await pod({ volumes: ofOperator })).toMatchObject({ ...mounts([]), volumes: ofOperator });
});
