import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { FakeWorkload } from './fakeRuntime.ts';

/** What dask-gateway's preload sends. */
export interface Report {
  scheduler_address: string;
  dashboard_address: string;
  api_address: string;
  count: number;
  active_workers: string[];
  closing_workers: string[];
  closed_workers: string[];
}

/** What a {@link FakeScheduler} needs from the world around it. */
export interface SchedulerSurroundings {
  /** Sends a heartbeat; throws when it is refused, or when nobody takes it. */
  heartbeat(clusterName: string, report: Report): Promise<void>;
  /** Ends a worker's process. */
  endWorker(name: string): void;
}

/**
 * A Dask scheduler with dask-gateway's preload, as far as the hub sees it: the preload's API and the dashboard's counts on
 * real ports, heartbeats when the count changes (repeated until they are taken), and the retirement of workers after a
 * heartbeat that named them was taken.
 */
export class FakeScheduler {
  readonly clusterName: string;
  /** Every message taken, in order. */
  readonly messages: Record<string, unknown>[] = [];
  count = 0;
  readonly active = new Set<string>();
  readonly closed = new Set<string>();
  /** Tasks being worked on, workers that waiting tasks could use, and clients (`fire-and-forget` counted). */
  load: { processing: number; desired_workers: number; clients?: number } = { processing: 0, desired_workers: 0 };
  /** How often it was asked for its load. */
  looks = 0;
  /** Set to leave requests unanswered. */
  deaf = false;
  /** Set to answer requests with this status. */
  status = 200;
  readonly #surroundings: SchedulerSurroundings;
  readonly #workload: FakeWorkload;
  readonly #servers: Server[] = [];
  #reporting = false;
  #reportAgain = false;
  #ended = false;

  constructor(workload: FakeWorkload, surroundings: SchedulerSurroundings) {
    this.#workload = workload;
    this.#surroundings = surroundings;
    this.clusterName = workload.spec.environment.DASK_GATEWAY_CLUSTER_NAME ?? '';
  }

  /** Begins to take requests. */
  async listen(): Promise<void> {
    const { api, dashboard } = this.#workload.spec.reservation.ports;
    for (const port of [dashboard, api]) {
      const server = createServer((request, response) => {
        if (this.deaf) return;
        void this.#answer(request).then((body) =>
          response.writeHead(body === undefined ? 403 : this.status).end(body === undefined ? '' : body),
        );
      });
      this.#servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, '127.0.0.1', resolve);
      });
    }
  }

  /** A worker connects. */
  connect(workerName: string): void {
    this.active.add(workerName);
    this.closed.delete(workerName);
  }

  /** A worker's process is gone. */
  disconnect(workerName: string): void {
    if (this.active.delete(workerName)) this.closed.add(workerName);
  }

  /** Its process is gone. */
  end(): void {
    this.#ended = true;
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
  }

  /** Reports until that is taken, in the background; once more when something changes meanwhile. */
  report(): void {
    this.#reportAgain = true;
    if (!this.#reporting) void this.#keepReporting();
  }

  async #keepReporting(): Promise<void> {
    this.#reporting = true;
    while (this.#reportAgain && !this.#ended) {
      this.#reportAgain = false;
      try {
        await this.reportOnce();
      } catch {
        this.#reportAgain = true;
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
    }
    this.#reporting = false;
  }

  /** One heartbeat, and the retirement that follows it. Throws when it was refused. */
  async reportOnce(): Promise<void> {
    const closing = [...this.active].slice(this.count);
    const active = [...this.active].slice(0, Math.max(0, this.count));
    const { ports } = this.#workload.spec.reservation;
    const sent = this.#surroundings.heartbeat(this.clusterName, {
      scheduler_address: `tls://127.0.0.1:${ports.scheduler}`,
      dashboard_address: `http://127.0.0.1:${ports.dashboard}`,
      api_address: `http://127.0.0.1:${ports.api}`,
      count: this.count,
      active_workers: closing.length > 0 ? active : [...this.active],
      closing_workers: closing,
      closed_workers: [...this.closed],
    });
    // A hub that died does not answer; the real one gives up after 20 seconds.
    await Promise.race([sent, new Promise((_, reject) => setTimeout(reject, 1000, new Error('no answer')))]);
    for (const name of closing) this.#surroundings.endWorker(name);
  }

  async #answer(request: IncomingMessage): Promise<string | undefined> {
    if (request.url === '/json/counts.json') {
      this.looks += 1;
      return JSON.stringify({ workers: this.active.size, ...this.load });
    }
    if (request.headers.authorization !== `token ${this.#workload.spec.files['api-token']}`) return undefined;
    let text = '';
    for await (const part of request) text += String(part);
    if (this.status !== 200) return '';
    const message = JSON.parse(text) as Record<string, unknown>;
    this.messages.push(message);
    if (message.op === 'scale') this.#setCount(Number(message.count));
    if (message.op === 'adapt' && message.active === true) this.#adapt(message);
    return '';
  }

  #adapt({ minimum, maximum }: Record<string, unknown>): void {
    const least = typeof minimum === 'number' ? minimum : 0;
    const most = typeof maximum === 'number' ? maximum : Number.POSITIVE_INFINITY;
    this.#setCount(Math.min(most, Math.max(least, this.load.desired_workers)));
  }

  #setCount(count: number): void {
    if (count === this.count) return;
    this.count = count;
    this.report();
  }
}
