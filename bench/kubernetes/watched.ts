import type { Figure } from '../report/figure.ts';
import { residentMemory } from '../support/processTree.ts';
import { lateness, memory } from './cases.ts';
import type { ScaledHub } from './scaledHub.ts';

const changes = 200;

/** The hub's memory with so many pods, and how late somebody who waits for a server hears what happens to its pod. */
export async function measureWatched(world: ScaledHub, pods: number): Promise<Figure[]> {
  const { present } = world.tended;
  await world.scale(pods);
  await world.untilPresent(present + pods);
  const megabytes = residentMemory(world.hub.atoll.pidOf('hub')) / 2 ** 20;
  console.error(`${pods} pods: ${megabytes.toFixed(0)} MB`);
  const late = (await changeServer(world)).sort((a, b) => a - b);
  const p99 = late[Math.ceil(changes * 0.99) - 1] ?? Number.NaN;
  console.error(`late by ${late[changes / 2]?.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
  return [
    { ...memory, ours: [megabytes] },
    { ...lateness, ours: [p99] },
  ];
}

/** A server waits for a place, for a reason that changes again and again. Returns the milliseconds until each was told. */
async function changeServer({ hub, token }: ScaledHub): Promise<number[]> {
  await hub.api('POST', '/users/ada/server');
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
      for (const [, reason] of text.matchAll(/reason-(\d+)-/g))
        if (reason && !told.has(reason)) told.set(reason, performance.now());
      text = text.slice(-200);
    }
  })().catch(() => undefined);
  const path = `/api/v1/namespaces/${hub.namespace}/pods/jupyter-ada/status`;
  const late: number[] = [];
  for (let index = 0; index < changes; index += 1) {
    const message = `reason-${index}-`;
    const status = { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }] };
    await hub.client.request({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body: { status } });
    const answered = performance.now();
    while (!told.has(String(index))) {
      if (performance.now() - answered > 10_000) throw new Error(`${message} was not told`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    late.push(Math.max(0, (told.get(String(index)) ?? 0) - answered));
  }
  abort.abort();
  await reading;
  return late;
}
