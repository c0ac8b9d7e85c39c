import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { roleEnvironment } from '../../src/cli/supervisor.ts';
import { freePort } from '../../test/support/freePort.ts';
import { until } from '../../test/support/until.ts';
import { fillStore } from '../support/fillStore.ts';
import type { SimulatedHubReport } from '../support/simulatedHub.ts';

const rolePath = join(import.meta.dirname, 'role.ts');
const program = resolve(import.meta.dirname, '../../src/main.ts');
const controlToken = '0123456789abcdef'.repeat(4);

/** A hub whose servers are simulated, on a database file, with a real edge in front. */
export class SimulatedAtoll {
  readonly url: string;
  readonly #port: number;
  readonly #folder: string;
  readonly #answers: number;
  #children: ChildProcess[] = [];
  #token = '';

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
  get pids(): number[] {
    return this.#children.map((child) => child.pid ?? 0);
  }

  /** Starts hub and edge (again); resolves when they answer. */
  async up(): Promise<void> {
    const hub = this.#spawn([rolePath, 'hub', join(this.#folder, 'atoll.db'), String(this.#answers), controlToken]);
    const report = JSON.parse(await firstLine(hub)) as SimulatedHubReport;
    this.#token = report.token;
    const words = ['--hub', report.hub, '--control', report.control, '--port', String(this.#port)];
    this.#spawn([program, 'edge', ...words, '--control-token-file', join(this.#folder, 'control-token')]);
    await until('an answer of the simulated hub', async () => (await fetch(`${this.url}/hub/api/`)).ok);
  }

  /** Ends hub and edge; servers run on, being simulated. */
  async down(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const ended = this.#children.map((child) => once(child, 'exit'));
    for (const child of this.#children) child.kill(signal);
    await Promise.all(ended);
    this.#children = [];
  }

  /** Ends everything. */
  async end(): Promise<void> {
    await this.down();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #spawn(words: string[]): ChildProcess {
    const child = spawn(process.execPath, words, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...roleEnvironment, ...process.env },
    });
    this.#children.push(child);
    return child;
  }
}

/** Starts the one program that all simulated servers are; returns its port, and how to end it. */
export async function startAnswers(): Promise<{ port: number; end: () => void }> {
  const child = spawn(process.execPath, [rolePath, 'answers'], { stdio: ['ignore', 'pipe', 'inherit'] });
  return { port: Number(await firstLine(child)), end: () => void child.kill() };
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new Error('no pipe');
  const lines = createInterface(stdout);
  const [line] = (await once(lines, 'line')) as [string];
  return line;
}
