import { setTimeout as wait } from 'node:timers/promises';
import { AtollError } from '../core/errors.ts';
import type { Logger } from '../observability/logger.ts';
import {
  type KnownPython,
  type LoadedPython,
  type LoadMessage,
  loadedSchema,
  type PythonFailure,
  type PythonRequest,
} from './messages.ts';
import { PythonProcess, PythonTrouble } from './pythonProcess.ts';
import { toAtollError } from './toAtollError.ts';

/** What {@link createBridge} needs. */
export interface BridgeOptions {
  /** The environment's interpreter, absolute. */
  python: string;
  log: Logger;
  /** Milliseconds that all snippets together may take to load. Default 20 000. */
  loadMs?: number;
}

/** Snippets that were loaded into a process of their own, which nobody uses yet. */
export interface Trial {
  loaded: LoadedPython;
  /** From now on requests go to this process; those under way in the former one may still end. */
  adopt(): void;
  /** Ends the process. */
  discard(): void;
}

/**
 * The Python of the settings, in a supervised process: it is started by the first load that has snippets, and again
 * whenever it died, with the same snippets, by the next request. Nothing that happens in it ends the hub.
 */
export interface Bridge {
  /** What is loaded now; undefined: no Python is in use, and no process runs. */
  readonly loaded: LoadedPython | undefined;
  /** The process that runs now, for tests and diagnosis. */
  readonly pid: number | undefined;
  /**
   * Runs snippets in a new process. What is wrong with them is in `loaded.problems`, not thrown.
   * @throws AtollError `ATOLL_PYTHON_FAILED` when there is no result at all: the process died, or took too long.
   */
  try(message: LoadMessage): Promise<Trial>;
  /**
   * Runs snippets that were run before, elsewhere or in a process that has ended, in a new process.
   * @throws AtollError `ATOLL_PYTHON_FAILED` when one of them fails that did not fail then, or when there is no result.
   */
  repeat(known: KnownPython): Promise<Trial>;
  /** {@link try}, and adopts the result unless a snippet failed; then what ran before goes on. */
  load(message: LoadMessage): Promise<LoadedPython>;
  /**
   * Calls an operation (python/bridge/atoll_bridge/session.py). A request that waited when the process died is sent to the
   * next one; one that had begun is not, because it may have had effects.
   * @param timeoutMs after which it fails; its process is killed when it cannot be cancelled.
   * @throws AtollError `ATOLL_PYTHON_REFUSED` when the snippet raised it on purpose, with its message; otherwise
   * `ATOLL_PYTHON_FAILED` with the last line of the traceback, and the line of the settings.
   */
  perform(request: PythonRequest, timeoutMs: number): Promise<unknown>;
  /** Uses no Python from now on. */
  unload(): void;
  /** Ends the process, and starts none any more. */
  close(): void;
}

/** A bridge without any Python yet. */
export function createBridge(options: BridgeOptions): Bridge {
  return new PythonBridge(options);
}

/** What a load that has no snippets comes to. */
const nothing: LoadedPython = {
  traits: [],
  hooks: [],
  clusterOptions: 'none',
  usesAuthState: false,
  problems: [],
};
/** Python takes some 0.1 s; what snippets import, and a busy machine, take longer. */
const defaultLoadMs = 20_000;
/** How often a process that died is replaced within a time, in milliseconds. */
const [mostRestarts, restartWindowMs] = [20, 60_000];
/** How long requests to a process that was replaced may go on. */
const retirementMs = 60_000;

interface Current extends KnownPython {
  process: PythonProcess;
}

class PythonBridge implements Bridge {
  readonly #options: BridgeOptions;
  #current: Current | undefined;
  /** All that were started, trials too, as far as they have not ended. */
  readonly #processes = new Set<PythonProcess>();
  /** Under way: another process in place of one that died. */
  #restart: Promise<PythonProcess> | undefined;
  /** When it was started in place of one that died, as far as that is not long ago. */
  #restarts: number[] = [];
  #closed = false;

  constructor(options: BridgeOptions) {
    this.#options = options;
  }

  get loaded(): LoadedPython | undefined {
    return this.#current?.loaded;
  }

  get pid(): number | undefined {
    return this.#current?.process.pid;
  }

  async try(message: LoadMessage): Promise<Trial> {
    if (message.snippets.length === 0) return { loaded: nothing, adopt: () => this.#replace(undefined), discard() {} };
    const { process, loaded } = await this.#start(message);
    return {
      loaded,
      adopt: () => this.#replace({ message, loaded, process }),
      discard: () => process.kill(),
    };
  }

  async repeat(known: KnownPython): Promise<Trial> {
    const { process } = await this.#startAgain(known);
    return { loaded: known.loaded, adopt: () => this.#replace({ ...known, process }), discard: () => process.kill() };
  }

  async load(message: LoadMessage): Promise<LoadedPython> {
    const trial = await this.try(message);
    if (trial.loaded.problems.some(({ failure }) => failure)) trial.discard();
    else trial.adopt();
    return trial.loaded;
  }

  async perform(request: PythonRequest, timeoutMs: number): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      const process = await this.#running();
      try {
        return await process.request(request, timeoutMs);
      } catch (error) {
        if (!(error instanceof PythonTrouble)) throw error;
        const { trouble } = error;
        if (trouble.kind !== 'ended' || trouble.begun || attempt === 3) throw toAtollError(error, timeoutMs);
      }
    }
  }

  unload(): void {
    this.#replace(undefined);
  }

  close(): void {
    this.#closed = true;
    for (const process of this.#processes) process.kill();
    this.#current = undefined;
  }

  /** The process, started again if it died. */
  async #running(): Promise<PythonProcess> {
    const current = this.#current;
    if (!current)
      throw toAtollError(new PythonTrouble({ kind: 'ended', how: 'it is not in the settings', begun: false }), 0);
    if (!current.process.hasEnded) return current.process;
    if (!this.#restart) this.#checkRestarts();
    this.#restart ??= this.#startAgain(current)
      .then(({ process }) => {
        if (this.#current === current) current.process = process;
        else process.kill();
        return process;
      })
      .finally(() => {
        this.#restart = undefined;
      });
    return this.#restart;
  }

  /** A function that ends its process at each call shall not keep the machine busy. */
  #checkRestarts(): void {
    const now = Date.now();
    this.#restarts = [...this.#restarts.filter((at) => at > now - restartWindowMs), now];
    if (this.#restarts.length <= mostRestarts) return;
    this.#restarts.pop();
    const wait = Math.ceil(((this.#restarts[0] ?? now) + restartWindowMs - now) / 1000);
    throw new AtollError(
      'ATOLL_PYTHON_FAILED',
      `The Python of the settings ended ${mostRestarts} times within a minute; it is started again in ${wait} seconds.`,
      { retryAfterSeconds: wait, status: 503 },
    );
  }

  /** Starts a process with snippets that were loaded before: they fail now only where they failed then. */
  async #startAgain({ message, loaded }: KnownPython): Promise<{ process: PythonProcess }> {
    const again = await this.#start(message);
    const failure = newFailure(loaded, again.loaded);
    if (!failure) return again;
    again.process.kill();
    throw toAtollError(new PythonTrouble({ kind: 'failed', failure }), 0);
  }

  async #start(message: LoadMessage): Promise<{ process: PythonProcess; loaded: LoadedPython }> {
    const { python, log, loadMs = defaultLoadMs } = this.#options;
    const process = new PythonProcess(python, log);
    for (const other of this.#processes) if (other.hasEnded) this.#processes.delete(other);
    this.#processes.add(process);
    try {
      const loaded = loadedSchema.safeParse(await process.request({ op: 'load', ...message }, loadMs));
      if (!loaded.success)
        throw new PythonTrouble({ kind: 'ended', how: 'it sent something that is not understood', begun: true });
      for (const { failure } of loaded.data.problems)
        if (failure) log.warn({ traceback: failure.traceback }, 'the Python of the settings failed');
      if (this.#closed) process.kill();
      return { process, loaded: loaded.data };
    } catch (error) {
      process.kill();
      throw error instanceof PythonTrouble ? toAtollError(error, loadMs) : error;
    }
  }

  #replace(next: Current | undefined): void {
    const before = this.#current?.process;
    this.#current = next;
    if (before) void retire(before);
  }
}

/** How a snippet failed that did not fail when the same was loaded before. */
function newFailure(before: LoadedPython, now: LoadedPython): PythonFailure | undefined {
  const known = new Set(before.problems.map(({ failure }) => failure?.reason));
  return (
    now.problems.map(({ failure }) => failure).find((failure) => failure && !known.has(failure.reason)) ?? undefined
  );
}

/** Lets what is under way end, then ends the process. */
async function retire(process: PythonProcess): Promise<void> {
  const deadline = Date.now() + retirementMs;
  while (process.isBusy && Date.now() < deadline) await wait(100, undefined, { ref: false });
  process.kill();
}
