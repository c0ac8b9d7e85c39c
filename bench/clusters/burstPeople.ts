import { Agent, request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import { PlayedSchedulers, type StartedWorkload } from '../support/playedSchedulers.ts';

/** In a thread of its own: a hundred people, each with a cluster, and the schedulers of these. */
const { clusterCount, workersEach } = workerData as { clusterCount: number; workersEach: number };

let hub = '';
let slowest = 0;
const agent = new Agent({ keepAlive: true, maxSockets: 512 });
const schedulers = new PlayedSchedulers(
  async (name, report, token) => {
    const authorization = `token ${token}`;
    await ask(`${name}/heartbeat`, { method: 'POST', authorization, body: JSON.stringify(report) });
  },
  () => workersEach,
);

function ask(
  path: string,
  { method = 'GET', authorization = 'jupyterhub x', body = '' },
  waits = false,
): Promise<string> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { authorization, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const asked = request(`${hub}/api/v1/clusters/${path}`, { agent, method, headers }, (response) => {
      let text = '';
      response.on('data', (part: Buffer) => (text += part.toString()));
      response.once('end', () => {
        if (!waits) slowest = Math.max(slowest, performance.now() - start);
        if ((response.statusCode ?? 500) < 300) resolve(text);
        else reject(new Error(`status ${response.statusCode}: ${text}`));
      });
    });
    asked.once('error', reject);
    asked.end(body);
  });
}

async function person(): Promise<void> {
  const { name } = JSON.parse(await ask('', { method: 'POST', body: '{}' })) as { name: string };
  for (;;) {
    const { status } = JSON.parse(await ask(`${name}?wait`, {}, true)) as { status: string };
    if (status === 'RUNNING') break;
  }
  await ask(`${name}/scale`, { method: 'POST', body: JSON.stringify({ count: workersEach }) });
}

parentPort?.on('message', (message: StartedWorkload | { url: string }) => {
  if ('id' in message) void schedulers.play(message);
  else void everybody(message.url);
});

async function everybody(url: string): Promise<void> {
  hub = url;
  await Promise.all(Array.from({ length: clusterCount }, person));
  while (!schedulers.areComplete(clusterCount, workersEach)) await new Promise((resolve) => setTimeout(resolve, 5));
  // The last reports are on their way.
  await new Promise((resolve) => setTimeout(resolve, 300));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is a thread, not a window
  parentPort?.postMessage({ slowest });
}
