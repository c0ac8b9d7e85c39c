import { setTimeout as wait } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { WebSocket } from 'ws';
import { until } from '../../test/support/until.ts';
import { SimulatedAtoll, startAnswers } from '../scale/simulatedAtoll.ts';
import { PlayedSchedulers } from '../support/playedSchedulers.ts';
import { cpuSeconds, residentMemory } from '../support/processTree.ts';
import { gatewayPrefix } from '../support/simulatedHub.ts';
import type { HubAndEdge } from './costs.ts';

/** People at once, so that hub and edge find work as they do in a day: some, not a flood. */
const together = 4;

/** A hub with its edge, and everybody and everything around them, played by this process. */
export class ModelWorld {
  readonly #atoll: SimulatedAtoll;
  readonly #endAnswers: () => void;
  readonly #agent = new Agent({ connections: 8, headersTimeout: 600_000 });
  readonly #schedulers: PlayedSchedulers;
  readonly #clusters: string[] = [];
  #workersEach = 0;
  #servers = 0;
  #deeds = 0;

  private constructor(atoll: SimulatedAtoll, endAnswers: () => void) {
    this.#atoll = atoll;
    this.#endAnswers = endAnswers;
    this.#schedulers = new PlayedSchedulers(
      async (name, report, token) => {
        await this.#ask('POST', `${gatewayPrefix}/api/v1/clusters/${name}/heartbeat`, `token ${token}`, report);
      },
      () => this.#workersEach,
    );
    atoll.onStarted = (workload) => void this.#schedulers.play(workload);
  }

  /** One with so many users. */
  static async start(users: number): Promise<ModelWorld> {
    const answers = await startAnswers();
    return new ModelWorld(await SimulatedAtoll.start(answers.port, users), answers.end);
  }

  /** Microseconds of CPU that hub and edge have used. */
  cpu(): HubAndEdge {
    const { hub, edge } = this.#atoll.pids;
    return { hub: cpuSeconds(hub) * 1e6, edge: cpuSeconds(edge) * 1e6 };
  }

  /** Kilobytes that are resident. */
  resident(): HubAndEdge {
    const { hub, edge } = this.#atoll.pids;
    return { hub: residentMemory(hub) / 1000, edge: residentMemory(edge) / 1000 };
  }

  /** Kilobytes of the hub's JavaScript heap after a collection, and what the edge has resident. */
  async memory(): Promise<HubAndEdge> {
    return { hub: (await this.#atoll.ask({ type: 'collect' })) / 1000, edge: this.resident().edge };
  }

  /** Starts the servers of so many more users. */
  async startServers(count: number): Promise<void> {
    await this.#each(count, async () => {
      const user = this.#servers++;
      await this.#hub('POST', `/users/user-${user}/server`);
      await until(
        'a server',
        async () => {
          const { servers } = (await this.#hub('GET', `/users/user-${user}`)) as {
            servers: Record<string, { ready: boolean }>;
          };
          return servers['']?.ready;
        },
        300,
      );
    });
  }

  /** Makes so many clusters, each of another user; resolves when all run. */
  async startClusters(count: number): Promise<void> {
    await this.#each(count, async (index) => {
      const { token } = (await this.#hub('POST', `/users/user-${index}/tokens`, {})) as { token: string };
      const authorization = `jupyterhub ${token}`;
      const path = `${gatewayPrefix}/api/v1/clusters/`;
      const { name } = (await this.#ask('POST', path, authorization, {})) as { name: string };
      for (;;) {
        const { status } = (await this.#ask('GET', `${path}${name}?wait`, authorization)) as { status: string };
        if (status === 'RUNNING') break;
      }
      this.#clusters.push(name);
      this.#authorizations.set(name, authorization);
    });
  }

  readonly #authorizations = new Map<string, string>();

  /** Scales every cluster to so many workers. */
  async scaleClusters(workersEach: number): Promise<void> {
    this.#workersEach = workersEach;
    await this.#each(this.#clusters.length, async (index) => {
      const name = this.#clusters[index] ?? '';
      const path = `${gatewayPrefix}/api/v1/clusters/${name}/scale`;
      await this.#ask('POST', path, this.#authorizations.get(name) ?? '', { count: workersEach });
    });
    const all = (): boolean => this.#schedulers.areComplete(this.#clusters.length, workersEach);
    await until('all workers', all, 300);
    await wait(500); // The last reports are on their way.
  }

  /** Heartbeats of all clusters in turns. */
  heartbeats(count: number): Promise<void> {
    const all = [...this.#schedulers.byPort.values()];
    return this.#each(count, () => all[this.#deeds++ % all.length]?.reportOnce() ?? Promise.resolve());
  }

  /** Reports of activity, as servers send them. */
  activityReports(count: number): Promise<void> {
    return this.#each(count, async () => {
      const body = { servers: { '': { last_activity: new Date().toISOString() } } };
      await this.#hub('POST', `/users/user-${this.#deeds++ % this.#servers}/activity`, body);
    });
  }

  /** Lets the runtime tell of everything that runs so many times more. */
  async events(times: number): Promise<void> {
    await this.#atoll.ask({ type: 'observe', times });
    await wait(1000); // Looked at in the background.
  }

  apiRequests(count: number): Promise<void> {
    return this.#each(count, () => this.#hub('GET', `/users/user-${this.#deeds++ % this.#servers}`));
  }

  /** Requests to people's servers, for `{}` or for a MiB each. */
  serverRequests(count: number, path: 'api' | 'large' = 'api'): Promise<void> {
    return this.#each(count, async () => {
      await this.#ask('GET', `/user/user-${this.#deeds++ % this.#servers}/${path}`);
    });
  }

  /** Messages of WebSockets to people's servers, and the same back. */
  async messages(count: number): Promise<void> {
    const each = Math.ceil(count / together);
    await this.#each(together, async (index) => {
      const socket = new WebSocket(`${this.#atoll.url.replace('http', 'ws')}/user/user-${index}/ws`);
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      for (let left = each; left > 0; left--) {
        socket.send('m'.repeat(200));
        await new Promise((resolve) => socket.once('message', resolve));
      }
      socket.close();
    });
  }

  async end(): Promise<void> {
    for (const scheduler of this.#schedulers.byPort.values()) scheduler.end();
    await this.#agent.close();
    await this.#atoll.end();
    this.#endAnswers();
  }

  async #each(count: number, work: (index: number) => Promise<unknown>): Promise<void> {
    let next = 0;
    const one = async (): Promise<void> => {
      for (let index = next++; index < count; index = next++) await work(index);
    };
    await Promise.all(Array.from({ length: Math.min(together, count) }, one));
  }

  #hub(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    return this.#ask(method, `/hub/api${path}`, `token ${this.#atoll.token}`, body);
  }

  async #ask(method: 'GET' | 'POST', path: string, authorization = '', body?: unknown): Promise<unknown> {
    const { statusCode, body: answer } = await request(`${this.#atoll.url}${path}`, {
      dispatcher: this.#agent,
      method,
      headers: { 'content-type': 'application/json', ...(authorization !== '' && { authorization }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (statusCode >= 300) throw new Error(`${method} ${path}: ${statusCode} ${text}`);
    return text.startsWith('{') ? JSON.parse(text) : undefined;
  }
}
