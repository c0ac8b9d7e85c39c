import { afterEach, describe, expect, test } from 'vitest';
import { kubeconfigAccess } from '../../src/kubernetes/kubeconfigAccess.ts';
import { until } from '../support/until.ts';
import { CuttingProxy } from './support/cuttingProxy.ts';
import { FaultyProxy } from './support/faultyProxy.ts';
import { KubeWorld } from './support/kubeWorld.ts';
import { startAgain } from './support/startAgain.ts';

describe('a bad way between the hub and the API server', () => {
  let proxy: CuttingProxy | FaultyProxy | undefined;
  let world: KubeWorld | undefined;

  afterEach(async () => {
    await world?.dispose();
    await proxy?.close();
  });

  async function openBehind<P extends CuttingProxy | FaultyProxy>(way: P): Promise<{ proxy: P; world: KubeWorld }> {
    proxy = way;
    // A watch that says nothing is given up after some seconds here, not after a minute and a half.
    world = await KubeWorld.open({ access: way.access, times: { silenceMs: 4000 } });
    return { proxy: way, world };
  }

  /** Starts workloads that end with their own exit codes, and waits until each has. */
  async function startAndEnd(on: KubeWorld, count: number): Promise<void> {
    const ids = Array.from({ length: count }, (_, index) => `w-${index}`);
    const exits = ids.map(async (id, index) => {
      await startAgain(on, id, ['sh', '-c', `exit ${index + 1}`]);
      const { exit } = await on.seen(id, 'has exited', ({ phase }) => phase === 'exited', 300);
      expect(exit).toMatchObject({ code: index + 1, signal: null });
    });
    await Promise.all(exits);
    expect(await on.runtime.list()).toHaveLength(count);
    const path = `/api/v1/namespaces/${on.namespace}/pods`;
    const { items } = await on.client.request<{ items: unknown[] }>({ path });
    expect(items).toHaveLength(count);
  }

  // bench/kubernetes/cuts.ts has 500 starts and 100 cuts.
  test('every connection is reset again and again while sixty workloads start and end: none is lost, stuck or doubled', async () => {
    const { proxy: bad, world: on } = await openBehind(await CuttingProxy.start(kubeconfigAccess()));
    const ended = new AbortController();
    const cutting = bad.cutTimes(30, 150, ended.signal);
    await startAndEnd(on, 60);
    ended.abort();
    await cutting;
    expect(bad.cuts).toBeGreaterThan(20);
  }, 400_000);

  test('a server that is busy (429) or fails (500), more often than not', async () => {
    const { proxy: faulty, world: on } = await openBehind(await FaultyProxy.start(kubeconfigAccess()));
    let requests = 0;
    faulty.decide = () => {
      requests += 1;
      return requests % 3 === 0 ? 'none' : requests % 2 === 0 ? 'busy' : 'error';
    };
    await startAndEnd(on, 10);
    expect(faulty.happened.busy).toBeGreaterThan(3);
    expect(faulty.happened.error).toBeGreaterThan(3);
  });

  test('answers that get lost: what was done is found, and not done twice', async () => {
    const { proxy: faulty, world: on } = await openBehind(await FaultyProxy.start(kubeconfigAccess()));
    let posts = 0;
    faulty.decide = ({ method }) => {
      if (method !== 'POST') return 'none';
      posts += 1;
      return posts % 2 === 0 ? 'none' : 'lost';
    };
    await startAndEnd(on, 10);
    expect(faulty.happened.lost).toBeGreaterThanOrEqual(5);
  });

  test('history that is gone (410), at each second watch', async () => {
    const { proxy: faulty, world: on } = await openBehind(await FaultyProxy.start(kubeconfigAccess()));
    let watches = 0;
    faulty.decide = ({ isWatch }) => {
      if (!isWatch) return 'none';
      watches += 1;
      return watches % 2 === 0 ? 'none' : 'gone';
    };
    // The watches that are open end with the stall, and the next ones are told that they come too late.
    expect(faulty.stallWatches()).toBeGreaterThan(0);
    await startAndEnd(on, 5);
    expect(faulty.happened.gone).toBeGreaterThan(0);
  });

  test('a watch that is open and says nothing any more is noticed, and what it kept back is made up for', async () => {
    const { proxy: faulty, world: on } = await openBehind(await FaultyProxy.start(kubeconfigAccess()));
    await on.start(['sh', '-c', 'exec sleep 600'], { id: 'sleeper' });
    await on.running('sleeper');
    expect(faulty.stallWatches()).toBeGreaterThan(0);
    const path = `/api/v1/namespaces/${on.namespace}/pods/dask-worker-sleeper`;
    await on.client.request({ method: 'DELETE', path, body: { gracePeriodSeconds: 0 } });
    expect((await on.runtime.get('sleeper'))?.phase).toBe('running');
    expect((await on.exited('sleeper')).exit?.reason).toBe('Its pod was deleted.');
    await until('it hears the server again', () => on.runtime.silentMs() < 4000);
  });
});
