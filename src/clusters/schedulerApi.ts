import { type RequestOptions, request } from 'node:http';
import { connect } from 'node:net';
import { z } from 'zod';
import type { SchedulerAddress } from './cluster.ts';

/** What dask-gateway's preload in the scheduler can be told. */
export type SchedulerMessage =
  | { op: 'scale'; count: number }
  | { op: 'adapt'; minimum: number | null; maximum: number | null; active: true }
  | { op: 'adapt'; active: false };

const answerMs = 5000;
const longestAnswer = 64 * 1024;

/**
 * Tells the scheduler how many workers are wanted, or within which range to choose.
 * @throws Error when it does not answer within 5 seconds, or not with 200.
 */
export async function tellScheduler(
  address: SchedulerAddress,
  token: string,
  message: SchedulerMessage,
): Promise<void> {
  const body = JSON.stringify(message);
  const headers = {
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    authorization: `token ${token}`,
  };
  await ask({ host: address.host, port: address.ports.api, path: '/api/comm', method: 'POST', headers }, body);
}

const countsSchema = z.object({
  workers: z.number(),
  processing: z.number(),
  desired_workers: z.number(),
  clients: z.number().optional(),
  tasks: z.number().optional(),
  memory: z.number().optional(),
  erred: z.number().optional(),
});

/** What a scheduler's dashboard tells about its load. */
export interface SchedulerCounts {
  /** Workers connected. */
  workers: number;
  /** Tasks being worked on. */
  processing: number;
  /** Workers that its tasks could use; above 0 while tasks wait for their first worker. */
  desiredWorkers: number;
  /** Clients connected, `fire-and-forget` counted. */
  clients: number | undefined;
  /** Tasks that it knows; those whose results are in memory, and those that failed. */
  tasks: number | undefined;
  inMemory: number | undefined;
  erred: number | undefined;
}

/** Asks the scheduler for its load. @throws Error when it does not answer, or not in the known form. */
export async function askCounts(host: string, dashboardPort: number): Promise<SchedulerCounts> {
  const text = await ask({ host, port: dashboardPort, path: '/json/counts.json' }, '');
  const counts = countsSchema.parse(JSON.parse(text));
  const { workers, processing, clients, tasks, memory, erred } = counts;
  return { workers, processing, desiredWorkers: counts.desired_workers, clients, tasks, inMemory: memory, erred };
}

/** Whether somebody accepts TCP connections there; waits a second at most. */
export function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (accepted: boolean): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.setTimeout(1000, () => finish(false));
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}

/** One request; the whole answer as text. The scheduler runs its owner's code, so that nothing it sends is trusted. */
function ask(options: RequestOptions, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(answerMs);
    const asked = request({ ...options, agent: false, signal }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
        if (text.length > longestAnswer) asked.destroy(new Error('the scheduler answered with too much'));
      });
      response.once('error', reject);
      response.once('end', () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`the scheduler answered with status ${response.statusCode}`));
      });
    });
    asked.once('error', reject);
    asked.end(body);
  });
}
