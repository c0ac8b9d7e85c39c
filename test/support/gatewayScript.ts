import { type ChildProcess, spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const folder = resolve(import.meta.dirname, '../gateway/scripts');
/** Atoll's modules for Dask's clients. */
const daskClient = resolve(import.meta.dirname, '../../python/client');

/** The Python environment of the tests: one with dask-gateway in it. */
export function pythonOfTests(): string {
  const environment = process.env.ATOLL_PYTHON_ENV;
  if (environment === undefined) throw new Error('ATOLL_PYTHON_ENV is not set; run the tests with scripts/test');
  return join(environment, 'bin/python');
}

/** A script of test/gateway/scripts that runs as somebody's program, with the environment that servers get. */
export class GatewayScript {
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting: ((line: string | undefined) => void)[] = [];
  #errors = '';
  #ended = false;

  /**
   * @param name the script's, without `.py`.
   * @param url where Atoll answers, without a final slash.
   * @param token an API token of the person.
   * @param python the interpreter; default: that of the environment of the tests.
   * @param more variables of its environment.
   */
  constructor(name: string, url: string, token: string, python = pythonOfTests(), more: Record<string, string> = {}) {
    const { host } = new URL(url);
    this.#process = spawn(python, ['-W', 'ignore::ResourceWarning', join(folder, `${name}.py`)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        PYTHONDONTWRITEBYTECODE: '1',
        JUPYTERHUB_API_TOKEN: token,
        DASK_GATEWAY__ADDRESS: `${url}/services/dask-gateway/`,
        DASK_GATEWAY__PROXY_ADDRESS: `gateway://${host}`,
        DASK_GATEWAY__PUBLIC_ADDRESS: '/services/dask-gateway/',
        DASK_GATEWAY__AUTH__TYPE: 'jupyterhub',
        PYTHONPATH: daskClient,
        ...more,
      },
    });
    const { stdin, stdout, stderr } = this.#process;
    if (!stdin || !stdout || !stderr) throw new Error('no pipes');
    stdin.on('error', () => undefined);
    stderr.on('data', (bytes: Buffer) => (this.#errors += bytes.toString()));
    const lines = createInterface(stdout);
    lines.on('line', (line) => {
      const waiting = this.#waiting.shift();
      if (waiting) waiting(line);
      else this.#lines.push(line);
    });
    this.#process.once('close', () => {
      this.#ended = true;
      for (const waiting of this.#waiting.splice(0)) waiting(undefined);
    });
  }

  /** The next JSON object that it prints. Throws with its standard error when it ends before. */
  async next<T>(): Promise<T> {
    const line =
      this.#lines.shift() ?? (this.#ended ? undefined : await new Promise((done) => this.#waiting.push(done)));
    if (line === undefined) throw new Error(`the script ended: ${this.#errors}`);
    return JSON.parse(line) as T;
  }

  /** Gives it a line on standard input. */
  tell(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** Ends its standard input. */
  finish(): void {
    this.#process.stdin?.end();
  }

  /** Ends its standard input, and waits for its end. */
  async end(): Promise<void> {
    this.#process.stdin?.end();
    if (!this.#ended) await new Promise((resolve) => this.#process.once('close', resolve));
  }

  /** Kills it. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }
}
