import type { Node, Pod } from 'kubernetes-types/core/v1.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseKubernetesMemory } from '../../src/core/quantities.ts';
import { until } from '../support/until.ts';
import { FakeRegistry } from './support/fakeRegistry.ts';
import { HollowNode } from './support/hollowNode.ts';
import { KubeWorld, testServerPods } from './support/kubeWorld.ts';

describe('why pods wait and how they end, on a real node', () => {
  let world: KubeWorld;
  let registry: FakeRegistry;

  beforeAll(async () => {
    registry = await FakeRegistry.start();
    world = await KubeWorld.open({ stuckMs: 4000 });
  });
  afterAll(async () => {
    await world?.dispose();
    await registry?.close();
  });

  const pods = (): string => `/api/v1/namespaces/${world.namespace}/pods`;
  const podOf = async (id: string): Promise<Pod> => {
    const query = { labelSelector: `atoll/workload=${id}` };
    const { items } = await world.client.request<{ items: Pod[] }>({ path: pods(), query });
    const [pod] = items;
    if (!pod) throw new Error(`${id} has no pod`);
    return pod;
  };
  const sleeper = ['sh', '-c', 'echo up; exec sleep 600'];

  test('one that uses too much memory is ended, and that is said', async () => {
    const { id } = await world.start(['python', '-c', 'x = bytearray(400 * 2**20); print(len(x))'], {
      resources: { memoryLimit: 100 * 2 ** 20 },
    });
    expect((await world.exited(id)).exit).toEqual({
      code: null,
      signal: 'SIGKILL',
      reason: 'It used more memory than its limit of 100 MiB, and was ended.',
    });
  });

  test('one that no node has room for waits, with the reason, and can be stopped', async () => {
    const { id } = await world.start(sleeper, { resources: { memoryGuarantee: 2 ** 42 } });
    const { phase } = await world.seen(id, 'has no room', ({ waitingFor }) =>
      Boolean(waitingFor?.includes('no node has enough free memory')),
    );
    expect(phase).toBe('waiting');
    await world.runtime.stop(id, { graceSeconds: 5 });
    await world.exited(id);
  });

  test('one whose image is private, or not there, says so, and is given up', async () => {
    const start = (name: string): Promise<{ id: string }> =>
      world.start(sleeper, { image: `${registry.host}/${name}/image:1`, kind: 'scheduler' });
    const [hidden, missing] = await Promise.all([start('private'), start('missing')]);
    await world.seen(hidden.id, 'says private', ({ waitingFor }) => Boolean(waitingFor?.includes('it is private')));
    await world.seen(missing.id, 'says missing', ({ waitingFor }) => Boolean(waitingFor?.includes('no such image')));
    expect((await world.exited(hidden.id)).exit?.reason).toMatch(/^It could not start: image localhost:\d+\/private/);
    expect((await world.exited(missing.id)).exit?.reason).toContain('check its spelling');
  });

  test('a pull that goes on is told with its seconds, and is no reason to give up', async () => {
    const { id } = await world.start(sleeper, { image: `${registry.host}/slow/image:1`, kind: 'scheduler' });
    const told: string[] = [];
    const stop = world.runtime.observe(({ id: one, waitingFor }) => {
      if (one === id && waitingFor?.startsWith('pulling image')) told.push(waitingFor);
    });
    await until('it is told again and again', () => new Set(told).size >= 3);
    stop();
    expect(told.at(-1)).toMatch(/^pulling image localhost:\d+\/slow\/image:1, \d+ s so far$/);
    registry.endSlowPulls();
    await world.runtime.stop(id, { graceSeconds: 1 });
    await world.exited(id);
  });

  test('a program that is not in the image is named', async () => {
    const settings = testServerPods({ extraContainerConfig: { command: ['no-such-program'] } });
    const { id } = await world.start(['x'], { kind: 'server', pod: settings });
    expect((await world.exited(id)).exit?.reason).toBe(
      'The program no-such-program cannot be started: there is none in its image.',
    );
    await world.runtime.forget(id);
  });

  test('one that is evicted, as when a node is emptied, has its last lines and the reason kept', async () => {
    const { id } = await world.start([
      'sh',
      '-c',
      'trap "echo saved; exit 0" TERM; echo up; while :; do sleep 0.1; done',
    ]);
    await world.running(id);
    const { metadata } = await podOf(id);
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: metadata?.name } };
    await world.client.request({ method: 'POST', path: `${pods()}/${metadata?.name}/eviction`, body });
    expect((await world.exited(id)).exit).toMatchObject({
      reason: 'Its node node-1 was emptied, to be taken away or repaired.',
    });
    expect(await world.runtime.logTail(id, 10)).toEqual(expect.arrayContaining(['up', 'saved']));
  });

  test('one that somebody deletes is not waited for', async () => {
    const { id } = await world.start(sleeper);
    await world.running(id);
    const { metadata } = await podOf(id);
    await world.client.request({
      method: 'DELETE',
      path: `${pods()}/${metadata?.name}`,
      body: { gracePeriodSeconds: 0 },
    });
    expect((await world.exited(id)).exit?.reason).toBe('Its pod was deleted.');
  });

  test('one that makes room for something more important says so', async () => {
    const { status } = await world.client.request<Node>({ path: '/api/v1/nodes/node-1' });
    const most = Math.floor(parseKubernetesMemory(status?.allocatable?.memory ?? '') * 0.6);
    const { id } = await world.start(sleeper, { resources: { memoryGuarantee: most } });
    await world.running(id);
    const important = `important-${process.pid}`;
    const priorityClass = {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: important },
      value: 1000,
    };
    const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';
    await world.client.request({ method: 'POST', path: classes, body: priorityClass });
    try {
      const pod = testServerPods({ priorityClassName: important });
      const other = await world.start(sleeper, {
        kind: 'server',
        owner: 'grace',
        pod,
        resources: { memoryGuarantee: most },
      });
      expect((await world.exited(id)).exit?.reason).toBe('It had to make room for something more important.');
      await world.running(other.id);
      await world.runtime.stop(other.id, { graceSeconds: 1 });
      await world.exited(other.id);
      await world.runtime.forget(other.id);
    } finally {
      await world.client.request({ method: 'DELETE', path: `${classes}/${important}` });
    }
  });

  test('ones whose node became unusable, or is gone, say so, and are not waited for', async () => {
    const node = await HollowNode.create(world.client, `gone-${process.pid}`);
    const start = (owner: string, tolerations: { operator: string }[]): Promise<{ id: string }> =>
      world.start(sleeper, {
        kind: 'server',
        owner,
        pod: testServerPods({ tolerations, extraPodConfig: { nodeName: node.name } }),
      });
    const tainted = await start('lin', []);
    const orphan = await start('mary', [{ operator: 'Exists' }]);
    for (const { id } of [tainted, orphan]) await node.run(await podOf(id));
    for (const { id } of [tainted, orphan]) await world.running(id);
    await node.taint(await podOf(tainted.id));
    expect((await world.exited(tainted.id)).exit?.reason).toBe(`Its node ${node.name} became unusable.`);
    await node.remove();
    // The control plane waits for 40 seconds, should the node come back.
    expect((await world.exited(orphan.id)).exit?.reason).toBe(`Its node ${node.name} is gone.`);
  });

  test('a container that runs first and fails is named, with its words', async () => {
    const settings = testServerPods({
      initContainers: [
        {
          name: 'prepare',
          image: testServerPods().image,
          args: ['sh', '-c', 'exit 3'],
        },
      ],
    });
    const { id } = await world.start(sleeper, { kind: 'server', pod: settings });
    expect((await world.exited(id)).exit?.reason).toBe(
      'Its container prepare, which runs first, ended with exit code 3.',
    );
    await world.runtime.forget(id);
  });

  test('what a quota forbids is refused at once, in plain words', async () => {
    const body = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'small' },
      spec: { hard: { 'requests.memory': '64Mi' } },
    };
    await world.client.request({ method: 'POST', path: `/api/v1/namespaces/${world.namespace}/resourcequotas`, body });
    const error = await until('the quota is in force', async () => {
      const start = world.start(sleeper, { resources: { memoryGuarantee: 2 ** 30, memoryLimit: 2 ** 30 } });
      return start.then(() => undefined).catch((thrown: unknown) => thrown);
    });
    expect(error).toMatchObject({ code: 'ATOLL_KUBERNETES_QUOTA' });
    expect(error).toHaveProperty('evidence', expect.stringContaining('Quota small'));
    await world.client.request({
      method: 'DELETE',
      path: `/api/v1/namespaces/${world.namespace}/resourcequotas/small`,
    });
  });
});
