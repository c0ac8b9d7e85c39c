import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Service } from 'kubernetes-types/core/v1.js';
import { ApiClient } from '../../../src/kubernetes/apiClient.ts';
import { kubeconfigAccess } from '../../../src/kubernetes/kubeconfigAccess.ts';

const project = resolve(import.meta.dirname, '../../..');
const run = promisify(execFile);

/** What a command printed, and its exit code. */
export interface Ended {
  code: number;
  output: string;
}

/** Atoll's image of this checkout, on the node of the tests; made once a node. */
export const atollImage = 'localhost/atoll:under-test';

/** Settings with which a deployment has a place on the node of the tests. */
export interface DeploySettings {
  /** Of a server. Default: 1G. */
  memory?: string;
  /** Laid over the values. */
  jupyterhub?: Record<string, unknown>;
}

/** A place for one release on the cluster of the tests: a namespace of its name, and volumes. */
export class DeployWorld {
  readonly name = `dhub-${randomBytes(3).toString('hex')}`;
  readonly token = randomBytes(16).toString('hex');
  readonly client = new ApiClient(kubeconfigAccess());
  readonly folder = mkdtempSync(join(tmpdir(), 'atoll-deploy-'));
  /** Where people come in, once {@link findUrl} was called. */
  url = '';

  static async open(): Promise<DeployWorld> {
    const world = new DeployWorld();
    const { stdout } = await run('ctr', ['-n', 'k8s.io', 'images', 'ls', '-q', `name==${atollImage}`]);
    if (stdout.trim() === '') {
      const tar = join(world.folder, 'atoll.tar');
      await run(join(project, 'test/kubernetes/make-atoll-image'), [atollImage, tar]);
      await run('ctr', ['-n', 'k8s.io', 'images', 'import', tar]);
      rmSync(tar);
    }
    const body = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: world.name },
      provisioner: 'kubernetes.io/host-path',
    };
    await world.client.request({ method: 'POST', path: '/apis/storage.k8s.io/v1/storageclasses', body });
    return world;
  }

  /** Runs a program; its output is all that it prints. */
  async run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
    try {
      const { stdout, stderr } = await run(program, args, { maxBuffer: 2 ** 24, env });
      return { code: 0, output: stdout + stderr };
    } catch (error) {
      const failed = error as { code?: number; stdout?: string; stderr?: string };
      return { code: failed.code ?? -1, output: `${failed.stdout}${failed.stderr}` };
    }
  }

  /** Runs `atoll`. */
  atoll(...args: string[]): Promise<Ended> {
    return this.run(join(project, 'bin/atoll'), args);
  }

  /** Runs `atoll deploy` with a file. */
  deploy(file: string, ...more: string[]): Promise<Ended> {
    return this.atoll('deploy', ...this.deployArguments(file), ...more);
  }

  /** Runs `atoll deploy` with the file of 2021 as it is, and with what the node of the tests needs: a place for its volume. */
  deployRealFile(): Promise<Ended> {
    const place = join(this.folder, 'place.yaml');
    const db = { pvc: { storageClassName: this.name } };
    const podSecurityContext = { runAsUser: 0, runAsNonRoot: false };
    writeFileSync(place, JSON.stringify({ jupyterhub: { hub: { db, podSecurityContext } } }));
    return this.deploy(join(project, 'test/config/values/daskhub-2021.yaml'), '-f', place);
  }

  /** What `atoll deploy` takes for this release. */
  deployArguments(file: string): string[] {
    return ['-f', file, '--name', this.name, '--image', atollImage, '--timeout', '120'];
  }

  /** Writes a settings file, and says where it is. */
  settings({ memory = '1G', jupyterhub = {} }: DeploySettings = {}): string {
    const file = join(this.folder, 'config.yaml');
    const values = {
      jupyterhub: {
        hub: {
          config: {
            JupyterHub: { authenticator_class: 'dummy' },
            DummyAuthenticator: { password: 'only-for-tests' },
            Authenticator: { allow_all: true },
          },
          services: { test: { apiToken: this.token, admin: true } },
          db: { pvc: { storageClassName: this.name } },
          // A host-path volume belongs to root.
          podSecurityContext: { runAsUser: 0, runAsNonRoot: false },
          resources: { requests: { cpu: '50m', memory: '128Mi' } },
        },
        proxy: { service: { type: 'ClusterIP' }, chp: { resources: { requests: { cpu: '50m', memory: '64Mi' } } } },
        prePuller: {
          continuous: { enabled: false },
          hook: { enabled: false },
          pause: { image: { name: 'localhost/pause', tag: '1' } },
        },
        singleuser: {
          image: { name: 'localhost/atoll-test', tag: '1', pullPolicy: 'IfNotPresent' },
          storage: { type: 'none' },
          cloudMetadata: { blockWithIptables: false },
          memory: { guarantee: '128M', limit: memory },
          cpu: { guarantee: 0.1 },
        },
        ...jupyterhub,
      },
      'dask-gateway': {
        gateway: {
          backend: {
            scheduler: { cores: { request: 0.1, limit: 1 }, memory: { request: '256M', limit: '512M' } },
            worker: { cores: { request: 0.1, limit: 1 }, memory: { request: '256M', limit: '512M' } },
          },
        },
      },
    };
    writeFileSync(file, JSON.stringify(values));
    return file;
  }

  /** Looks up where people come in. */
  async findUrl(): Promise<void> {
    const { spec } = await this.get<Service>('/api/v1', 'services/proxy-public');
    this.url = `http://${spec?.clusterIP}`;
  }

  /** An object of the namespace, such as `services/hub` of `/api/v1`. */
  async get<T>(api: string, path: string): Promise<T> {
    return this.client.request<T>({ path: `${api}/namespaces/${this.name}/${path}` });
  }

  /** Asks the hub's API as its administrator. */
  api(method: string, path: string): Promise<Response> {
    return fetch(`${this.url}/hub/api${path}`, { method, headers: { authorization: `token ${this.token}` } });
  }

  async close(): Promise<void> {
    const body = { gracePeriodSeconds: 1 };
    await this.client.request({ method: 'DELETE', path: `/api/v1/namespaces/${this.name}/pods`, body });
    await this.client.request({ method: 'DELETE', path: `/api/v1/namespaces/${this.name}` });
    await this.client.request({ method: 'DELETE', path: `/apis/storage.k8s.io/v1/storageclasses/${this.name}` });
    await this.client.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
