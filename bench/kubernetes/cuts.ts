import { setTimeout as wait } from 'node:timers/promises';
import { concurrently } from '../../src/core/concurrently.ts';
import { kubeconfigAccess } from '../../src/kubernetes/kubeconfigAccess.ts';
import { CuttingProxy } from '../../test/kubernetes/support/cuttingProxy.ts';
import { KubeWorld } from '../../test/kubernetes/support/kubeWorld.ts';
import { startAgain } from '../../test/kubernetes/support/startAgain.ts';
import type { Figure } from '../report/figure.ts';
import { lost } from './cases.ts';
import type { ScaledHub } from './scaledHub.ts';

/** When for so long no further one runs, the rest is stuck; how long all take is a matter of the machine. */
const patienceMs = 60_000;

/** So many workers are started on the hollow nodes while every connection is reset so many times. */
export async function measureCuts(nodes: ScaledHub, spawns: number, cuts: number): Promise<Figure[]> {
  const before = nodes.tended.present;
  const proxy = await CuttingProxy.start(kubeconfigAccess());
  const world = await KubeWorld.open({ access: proxy.access });
  const run = new Set<string>();
  let lastRun = 0;
  world.runtime.observe(({ id, phase }) => {
    if (phase !== 'running') return;
    run.add(id);
    lastRun = performance.now();
  });
  const begun = performance.now();
  const starting = Array.from({ length: spawns }, (_, index) => `cut-${index}`);
  const startAll = concurrently(starting, 20, (id) => startAgain(world, id, ['sleep', '600']));
  await Promise.all([startAll, proxy.cutTimes(cuts, 100)]);
  lastRun = performance.now();
  while (run.size < spawns && performance.now() - lastRun < patienceMs) await wait(100);
  const missing = spawns - run.size;
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  console.error(`${spawns} spawns, ${proxy.cuts} cuts: ${missing} lost or stuck after ${seconds} s`);
  for (const id of starting.filter((one) => !run.has(one)).slice(0, 3))
    console.error(`${id}: ${JSON.stringify((await world.runtime.get(id)) ?? 'lost')}`);
  const doubled = (await world.runtime.list()).length - spawns;
  await world.dispose();
  await proxy.close();
  await nodes.untilPresent(before);
  return [{ ...lost, ours: [missing + Math.abs(doubled)] }];
}
