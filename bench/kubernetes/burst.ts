import { randomBytes } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Figure } from '../report/figure.ts';
import { cpuSeconds } from '../support/processTree.ts';
import { bareLoop } from './bareLoop.ts';
import { created, hubCpu, hubCpuOfPod, running, slowestPage } from './cases.ts';
import type { ScaledHub } from './scaledHub.ts';

/**
 * One `scale` to so many workers, beside a bare loop of requests that makes pods of the same kind, in turns. The loop's pods
 * stay, for to end them would take as long; ours cannot, for the hub replaces workers of which no scheduler ever hears.
 */
export async function measureBurst(world: ScaledHub, pods: number, rounds: number): Promise<Figure[]> {
  const results: Awaited<ReturnType<typeof oneScale>>[] = [];
  const theirs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    results.push(await oneScale(world, pods));
    theirs.push(pods / (await oneLoop(world, pods)));
    const { createdSeconds, runningSeconds, cpu } = results.at(-1) ?? { createdSeconds: 0, runningSeconds: 0, cpu: 0 };
    console.error(
      `round ${round + 1}: ${(pods / createdSeconds).toFixed(0)} pods/s, bare ${theirs.at(-1)?.toFixed(0)}, all run after ${runningSeconds.toFixed(1)} s, CPU ${((1000 * cpu) / pods).toFixed(2)} ms a pod`,
    );
  }
  const ours = (value: (result: (typeof results)[number]) => number): number[] => results.map(value);
  return [
    { ...created, ours: ours(({ createdSeconds }) => pods / createdSeconds), peer: { name: 'bare loop', theirs } },
    { ...running, ours: ours(({ runningSeconds }) => runningSeconds) },
    { ...hubCpu, ours: ours(({ cpu, runningSeconds }) => cpu / runningSeconds) },
    { ...hubCpuOfPod, ours: ours(({ cpu }) => (1000 * cpu) / pods) },
    { ...slowestPage, ours: ours(({ page }) => page) },
  ];
}

async function oneScale(
  world: ScaledHub,
  pods: number,
): Promise<{ createdSeconds: number; runningSeconds: number; cpu: number; page: number }> {
  const before = { ...world.tended };
  const hub = world.hub.atoll.pidOf('hub');
  const pages = visitPages(world);
  const cpuBefore = cpuSeconds(hub);
  const begun = performance.now();
  const seconds = (): number => (performance.now() - begun) / 1000;
  await world.scale(pods);
  await world.untilPresent(before.present + pods);
  const createdSeconds = seconds();
  await world.untilRunning(before.running + pods);
  const runningSeconds = seconds();
  const cpu = cpuSeconds(hub) - cpuBefore;
  const page = await pages.end();
  await world.scale(0);
  await world.untilPresent(before.present);
  return { createdSeconds, runningSeconds, cpu, page };
}

/** Somebody looks at the home page ten times a second. Returns how long the slowest one in a hundred took. */
function visitPages({ browser }: ScaledHub): { end(): Promise<number> } {
  const times: number[] = [];
  const ended = new AbortController();
  const visiting = (async () => {
    while (!ended.signal.aborted) {
      const begun = performance.now();
      const answer = await browser.request('/hub/home');
      await answer.text();
      if (answer.status !== 200) throw new Error(`the home page was answered with ${answer.status}`);
      times.push(performance.now() - begun);
      await wait(100);
    }
  })();
  return {
    async end() {
      ended.abort();
      await visiting;
      return times.sort((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1] ?? Number.NaN;
    },
  };
}

/** Seconds of the bare loop, in a namespace of its own. */
async function oneLoop(world: ScaledHub, pods: number): Promise<number> {
  const { client } = world.hub;
  const namespace = `bare-${randomBytes(4).toString('hex')}`;
  await client.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } });
  const before = { ...world.tended };
  const seconds = await bareLoop(namespace, pods);
  await world.untilRunning(before.running + pods);
  return seconds;
}
