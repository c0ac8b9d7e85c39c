import type { Figure } from '../report/figure.ts';
import { residentMemory } from '../support/processTree.ts';
import { lateness, memory } from './cases.ts';
import type { ScaledHub } from './scaledHub.ts';

const changes = 200;

/** The hub's memory with so many pods, and how late somebody who waits for a server hears what happens to its pod. */
export async function measureWatched(world: ScaledHub, pods: number, rounds: number): Promise<Figure[]> {
  const { present } = world.tended;
  await world.scale(pods);
  await world.untilPresent(present + pods);
  const megabytes: number[] = [];
  const p99: number[] = [];
  await world.hub.api('POST', '/users/ada/server');
  for (let round = 0; round < rounds; round += 1) {
    megabytes.push(residentMemory(world.hub.atoll.pidOf('hub')) / 1e6);
    const late = (await changeServer(world, round)).sort((a, b) => a - b);
    p99.push(late[Math.ceil(changes * 0.99) - 1] ?? Number.NaN);
    console.error(
      `${pods} pods: ${megabytes.at(-1)?.toFixed(0)} MB; late by ${late[changes / 2]?.toFixed(1)} ms, p99 ${p99.at(-1)?.toFixed(1)} ms`,
    );
  }
  return [
    { ...memory, ours: megabytes },
    { ...lateness, ours: p99 },
  ];
}

/** A server waits for a place, for a reason that changes again and again. Returns the milliseconds until each was told. */
async function changeServer({ hub, token }: ScaledHub, round: number): Promise<number[]> {
  const abort = new AbortController();
  const stream = await fetch(`${hub.atoll.url}/hub/api/users/ada/server/progress`, {
    headers: { authorization: `token ${token}` },
    signal: abort.signal,
  });
  const told = new Map<string, number>();
  const reading = (async () => {
    let text = '';
    for await (const chunk of stream.body ?? []) {
      text += Buffer.from(chunk).toString();
      for (const [, reason] of text.matchAll(/reason-(\d+-\d+)-/g))
        if (reason && !told.has(reason)) told.set(reason, performance.now());
      text = text.slice(-200);
    }
  })().catch(() => undefined);
  const path = `/api/v1/namespaces/${hub.namespace}/pods/jupyter-ada/status`;
  const late: number[] = [];
  for (let index = 0; index < changes; index += 1) {
    const reason = `${round}-${index}`;
    const message = `reason-${reason}-`;
    const status = { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] };
    await hub.client.request({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body: { status } });
    const answered = performance.now();
    while (!told.has(reason)) {
      if (performance.now() - answered > 10_000) throw new Error(`${message} was not told`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    late.push(Math.max(0, (told.get(reason) ?? 0) - answered));
  }
  abort.abort();
  await reading;
  return late;
}
