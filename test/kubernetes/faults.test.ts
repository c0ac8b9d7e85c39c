import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AtollError } from '../../src/core/errors.ts';
import { kubeconfigAccess } from '../../src/kubernetes/kubeconfigAccess.ts';
import { CuttingProxy } from './support/cuttingProxy.ts';
import { KubeWorld } from './support/kubeWorld.ts';

describe('a bad way between the hub and the API server', () => {
  let proxy: CuttingProxy;
  let world: KubeWorld;

  beforeAll(async () => {
    proxy = await CuttingProxy.start(kubeconfigAccess());
    world = await KubeWorld.open({ access: proxy.access });
  });
  afterAll(async () => {
    await world?.dispose();
    await proxy?.close();
  });

  test('every connection is reset three times a second while twenty workloads start and end: none is lost, none is doubled', async () => {
    const cutting = setInterval(() => proxy.cut(), 300);
    const starting = Array.from({ length: 20 }, async (_, index) => {
      const spec = await world.runtime.reserve({ id: `cut-${index}`, kind: 'worker', owner: 'ada', ports: [] });
      const start = (): Promise<void> =>
        world.runtime.start({
          id: `cut-${index}`,
          kind: 'worker',
          owner: 'ada',
          command: ['sh', '-c', `exit ${index + 1}`],
          environment: {},
          files: {},
          resources: {},
          reservation: spec,
        });
      // A reconciler tries again what did not succeed.
      for (;;) {
        try {
          await start();
          return;
        } catch (error) {
          // What will not pass by itself is no matter of the connection.
          if (error instanceof AtollError) throw error;
        }
      }
    });
    await Promise.all(starting);
    for (let index = 0; index < 20; index += 1) {
      const { exit } = await world.exited(`cut-${index}`);
      expect(exit).toMatchObject({ code: index + 1, signal: null });
    }
    clearInterval(cutting);
    expect(await world.runtime.list()).toHaveLength(20);
    expect(proxy.cuts).toBeGreaterThan(10);
  });
});
