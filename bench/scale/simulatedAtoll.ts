import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { roleEnvironment } from '../../src/cli/roles/supervisor.ts';
import { freePort } from '../../test/support/freePort.ts';
import { until } from '../../test/support/until.ts';
import { fillStore } from '../support/fillStore.ts';
import type { StartedWorkload } from '../support/playedSchedulers.ts';
import type { SimulatedHubCommand, SimulatedHubMessage, SimulatedHubReport } from '../support/simulatedHub.ts';

const hubRole = join(import.meta.dirname, 'hubRole.ts');
const answersRole = join(import.meta.dirname, 'answers.ts');
const program = resolve(import.meta.dirname, '../../src/main.ts');
const controlToken = '0123456789abcdef'.repeat(4);

/** A hub whose servers and clusters are simulated, on a database file, with a real edge in front. */
export class SimulatedAtoll {
  readonly url: string;
  readonly #port: number;
  readonly #folder: string;
  readonly #answers: number;
  #hub: ChildProcess | undefined;
  #edge: ChildProcess | undefined;
  #token = '';
  /** What a scheduler or a worker does that the hub has started. Default: nothing. */
  onStarted: (workload: StartedWorkload) => void = () => undefined;

  private constructor(folder: string, port: number, answers: number) {
    this.#folder = folder;
    this.#port = port;
    this.#answers = answers;
    this.url = `http://127.0.0.1:${port}`;
  }

  /**
   * Starts one with so many users `user-N`.
   * @param answers the port at which every server answers; see {@link startAnswers}
   */
  static async start(answers: number, users: number): Promise<SimulatedAtoll> {
    const folder = mkdtempSync(join(tmpdir(), 'atoll-bench-simulated-'));
    const atoll = new SimulatedAtoll(folder, await freePort(), answers);
    await fillStore(join(folder, 'atoll.db'), users);
    writeFileSync(join(folder, 'control-token'), controlToken);
    await atoll.up();
    return atoll;
  }

  /** A token that may do everything. */
  get token(): string {
    return this.#token;
  }

  /** The processes of hub and edge. */
  get pids(): { hub: number; edge: number } {
    return { hub: this.#hub?.pid ?? 0, edge: this.#edge?.pid ?? 0 };
  }

  /** Starts hub and edge (again); resolves when they answer. */
  async up(): Promise<void> {
    const words = [join(this.#folder, 'atoll.db'), String(this.#answers), controlToken];
    this.#hub = spawnRole(['--expose-gc', hubRole, ...words]);
    this.#hub.on('message', (message: SimulatedHubMessage) => {
      if (message.type === 'started') this.onStarted(message.workload);
    });
    const { hub, control, token } = (await this.#told('ready')) as SimulatedHubReport;
    this.#token = token;
    const places = ['--hub', hub, '--control', control, '--control-token-file', join(this.#folder, 'control-token')];
    this.#edge = spawnRole([program, 'edge', ...places, '--port', String(this.#port)]);
    await until('an answer of the simulated hub', async () => (await fetch(`${this.url}/hub/api/`)).ok);
  }

  /** Asks the hub for something; resolves with the bytes of its JavaScript heap, when it is done. */
  async ask(command: SimulatedHubCommand): Promise<number> {
    this.#hub?.send(command);
    return ((await this.#told('done')) as { bytes: number }).bytes;
  }

  /** Ends hub and edge; servers run on, being simulated. */
  async down(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const children = [this.#hub, this.#edge].filter((child) => child !== undefined);
    const ended = children.map((child) => once(child, 'exit'));
    for (const child of children) child.kill(signal);
    await Promise.all(ended);
  }

  /** Ends everything. */
  async end(): Promise<void> {
    await this.down();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** @throws Error when the hub ends before it says that */
  async #told(type: SimulatedHubMessage['type']): Promise<SimulatedHubMessage> {
    const hub = this.#hub;
    if (!hub) throw new Error('the simulated hub is down');
    return new Promise((resolve, reject) => {
      hub.once('exit', () => reject(new Error('the simulated hub ended')));
      hub.on('message', (message: SimulatedHubMessage) => message.type === type && resolve(message));
    });
  }
}

function spawnRole(words: string[]): ChildProcess {
  return spawn(process.execPath, words, {
    // What the edge writes into its log is of no interest here.
    stdio: ['ignore', 'ignore', words.includes('edge') ? 'ignore' : 'inherit', 'ipc'],
    env: { ...roleEnvironment, ...process.env },
  });
}

/** Starts the one program that all simulated servers are; returns its port, and how to end it. */
export async function startAnswers(): Promise<{ port: number; end: () => void }> {
  const child = spawn(process.execPath, [answersRole], { stdio: ['ignore', 'pipe', 'inherit'] });
  return { port: Number(await firstLine(child)), end: () => void child.kill() };
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new Error('no pipe');
  const lines = createInterface(stdout);
  const [line] = (await once(lines, 'line')) as [string];
  return line;
}
