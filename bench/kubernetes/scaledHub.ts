import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { HubOnPods, password } from '../../test/kubernetes/support/hubOnPods.ts';
import type { BrowserSession } from '../../test/support/browserSession.ts';
import { signIn } from '../../test/support/signIn.ts';
import { until } from '../../test/support/until.ts';

/** A machine that is busy otherwise takes its time. */
const patienceSeconds = 300;

/** A whole Atoll beside a control plane with hollow nodes, with one Dask cluster whose scheduler this process plays. */
export class ScaledHub {
  readonly hub: HubOnPods;
  readonly browser: BrowserSession;
  readonly token: string;
  readonly cluster: string;
  readonly #scheduler: readonly Server[];
  readonly #nodes: ChildProcess;
  /** Pods that there are, and how many the hollow nodes have ever said to run: as they tell it. */
  tended: { present: number; running: number };

  private constructor(
    parts: Pick<ScaledHub, 'hub' | 'browser' | 'token' | 'cluster' | 'tended'>,
    scheduler: Server[],
    nodes: ChildProcess,
  ) {
    this.hub = parts.hub;
    this.browser = parts.browser;
    this.token = parts.token;
    this.cluster = parts.cluster;
    this.tended = parts.tended;
    this.#scheduler = scheduler;
    this.#nodes = nodes;
  }

  static async start(nodeCount: number): Promise<ScaledHub> {
    // Whatever address a hollow pod has, it is this machine's: so the hub reaches the scheduler that is played here.
    execFileSync('ip', ['route', 'add', 'local', '10.200.0.0/13', 'dev', 'lo']);
    const scheduler = await Promise.all([8787, 8788].map(playScheduler));
    const tended = { present: 0, running: 0 };
    const nodes = await startNodes(nodeCount, tended);
    // Servers are placed by nobody: what happens to them is said by the measurement.
    const hub = await HubOnPods.start('localhost/atoll-test:1', { scheduler_name: 'nobody' });
    const browser = await signIn(hub.atoll, 'ada', password);
    const token = await hub.tokenOf('ada');
    const { name } = (await ask(hub, `token ${token}`, '', {})) as { name: string };
    await until(
      'the cluster runs',
      async () => ((await ask(hub, `token ${token}`, name)) as { status: string }).status === 'RUNNING',
      60,
    );
    return new ScaledHub({ hub, browser, token, cluster: name, tended }, scheduler, nodes);
  }

  /** `cluster.scale(count)`, and what a scheduler reports when it has been told. */
  async scale(count: number): Promise<void> {
    await ask(this.hub, `token ${this.token}`, `${this.cluster}/scale`, { count });
    const report = { count, active_workers: [], closing_workers: [], closed_workers: [] };
    await ask(this.hub, `token ${await this.#schedulerToken()}`, `${this.cluster}/heartbeat`, report);
  }

  /** The token with which the scheduler reports, from the files of its pod. */
  async #schedulerToken(): Promise<string> {
    const path = `/api/v1/namespaces/${this.hub.namespace}/secrets`;
    const { items } = await this.hub.client.request<{ items: { data?: Record<string, string> }[] }>({ path });
    const token = items.find(({ data }) => data?.['api-token'] !== undefined)?.data?.['api-token'];
    return Buffer.from(token ?? '', 'base64').toString();
  }

  /** Waits until there are so many pods. */
  async untilPresent(count: number): Promise<void> {
    await this.#until(`${count} pods`, () => this.tended.present === count);
  }

  /** Waits until the hollow nodes have said of so many pods that they run. */
  async untilRunning(count: number): Promise<void> {
    await this.#until(`${count} pods run`, () => this.tended.running >= count);
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    await until(what, condition, patienceSeconds).catch((error: unknown) => {
      throw new Error(`there are ${this.tended.present}, ${this.tended.running} were run`, { cause: error });
    });
  }

  /** Ends the hub and the nodes. The pods stay: there may be thousands, and the control plane ends too. */
  async end(): Promise<void> {
    await this.hub.atoll.end();
    await this.hub.client.close();
    for (const server of this.#scheduler) server.close().closeAllConnections();
    this.#nodes.kill('SIGTERM');
    await once(this.#nodes, 'exit');
  }
}

/** The gateway's API. */
async function ask(hub: HubOnPods, authorization: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${hub.atoll.url}/services/dask-gateway/api/v1/clusters/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path} was answered with ${response.status}: ${await response.text()}`);
  const text = await response.text();
  return text === '' ? undefined : JSON.parse(text);
}

/** A scheduler that takes every message, and has nothing to do. */
async function playScheduler(port: number): Promise<Server> {
  const counts = { workers: 0, processing: 1, desired_workers: 0, clients: 2 };
  const server = createServer((request, response) => {
    request.resume();
    response.end(request.url === '/json/counts.json' ? JSON.stringify(counts) : '');
  });
  server.listen(port, '0.0.0.0');
  await once(server, 'listening');
  return server;
}

async function startNodes(count: number, tended: ScaledHub['tended']): Promise<ChildProcess> {
  const nodes = spawn(process.execPath, [join(import.meta.dirname, 'hollowNodes.ts'), String(count)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: nodes.stdout });
  lines.on('line', (line) => {
    if (line.startsWith('{')) Object.assign(tended, JSON.parse(line));
  });
  await once(lines, 'line');
  await wait(3000);
  return nodes;
}
