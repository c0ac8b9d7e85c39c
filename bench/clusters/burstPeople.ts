import { Agent, request } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';
import type { Reservation } from '../../src/runtimes/contract.ts';
import type { FakeWorkload } from '../../test/support/fakeRuntime.ts';
import { FakeScheduler } from '../../test/support/fakeScheduler.ts';

/** In a thread of its own: a hundred people, each with a cluster, and the schedulers of these. */
const { clusterCount, workersEach } = workerData as { clusterCount: number; workersEach: number };

interface Started {
  id: string;
  kind: string;
  clusterName: string;
  token: string;
  reservation: Reservation;
  command: string[];
}

let hub = '';
let slowest = 0;
const agent = new Agent({ keepAlive: true, maxSockets: 512 });
/** By the port of their schedulers. */
const schedulers = new Map<number, FakeScheduler>();

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

async function onStarted({ id, kind, clusterName, token, reservation, command }: Started): Promise<void> {
  if (kind === 'scheduler') {
    const spec = {
      reservation,
      files: { 'api-token': token },
      environment: { DASK_GATEWAY_CLUSTER_NAME: clusterName },
    };
    const scheduler = new FakeScheduler({ spec } as unknown as FakeWorkload, {
      heartbeat: async (name, report) => {
        await ask(`${name}/heartbeat`, {
          method: 'POST',
          authorization: `token ${token}`,
          body: JSON.stringify(report),
        });
      },
      endWorker: () => undefined,
    });
    schedulers.set(reservation.ports.scheduler ?? 0, scheduler);
    await scheduler.listen();
    return;
  }
  const scheduler = schedulers.get(Number(/:(\d+)$/.exec(command[3] ?? '')?.[1]));
  scheduler?.connect(id);
  // As the real one does, three seconds after a worker came in: once for all of them.
  if (scheduler?.active.size === workersEach) scheduler.report();
}

async function person(): Promise<void> {
  const { name } = JSON.parse(await ask('', { method: 'POST', body: '{}' })) as { name: string };
  for (;;) {
    const { status } = JSON.parse(await ask(`${name}?wait`, {}, true)) as { status: string };
    if (status === 'RUNNING') break;
  }
  await ask(`${name}/scale`, { method: 'POST', body: JSON.stringify({ count: workersEach }) });
}

const allThere = (): boolean =>
  schedulers.size === clusterCount && [...schedulers.values()].every(({ active }) => active.size === workersEach);

parentPort?.on('message', (message: Started | { url: string }) => {
  if ('id' in message) void onStarted(message);
  else void everybody(message.url);
});

async function everybody(url: string): Promise<void> {
  hub = url;
  await Promise.all(Array.from({ length: clusterCount }, person));
  while (!allThere()) await new Promise((resolve) => setTimeout(resolve, 5));
  // The last reports are on their way.
  await new Promise((resolve) => setTimeout(resolve, 300));
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is a thread, not a window
  parentPort?.postMessage({ slowest });
}
