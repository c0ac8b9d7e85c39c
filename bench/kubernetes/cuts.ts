import { setTimeout as wait } from 'node:timers/promises';
import { kubeconfigAccess } from '../../src/kubernetes/kubeconfigAccess.ts';
import { CuttingProxy } from '../../test/kubernetes/support/cuttingProxy.ts';
import { KubeWorld } from '../../test/kubernetes/support/kubeWorld.ts';
import { startAgain } from '../../test/kubernetes/support/startAgain.ts';
import type { Figure } from '../report/figure.ts';
import { lost } from './cases.ts';

/** How long everything may take; what does not run by then is stuck. */
const patienceMs = 180_000;

/** So many workers are started while every connection is reset so many times. */
export async function measureCuts(spawns: number, cuts: number): Promise<Figure[]> {
  const proxy = await CuttingProxy.start(kubeconfigAccess());
  const world = await KubeWorld.open({ access: proxy.access });
  const run = new Set<string>();
  world.runtime.observe(({ id, phase }) => phase === 'running' && run.add(id));
  const begun = performance.now();
  let done = 0;
  const starting = (async () => {
    for (let index = 0; index < spawns; index += 20) {
      await Promise.all(
        Array.from({ length: 20 }, (_, offset) => startAgain(world, `cut-${index + offset}`, ['sleep', '600'])),
      );
      done = index + 20;
    }
  })();
  for (let cut = 0; cut < cuts; cut += 1) {
    // Spread over all of them, however fast they go.
    while (done < spawns && cut > (done / spawns) * cuts + 5) await wait(20);
    await wait(50);
    proxy.cut();
  }
  await starting;
  while (run.size < spawns && performance.now() - begun < patienceMs) await wait(100);
  const missing = spawns - run.size;
  console.error(`${spawns} spawns, ${cuts} cuts of ${proxy.cuts} connections: ${missing} lost or stuck`);
  const doubled = (await world.runtime.list()).length - spawns;
  await world.dispose();
  await proxy.close();
  return [{ ...lost, ours: [missing + Math.abs(doubled)] }];
}
