import type { Pod } from 'kubernetes-types/core/v1.js';
import type { ApiClient } from '../../../src/kubernetes/apiClient.ts';
import { until } from '../../support/until.ts';

const mergePatch = 'application/merge-patch+json';

/** A node that is not there: the test says what its kubelet would. Nothing is placed on it that does not name it. */
export class HollowNode {
  readonly name: string;
  readonly #client: ApiClient;

  private constructor(client: ApiClient, name: string) {
    this.#client = client;
    this.name = name;
  }

  static async create(client: ApiClient, name: string): Promise<HollowNode> {
    const spec = { unschedulable: true };
    await client.request({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name }, spec } });
    const node = new HollowNode(client, name);
    const capacity = { cpu: '8', memory: '16Gi', pods: '100' };
    const lastHeartbeatTime = new Date().toISOString();
    const conditions = [{ type: 'Ready', status: 'True', reason: 'Hollow', lastHeartbeatTime }];
    await node.#patch(`/api/v1/nodes/${name}/status`, { status: { capacity, allocatable: capacity, conditions } });
    return node;
  }

  /** A pod on it runs. */
  async run(pod: Pod): Promise<void> {
    const started = {
      image: 'i',
      imageID: 'i',
      ready: true,
      restartCount: 0,
      state: { running: { startedAt: new Date().toISOString() } },
    };
    const containerStatuses = [{ ...started, name: pod.spec?.containers[0]?.name }];
    await this.#patch(`${pathOf(pod)}/status`, {
      status: { phase: 'Running', podIP: '10.250.9.9', containerStatuses },
    });
  }

  /** The node can no longer be used; the pod, which the control plane deletes for that, ends. */
  async taint(pod: Pod): Promise<void> {
    const taints = [{ key: 'broken', value: 'yes', effect: 'NoExecute' }];
    await this.#patch(`/api/v1/nodes/${this.name}`, { spec: { taints } });
    await until('the control plane deletes the pod', async () => {
      const { metadata } = await this.#client.request<Pod>({ path: pathOf(pod) });
      return metadata?.deletionTimestamp !== undefined;
    });
    await this.#client.request({ method: 'DELETE', path: pathOf(pod), body: { gracePeriodSeconds: 0 } });
  }

  async remove(): Promise<void> {
    await this.#client.request({ method: 'DELETE', path: `/api/v1/nodes/${this.name}` });
  }

  async #patch(path: string, body: unknown): Promise<void> {
    await this.#client.request({ method: 'PATCH', path, contentType: mergePatch, body });
  }
}

function pathOf({ metadata }: Pod): string {
  return `/api/v1/namespaces/${metadata?.namespace}/pods/${metadata?.name}`;
}
