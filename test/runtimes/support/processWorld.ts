import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../../src/observability/logger.ts';
import type { Observation, Reservation, WorkloadSpec } from '../../../src/runtimes/contract.ts';
import { readAllProcesses, readEnvironment } from '../../../src/runtimes/process/proc.ts';
import {
  createProcessRuntime,
  type ProcessRuntime,
  type ProcessRuntimeOptions,
} from '../../../src/runtimes/process/processRuntime.ts';
import { until } from '../../support/until.ts';
import type { RuntimeUnderTest } from '../contract.ts';

/** The Python environment of the tests: the one that ATOLL_PYTHON_ENV names, treated as if Atoll had built it. */
export function testEnvironment(): { python: string; directory: string; owned: boolean } {
  const directory = process.env.ATOLL_PYTHON_ENV;
  if (!directory) throw new Error('ATOLL_PYTHON_ENV must name a Python environment (scripts/test sets it)');
  return { python: join(directory, 'bin/python'), directory, owned: true };
}

let worlds = 0;

/** A process runtime in a temporary folder. */
export class ProcessWorld implements RuntimeUnderTest {
  readonly root = mkdtempSync(join(tmpdir(), 'atoll-runtime-'));
  readonly options: ProcessRuntimeOptions;
  runtime: ProcessRuntime;
  #ids = 0;

  constructor(options: Partial<ProcessRuntimeOptions> = {}) {
    worlds += 1;
    // Other accounts must be able to pass through, as an operator's data folder lets them.
    chmodSync(this.root, 0o711);
    this.options = {
      directory: join(this.root, 'process'),
      environment: testEnvironment(),
      installationId: `test-${process.pid}-${worlds}`,
      log: silentLogger(),
      ...options,
    };
    this.runtime = createProcessRuntime(this.options);
  }

  static async open(options: Partial<ProcessRuntimeOptions> = {}): Promise<ProcessWorld> {
    const world = new ProcessWorld(options);
    await world.runtime.open();
    return world;
  }

  async reopen(): Promise<ProcessRuntime> {
    await this.runtime.close();
    this.runtime = createProcessRuntime(this.options);
    await this.runtime.open();
    return this.runtime;
  }

  /** Reserves and starts, with defaults. */
  async start(
    command: readonly string[] | ((reservation: Reservation) => readonly string[]),
    more: Partial<Omit<WorkloadSpec, 'reservation' | 'command'>> = {},
  ): Promise<WorkloadSpec> {
    this.#ids += 1;
    const { id = `w-${this.#ids}`, kind = 'worker', owner = 'ada' } = more;
    const reservation = await this.runtime.reserve({ id, kind, owner, ports: ['http'] });
    const argv = typeof command === 'function' ? command(reservation) : command;
    const defaults = { kind, owner, environment: {}, files: {}, resources: {} };
    const spec: WorkloadSpec = { ...defaults, ...more, id, command: argv, reservation };
    await this.runtime.start(spec);
    return spec;
  }

  exited(id: string): Promise<Observation> {
    return until(`${id} has exited`, async () => {
      const seen = await this.runtime.get(id);
      return seen?.phase === 'exited' && seen;
    });
  }

  /** The first line of the log that matches. */
  line(id: string, pattern: RegExp): Promise<string> {
    return until(`${id} wrote ${pattern}`, async () =>
      (await this.runtime.logTail(id, 1000)).find((line) => pattern.test(line)),
    );
  }

  /** The pid of a workload's main process. */
  pidOf(id: string): number {
    const folder = join(this.options.directory, 'workloads', id);
    for (const name of readdirSync(folder)) {
      const text = /^process\.[0-9a-f]+\.json$/.test(name) ? readFileSync(join(folder, name), 'utf8') : '';
      if (text !== '') return (JSON.parse(text) as { pid: number }).pid;
    }
    throw new Error(`${id} has no process`);
  }

  /** The pids of the fork servers, by owner. */
  forkServers(): Map<string, number> {
    const folder = join(this.options.directory, 'fork-servers');
    const records = (existsSync(folder) ? readdirSync(folder) : [])
      .map((name) => join(folder, name, 'server.json'))
      .filter((path) => existsSync(path))
      .map((path) => JSON.parse(readFileSync(path, 'utf8')) as { owner: string; pid: number });
    return new Map(records.map(({ owner, pid }) => [owner, pid]));
  }

  /** The pids of everything that carries this world's mark. */
  processes(): number[] {
    const mark = `ATOLL_INSTALLATION=${this.options.installationId}`;
    return readAllProcesses()
      .map(({ pid }) => pid)
      .filter((pid) => readEnvironment(pid).includes(mark));
  }

  async dispose(): Promise<void> {
    await this.runtime.close();
    await until('nothing of this world runs', () => {
      const left = this.processes();
      for (const pid of left) killIfThere(pid);
      return left.length === 0;
    });
    rmSync(this.root, { recursive: true, force: true });
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
