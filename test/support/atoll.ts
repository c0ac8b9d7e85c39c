import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { freePort } from './freePort.ts';
import { killNow, processesNaming, readProc } from './processesNaming.ts';
import { until } from './until.ts';

const program = resolve(import.meta.dirname, '../../bin/atoll');
const sources = resolve(import.meta.dirname, '../../src/main.ts');

/** What a test's Atoll is started with. */
export interface AtollOptions {
  /** Text of a settings file. */
  settings?: string;
  /** More arguments for `atoll up`. */
  arguments?: string[];
  /** An existing data folder (which is then not removed by {@link Atoll.end}); default: a new temporary one. */
  data?: string;
  port?: number;
  /** The address that it listens on; default: this machine only. */
  host?: string;
  /** Runs the sources rather than the bundle, as a profile needs it. */
  sources?: boolean;
}

/** A whole Atoll, started as a person starts it: `bin/atoll up` on a free port, with a data folder of its own. */
export class Atoll {
  readonly data: string;
  readonly port: number;
  readonly #options: AtollOptions;
  readonly #ownsData: boolean;
  #process: ChildProcess | undefined;
  /** Everything printed on standard output and error so far. */
  output = '';

  private constructor(options: AtollOptions, data: string, port: number) {
    this.#options = options;
    this.#ownsData = options.data === undefined;
    this.data = data;
    this.port = port;
  }

  /** Starts one and waits for its `Ready` line. */
  static async start(options: AtollOptions = {}): Promise<Atoll> {
    const data = options.data ?? mkdtempSync(join(tmpdir(), 'atoll-test-'));
    const atoll = new Atoll(options, data, options.port ?? (await freePort()));
    await atoll.up();
    return atoll;
  }

  get url(): string {
    return `http://${this.#options.host ?? '127.0.0.1'}:${this.port}`;
  }

  /** The one-time link that the last `up` printed. */
  get signInLink(): string {
    const link = this.output.match(/https?:\/\/\S+login\?link=\S+/g)?.at(-1);
    if (link === undefined) throw new Error(`no sign-in link in: ${this.output}`);
    return link;
  }

  /** Runs `atoll up` (again) on the same data and port; resolves at its `Ready` line. */
  async up(): Promise<void> {
    const extra = [...(this.#options.arguments ?? [])];
    if (this.#options.host !== undefined) extra.push('--host', this.#options.host);
    if (this.#options.settings !== undefined) {
      const file = join(this.data, 'test-settings.yaml');
      writeFileSync(file, this.#options.settings);
      extra.push('-f', file);
    }
    const [command, ...words] = this.#options.sources ? [process.execPath, sources] : [program];
    const started = spawn(command, [...words, 'up', '--data', this.data, '--port', String(this.port), ...extra], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // A test's notebooks do not belong into the home of the person who runs it.
      env: { ...process.env, ...this.#shareEnvironment(), HOME: this.data },
    });
    this.#process = started;
    this.output = '';
    const collect = (bytes: Buffer): void => void (this.output += bytes.toString());
    started.stdout.on('data', collect);
    started.stderr.on('data', collect);
    await until(
      'the Ready line',
      () => {
        if (started.exitCode !== null) throw new Error(`atoll up ended: ${this.output}`);
        return /^Ready[^]*^Sign in.*\n/m.test(this.output); // the last line of what it prints then
      },
      120,
    );
  }

  /** The process id of `up`, `hub` or `edge` of this Atoll. */
  pidOf(role: 'up' | 'hub' | 'edge'): number {
    const pid = this.#rolePids(role)[0];
    if (pid === undefined) throw new Error(`no ${role} runs`);
    return pid;
  }

  /** Sends SIGTERM to `up` and waits for its end; returns its exit code. */
  async stop(): Promise<number | null> {
    const ended = this.ended();
    this.#process?.kill('SIGTERM');
    return ended;
  }

  /** Waits for the end of `up`; returns its exit code. */
  async ended(): Promise<number | null> {
    const running = this.#process;
    if (!running || running.exitCode !== null || running.signalCode !== null) return running?.exitCode ?? null;
    return new Promise((done) => running.once('exit', (code) => done(code)));
  }

  /** kill -9 of `up`, hub and edge, as one. */
  async killAll(): Promise<void> {
    const pids = [this.#process?.pid, ...this.#rolePids('hub'), ...this.#rolePids('edge')];
    for (const pid of pids) if (pid !== undefined) killNow(pid);
    await until('the end of all roles', () => this.#rolePids('hub').length + this.#rolePids('edge').length === 0);
  }

  /** Ends Atoll and every workload, and removes the data folder. */
  async end(): Promise<void> {
    await this.stop();
    const left = (): number[] => [...processesNaming(this.data), ...processesNaming(this.#installationMark())];
    for (const pid of left()) killNow(pid);
    await until('the end of all workloads', () => left().length === 0);
    if (this.#ownsData) rmSync(this.data, { recursive: true, force: true });
  }

  /**
   * Lets this Atoll find the Python environment that was built for the tests where it would build its own: as its own, so
   * that fork servers start its programs. Anything else in ATOLL_PYTHON_ENV stays somebody else's environment.
   */
  #shareEnvironment(): { ATOLL_PYTHON_ENV?: string } {
    const given = process.env.ATOLL_PYTHON_ENV;
    if (given === undefined || !existsSync(join(dirname(given), 'current.json'))) return {};
    const own = join(this.data, 'python');
    if (!existsSync(own)) symlinkSync(dirname(given), own);
    return { ATOLL_PYTHON_ENV: '' };
  }

  /** What every workload of this Atoll has in its environment, wherever its home is. */
  #installationMark(): string {
    return `ATOLL_INSTALLATION=${readFileSync(join(this.data, 'secrets/installation-id'), 'utf8').slice(0, 16)}`;
  }

  #rolePids(role: string): number[] {
    return processesNaming(this.data).filter((pid) => {
      const argv = readProc(pid, 'cmdline').split('\0');
      return argv.some((word) => /\/main\.(ts|cjs)$/.test(word)) && argv.includes(role);
    });
  }
}
