import { randomBytes } from 'node:crypto';
import { defaultClusterPods, defaultServerPods, type ServerPodSettings } from '../../../src/config/podSettings.ts';
import type { ApiAccess } from '../../../src/kubernetes/apiAccess.ts';
import { ApiClient } from '../../../src/kubernetes/apiClient.ts';
import { isApiError } from '../../../src/kubernetes/apiError.ts';
import { kubeconfigAccess } from '../../../src/kubernetes/kubeconfigAccess.ts';
import { silentLogger } from '../../../src/observability/logger.ts';
import type { Observation, Reservation, WorkloadSpec } from '../../../src/runtimes/contract.ts';
import {
  createKubernetesRuntime,
  type KubernetesRuntime,
  type KubernetesRuntimeOptions,
} from '../../../src/runtimes/kubernetes/kubernetesRuntime.ts';
import type { RuntimeUnderTest } from '../../runtimes/contract.ts';
import { until } from '../../support/until.ts';

/** The image with the Python environment of the tests; ATOLL_TEST_IMAGE names another one on a cluster of one's own. */
export const testImage = process.env.ATOLL_TEST_IMAGE ?? 'localhost/atoll-test:1';

/** The settings of servers' pods for tests: the test image, no volume, no container that needs an image from elsewhere. */
export function testServerPods(changes: Partial<ServerPodSettings> = {}): ServerPodSettings {
  const pods = defaultServerPods();
  return {
    ...pods,
    image: testImage,
    imagePullPolicy: 'IfNotPresent',
    storage: { ...pods.storage, type: 'none' },
    cloudMetadata: { ...pods.cloudMetadata, blockWithIptables: false },
    ...changes,
  };
}

/** A namespace of the cluster that KUBECONFIG names, with a runtime in it. */
export class KubeWorld implements RuntimeUnderTest {
  readonly namespace: string;
  readonly client: ApiClient;
  readonly options: KubernetesRuntimeOptions;
  runtime: KubernetesRuntime;
  #ids = 0;

  private constructor(access: ApiAccess, options: Partial<KubernetesRuntimeOptions>) {
    this.namespace = `atoll-test-${randomBytes(4).toString('hex')}`;
    this.client = new ApiClient(access);
    this.options = {
      access,
      namespace: this.namespace,
      installationId: 'test',
      settings: () => ({
        servers: testServerPods(),
        clusters: defaultClusterPods(),
        placement: { matchNodePurpose: 'prefer' },
      }),
      log: silentLogger(),
      ...options,
    };
    this.runtime = createKubernetesRuntime(this.options);
  }

  static async open(options: Partial<KubernetesRuntimeOptions> = {}): Promise<KubeWorld> {
    const world = new KubeWorld(kubeconfigAccess(), options);
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: world.namespace } };
    await world.client.request({ method: 'POST', path: '/api/v1/namespaces', body: namespace });
    await until('the namespace has its service account', () =>
      world.get(`serviceaccounts/default`).then((account) => account !== undefined),
    );
    await world.runtime.open();
    return world;
  }

  async reopen(): Promise<KubernetesRuntime> {
    await this.runtime.close();
    this.runtime = createKubernetesRuntime(this.options);
    await this.runtime.open();
    return this.runtime;
  }

  /** An object of the namespace, such as `pods/jupyter-ada`, or undefined. */
  async get<T = Record<string, unknown>>(path: string): Promise<T | undefined> {
    try {
      return await this.client.request<T>({ path: `/api/v1/namespaces/${this.namespace}/${path}` });
    } catch (error) {
      if (isApiError(error, 404)) return undefined;
      throw error;
    }
  }

  /** Reserves and starts, with defaults. */
  async start(
    command: readonly string[] | ((reservation: Reservation) => readonly string[]),
    more: Partial<Omit<WorkloadSpec, 'reservation' | 'command'>> = {},
  ): Promise<WorkloadSpec> {
    this.#ids += 1;
    const { id = `w-${this.#ids}`, kind = 'worker', owner = 'ada' } = more;
    const reservation = await this.runtime.reserve({ id, kind, owner, ports: ['http'] });
    const argv = typeof command === 'function' ? command(reservation) : command;
    const defaults = { kind, owner, environment: {}, files: {}, resources: {} };
    const spec: WorkloadSpec = { ...defaults, ...more, id, command: argv, reservation };
    await this.runtime.start(spec);
    return spec;
  }

  /** The observation of a workload, once it is as wanted. */
  seen(id: string, what: string, wanted: (observation: Observation) => boolean, seconds = 120): Promise<Observation> {
    return until(
      `${id}: ${what}`,
      async () => {
        const observation = await this.runtime.get(id);
        return observation && wanted(observation) ? observation : undefined;
      },
      seconds,
    );
  }

  exited(id: string): Promise<Observation> {
    return this.seen(id, 'has exited', ({ phase }) => phase === 'exited');
  }

  running(id: string): Promise<Observation> {
    return this.seen(id, 'runs', ({ phase }) => phase === 'running');
  }

  /** Deletes the namespace, and with it everything that the test made. Pods do not get their grace period. */
  async dispose(): Promise<void> {
    await this.runtime.close();
    const pods = `/api/v1/namespaces/${this.namespace}/pods`;
    await this.client.request({ method: 'DELETE', path: pods, body: { gracePeriodSeconds: 1 } });
    await this.client.request({ method: 'DELETE', path: `/api/v1/namespaces/${this.namespace}` });
    await this.client.close();
  }
}
