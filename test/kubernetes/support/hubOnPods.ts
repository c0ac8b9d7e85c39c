import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { ApiClient } from '../../../src/kubernetes/apiClient.ts';
import { kubeconfigAccess } from '../../../src/kubernetes/kubeconfigAccess.ts';
import { Atoll } from '../../support/atoll.ts';
import { until } from '../../support/until.ts';
import { testImage } from './kubeWorld.ts';

/** A server as the hub's API shows it. */
export interface ServerModel {
  ready: boolean;
  pending: string | null;
  stopped: boolean;
}

/** With which everybody signs in. */
export const password = 'only-for-tests';

/** A whole Atoll beside the cluster that KUBECONFIG names: its servers and clusters are pods of a namespace of its own. */
export class HubOnPods {
  readonly namespace: string;
  readonly client: ApiClient;
  readonly token = randomBytes(16).toString('hex');
  atoll!: Atoll;

  private constructor() {
    this.namespace = `atoll-hub-${randomBytes(4).toString('hex')}`;
    this.client = new ApiClient(kubeconfigAccess());
  }

  /**
   * @param image the image of servers.
   * @param traits more of `hub.config.KubeSpawner`.
   */
  static async start(image = testImage, traits: Record<string, unknown> = {}): Promise<HubOnPods> {
    const hub = new HubOnPods();
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: hub.namespace } };
    await hub.client.request({ method: 'POST', path: '/api/v1/namespaces', body });
    hub.atoll = await Atoll.start({ settings: hub.#settings(image, traits), host: addressForPods() });
    return hub;
  }

  /** Asks the hub's API as its administrator. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows what it asked for
  async api<T = unknown>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
    const response = await fetch(`${this.atoll.url}/hub/api${path}`, {
      method,
      headers: { authorization: `token ${this.token}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
  }

  /** Starts somebody's server and waits until it answers. */
  async startServer(user: string): Promise<void> {
    await this.api('POST', `/users/${user}`);
    await this.api('POST', `/users/${user}/server`);
    await until(
      `the server of ${user} is ready`,
      async () =>
        (await this.api<{ servers: Record<string, ServerModel> }>('GET', `/users/${user}`)).body.servers['']?.ready,
      150,
    );
  }

  /** A token of somebody's own, for everything that they may do. */
  async tokenOf(user: string): Promise<string> {
    return (await this.api<{ token: string }>('POST', `/users/${user}/tokens`, {})).body.token;
  }

  /** The pods of the namespace that have a label. */
  async pods(
    labelSelector: string,
  ): Promise<{ metadata: { name: string }; status: { phase: string; podIP?: string } }[]> {
    const path = `/api/v1/namespaces/${this.namespace}/pods`;
    const { items } = await this.client.request<{ items: never[] }>({ path, query: { labelSelector } });
    return items;
  }

  async end(): Promise<void> {
    await this.atoll.end();
    const path = `/api/v1/namespaces/${this.namespace}`;
    await this.client.request({ method: 'DELETE', path: `${path}/pods`, body: { gracePeriodSeconds: 1 } });
    await this.client.request({ method: 'DELETE', path });
    await this.client.close();
  }

  #settings(image: string, traits: Record<string, unknown>): string {
    const [name, tag] = [image.slice(0, image.lastIndexOf(':')), image.slice(image.lastIndexOf(':') + 1)];
    return JSON.stringify({
      jupyterhub: {
        hub: {
          config: {
            JupyterHub: { authenticator_class: 'dummy' },
            DummyAuthenticator: { password },
            Authenticator: { allow_all: true },
            KubeSpawner: { namespace: this.namespace, ...traits },
          },
          services: { test: { apiToken: this.token, admin: true } },
        },
        singleuser: {
          image: { name, tag, pullPolicy: 'IfNotPresent' },
          storage: { type: 'none' },
          cloudMetadata: { blockWithIptables: false },
          memory: { guarantee: '128M', limit: '1G' },
          cpu: { guarantee: 0.1 },
        },
      },
      'dask-gateway': {
        gateway: {
          backend: {
            scheduler: { cores: { request: 0.1, limit: 1 }, memory: { request: '256M', limit: '512M' } },
            worker: { cores: { request: 0.1, limit: 1 }, memory: { request: '256M', limit: '512M' } },
          },
        },
      },
      atoll: {
        runtime: { kind: 'kubernetes' },
        clusters: { options: { scheduler_cores: { type: 'float', default: 0.1 } } },
      },
    });
  }
}

/** An address of this machine that pods reach: beside the test cluster, its node's. */
export function addressForPods(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const found = all.find(({ family, internal }) => family === 'IPv4' && !internal);
  if (!found) throw new Error('this machine has no address that pods could reach');
  return found.address;
}
