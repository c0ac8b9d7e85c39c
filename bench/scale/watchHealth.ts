import { setTimeout as wait } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { Agent, request } from 'undici';

/** In a thread of its own: asks for `GET /health` again and again until told that it is over, and says how long the slowest answer took, in ms. */
const { url } = workerData as { url: string };
const dispatcher = new Agent({ connections: 1 });

async function ask(): Promise<number> {
  const startedAt = performance.now();
  const { body } = await request(`${url}/hub/health`, { dispatcher });
  await body.dump();
  return performance.now() - startedAt;
}

const over = new AbortController();
parentPort?.once('message', () => over.abort());
await ask();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is a thread, not a window
parentPort?.postMessage('begun');
let slowest = 0;
while (!over.signal.aborted) {
  slowest = Math.max(slowest, await ask());
  await wait(10);
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is a thread, not a window
parentPort?.postMessage(slowest);
await dispatcher.close();
