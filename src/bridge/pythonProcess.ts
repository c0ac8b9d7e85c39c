import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { projectFolder } from '../core/projectFolder.ts';
import type { Logger } from '../observability/logger.ts';
import { logOutput } from './logOutput.ts';
import { type Line, messageSchema, type PythonFailure, type PythonRequest } from './messages.ts';

const program = join(projectFolder, 'python/bridge/main.py');
/** Bytes of one message to the process at most. */
const largestRequest = 16 * 2 ** 20;
/** Bytes of one message of the process at most; it keeps to less by itself. */
const largestAnswer = 5 * 2 ** 20;
/** How long a cancelled request may take to end before its process is killed. */
const cancelMs = 500;

/** Why a request has no result. */
export type Trouble =
  /** The snippet failed. */
  | { kind: 'failed'; failure: PythonFailure }
  /** It did not end in time; `place` is the line that it was at. */
  | { kind: 'timeout'; place: Line | null }
  /** The process ended; `begun`: while this request ran, which may have had effects. */
  | { kind: 'ended'; how: string; begun: boolean }
  | { kind: 'tooLarge'; bytes: number };

/** Thrown by {@link PythonProcess.request}. */
export class PythonTrouble extends Error {
  readonly trouble: Trouble;

  constructor(trouble: Trouble) {
    super(trouble.kind);
    this.trouble = trouble;
  }
}

interface Pending {
  begun: boolean;
  resolve: (result: unknown) => void;
  reject: (error: PythonTrouble) => void;
  timer: NodeJS.Timeout;
}

/**
 * One Python process that runs snippets (python/bridge/main.py, which has the protocol). It has a process group of its own,
 * none of the hub's environment but what {@link baseEnvironment} lists, and ends when the hub does.
 */
export class PythonProcess {
  readonly #child: ChildProcess;
  readonly #log: Logger;
  readonly #socket: Duplex;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #received = '';
  #where: ((place: Line | null) => void) | undefined;
  #ended: string | undefined;

  /** @param python an interpreter, absolute. */
  constructor(python: string, log: Logger) {
    this.#log = log;
    this.#child = spawn(python, ['-I', '-u', program], {
      cwd: '/',
      detached: true,
      env: baseEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    this.#socket = this.#child.stdio[3] as Duplex;
    this.#socket.setEncoding('utf8');
    this.#socket.on('data', (text: string) => this.#receive(text));
    this.#socket.on('error', () => undefined);
    this.#child.once('error', (error) => this.#end(`it cannot be started: ${error.message}`));
    this.#child.once('exit', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `killed by ${signal}`;
      if (this.#ended === undefined) log.warn({ how }, 'the Python of the settings ended by itself');
      this.#end(how);
      // What it forked goes with it.
      if (this.#child.pid !== undefined) killGroup(this.#child.pid);
    });
    if (this.#child.stdout) logOutput(this.#child.stdout, log);
    if (this.#child.stderr) logOutput(this.#child.stderr, log);
  }

  /** Whether it has ended. */
  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** Whether requests are under way. */
  get isBusy(): boolean {
    return this.#pending.size > 0;
  }

  /** Its process id; undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * Asks for something; the result is plain JSON.
   * @throws PythonTrouble
   */
  request(message: PythonRequest, timeoutMs: number): Promise<unknown> {
    const id = ++this.#lastId;
    const line = `${JSON.stringify({ ...message, id })}\n`;
    if (line.length > largestRequest)
      return Promise.reject(new PythonTrouble({ kind: 'tooLarge', bytes: line.length }));
    if (this.#ended !== undefined)
      return Promise.reject(new PythonTrouble({ kind: 'ended', how: this.#ended, begun: false }));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => void this.#giveUp(id), timeoutMs);
      this.#pending.set(id, { begun: false, resolve, reject, timer });
      this.#socket.write(line);
    });
  }

  /** Ends it, and everything that it started in its process group. */
  kill(): void {
    this.#end('it was stopped');
    if (this.#child.pid !== undefined) killGroup(this.#child.pid);
    this.#socket.destroy();
  }

  /** A request takes too long: it is cancelled, and when that does not help, the process is killed. */
  async #giveUp(id: number): Promise<void> {
    const place = await this.#askWhere();
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    pending.reject(new PythonTrouble({ kind: 'timeout', place }));
    if (this.#ended !== undefined) return;
    this.#pending.set(id, {
      ...pending,
      resolve: () => undefined,
      reject: () => undefined,
      timer: setTimeout(() => this.kill(), cancelMs),
    });
    this.#socket.write(`${JSON.stringify({ cancel: id })}\n`);
  }

  /** The line of the settings that runs now. */
  #askWhere(): Promise<Line | null> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(null), cancelMs);
      this.#where = (place) => {
        clearTimeout(timer);
        resolve(place);
      };
      this.#socket.write(`${JSON.stringify({ where: true })}\n`);
    });
  }

  #receive(text: string): void {
    const lines = (this.#received + text).split('\n');
    this.#received = lines.pop() ?? '';
    if (this.#received.length > largestAnswer) return this.#abandon('it sent too much');
    for (const line of lines) {
      const message = readMessage(line);
      if (!message) return this.#abandon('it sent something that is not understood');
      this.#take(message);
    }
  }

  #take(message: NonNullable<ReturnType<typeof readMessage>>): void {
    if ('where' in message) return this.#where?.(message.where);
    const pending = this.#pending.get('began' in message ? message.began : message.id);
    if (!pending) return;
    if ('began' in message) {
      pending.begun = true;
      return;
    }
    clearTimeout(pending.timer);
    this.#pending.delete(message.id);
    if (!('error' in message)) return pending.resolve(message.result);
    const { traceback } = message.error;
    if (traceback !== null) this.#log.warn({ traceback }, 'a function of the Python of the settings failed');
    pending.reject(new PythonTrouble({ kind: 'failed', failure: message.error }));
  }

  #abandon(how: string): void {
    this.#end(how);
    this.kill();
  }

  #end(how: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = how;
    for (const { timer, reject, begun } of this.#pending.values()) {
      clearTimeout(timer);
      reject(new PythonTrouble({ kind: 'ended', how, begun }));
    }
    this.#pending.clear();
  }
}

/** What a snippet may count on, and nothing that is the hub's: its secrets come with the load, as far as it needs any. */
function baseEnvironment(): Record<string, string> {
  const names = [
    'PATH',
    'HOME',
    'LANG',
    'TZ',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'SSL_CERT_FILE',
    'REQUESTS_CA_BUNDLE',
  ];
  const kept = [...names, ...names.map((name) => name.toLowerCase())].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  // One thread for linear algebra: each would take some of the memory that the process may have.
  return { LANG: 'C.UTF-8', OPENBLAS_NUM_THREADS: '1', ...Object.fromEntries(kept) };
}

function readMessage(line: string): ReturnType<typeof messageSchema.parse> | undefined {
  try {
    return messageSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
