import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultClusterPods, defaultServerPods } from '../../../src/config/podSettings.ts';
import { AtollError } from '../../../src/core/errors.ts';
import { ApiError } from '../../../src/kubernetes/apiError.ts';
import { kubeconfigAccess } from '../../../src/kubernetes/kubeconfigAccess.ts';
import { silentLogger } from '../../../src/observability/logger.ts';
import { createKubernetesRuntime } from '../../../src/runtimes/kubernetes/kubernetesRuntime.ts';
import { startErrorOf } from '../../../src/runtimes/kubernetes/startError.ts';

describe('the way to the API server', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'atoll-kubeconfig-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const write = (name: string, content: unknown): string => {
    const file = join(folder, name);
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return file;
  };
  const config = (user: unknown, more: object = {}): unknown => ({
    'current-context': 'prod',
    clusters: [
      { name: 'c', cluster: { server: 'https://api.example.org:6443/', 'certificate-authority-data': btoa('PEM') } },
    ],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'prod', context: { cluster: 'c', user: 'u', namespace: 'hub' } }],
    ...more,
  });
  const errorOf = (work: () => unknown): AtollError => {
    try {
      work();
    } catch (error) {
      if (error instanceof AtollError) return error;
      throw error;
    }
    throw new Error('no error');
  };

  test('server, namespace, authority and token of the current context', async () => {
    const access = kubeconfigAccess({ file: write('config', config({ token: 't1' })) });
    expect(access).toMatchObject({
      server: 'https://api.example.org:6443',
      namespace: 'hub',
      certificateAuthority: 'PEM',
      source: `context "prod" of ${join(folder, 'config')}`,
    });
    expect(await access.authorization()).toBe('Bearer t1');
  });

  test('files beside the kubeconfig: a token that is kept fresh, certificates', async () => {
    write('token', 'from-file\n');
    write('cert.pem', 'CERT');
    write('key.pem', 'KEY');
    const user = { tokenFile: 'token', 'client-certificate': 'cert.pem', 'client-key': 'key.pem' };
    const access = kubeconfigAccess({ file: write('config', config(user)) });
    expect(await access.authorization()).toBe('Bearer from-file');
    expect(access.clientCertificate).toEqual({ certificate: 'CERT', key: 'KEY' });
  });

  test('a program of the cloud provider gives the token, and is not asked again while it lasts', async () => {
    const program = write(
      'login',
      `#!/bin/sh\necho x >> ${folder}/asked\necho '{"status":{"token":"'$NAME'","expirationTimestamp":"2099-01-01T00:00:00Z"}}'\n`,
    );
    chmodSync(program, 0o755);
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: './login',
      env: [{ name: 'NAME', value: 'cloud' }],
    };
    const access = kubeconfigAccess({ file: write('config', config({ exec })) });
    expect(await access.authorization()).toBe('Bearer cloud');
    expect(await access.authorization()).toBe('Bearer cloud');
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(join(folder, 'asked'), 'utf8')).toBe('x\n');
  });

  test('a program that fails is told with its own words', async () => {
    const program = write('login', '#!/bin/sh\necho "token=leaked"\necho "please run: cloud login" >&2\nexit 1\n');
    chmodSync(program, 0o755);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: './login' };
    const access = kubeconfigAccess({ file: write('config', config({ exec })) });
    const error = await access.authorization().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ATOLL_KUBERNETES_ACCESS', evidence: 'please run: cloud login' });
    expect(JSON.stringify(error)).not.toContain('leaked');
  });

  test('what is wrong is said, and where', () => {
    expect(errorOf(() => kubeconfigAccess({ file: join(folder, 'nothing') })).message).toBe('No kubeconfig was found.');
    const file = write('config', config({ token: 'secret-token' }));
    const missing = errorOf(() => kubeconfigAccess({ file, context: 'staging' }));
    expect(missing.message).toBe('The kubeconfig has no context "staging".');
    expect(missing.evidence).toContain('has: prod');
    const broken = errorOf(() => kubeconfigAccess({ file: write('broken', config('secret-text')) }));
    expect(broken.message).toContain('is not a kubeconfig');
    expect(broken.toText()).not.toContain('secret');
    const none = write('none', config({ token: 't' }, { 'current-context': '' }));
    expect(errorOf(() => kubeconfigAccess({ file: none })).message).toBe('The kubeconfig has no current context.');
  });

  test('a runtime whose server is away, or refuses it, says which and why', async () => {
    let answer = { status: 403, body: {} as object };
    const server = createServer((_, response) => response.writeHead(answer.status).end(JSON.stringify(answer.body)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const open = async (url: string): Promise<unknown> => {
      const access = {
        server: url,
        source: 'context "prod" of config',
        namespace: 'hub',
        authorization: async () => undefined,
      };
      const runtime = createKubernetesRuntime({
        access,
        namespace: 'hub',
        installationId: 'x',
        settings: () => ({
          servers: defaultServerPods(),
          clusters: defaultClusterPods(),
          placement: { matchNodePurpose: 'prefer' },
        }),
        log: silentLogger(),
      });
      return runtime.open().catch((thrown: unknown) => thrown);
    };
    const message =
      'events is forbidden: User "system:serviceaccount:hub:hub" cannot list resource "events" in API group "" in the namespace "hub"';
    answer = { status: 403, body: { reason: 'Forbidden', message } };
    expect(await open(`http://127.0.0.1:${port}`)).toMatchObject({
      code: 'ATOLL_KUBERNETES_FORBIDDEN',
      message: "Atoll's account on Kubernetes may not list events.",
    });
    answer = { status: 401, body: { reason: 'Unauthorized', message: 'Unauthorized' } };
    expect(await open(`http://127.0.0.1:${port}`)).toMatchObject({ code: 'ATOLL_KUBERNETES_ACCESS' });
    await new Promise((resolve) => server.close(resolve));
    expect(await open(`http://127.0.0.1:${port}`)).toMatchObject({
      code: 'ATOLL_KUBERNETES_ACCESS',
      evidence: expect.stringContaining('context "prod" of config'),
    });
  });
});

describe('what the API server refuses', () => {
  test('fields of an object that it does not accept', () => {
    const causes = [{ field: 'spec.containers[0].image', message: 'Required value' }];
    expect(startErrorOf(new ApiError(422, 'Invalid', 'Pod is invalid', { causes }))).toMatchObject({
      code: 'ATOLL_KUBERNETES_REFUSED',
      evidence: 'spec.containers[0].image: Required value',
    });
  });

  test('what may well succeed later is no refusal', () => {
    const busy = new ApiError(429, 'TooManyRequests', 'busy');
    expect(startErrorOf(busy)).toBe(busy);
  });

  test('a namespace that is not there is named, with what to do', () => {
    const none = startErrorOf(new ApiError(404, 'NotFound', 'namespaces "dev" not found'));
    expect(none).toMatchObject({
      code: 'ATOLL_KUBERNETES_REFUSED',
      nextStep: expect.stringContaining('kubectl create namespace dev') as string,
    });
  });
});
