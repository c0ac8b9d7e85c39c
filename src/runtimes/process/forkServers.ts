import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../core/errors.ts';
import { randomHex } from '../../core/ids.ts';
import { replaceFile } from '../../core/replaceFile.ts';
import type { Logger } from '../../observability/logger.ts';
import type { ModuleCommand } from './forkable.ts';
import { type Answer, connectIn, exchange } from './forkServerSocket.ts';
import { forkServerEnvironment, type PythonEnvironment } from './launchEnvironment.ts';
import { proportionalBytesOf, residentBytesOf } from './memoryUse.ts';
import type { Placement } from './placement.ts';
import { isAlive, readAllProcesses, readBootId, readEnvironment, readProcess } from './proc.ts';
import type { LaunchRequest } from './supervisor.ts';
import { readJson } from './workloadFolder.ts';
import { installationVariable } from './workloadProcesses.ts';

/** How fork servers are run. */
export interface ForkServersOptions {
  /** The folder of their folders. */
  directory: string;
  /** The folder of the Python programs. */
  programs: string;
  environment: PythonEnvironment;
  installationId: string;
  log: Logger;
  /** Seconds without a request after which one gives its memory back. */
  idleSeconds: number;
  /** What all of them may hold in memory; beyond, no further one is begun, and starts are plain ones. */
  mostBytes: number;
}

/** What one fork server holds in memory. */
export interface ForkServerMemory {
  /** The user; empty for the spare one. */
  owner: string;
  /** Its proportional share (PSS): pages that its children still share with it count in part. */
  bytes: number;
}

const serverSchema = z.object({
  owner: z.string(),
  pid: z.number(),
  startTime: z.number(),
  bootId: z.string(),
  /** What a spare one knows as its home. */
  home: z.string().optional(),
});

/** What one holds when it has its modules. */
const usualBytes = 150 * 2 ** 20;
/** How long one that has its modules may take to fork; it needs some milliseconds. */
const forkTimeoutMs = 3000;
/** How long one that is still importing may take: about as long as a plain start would import. */
const importTimeoutMs = 10_000;
/** One that did not answer is left alone for this long. */
const distrustMs = 60_000;
/** How long after the start that took the spare one the next is begun: JupyterLab's own start and its page go first. */
const spareDelayMs = 1000;

/** The fork servers of all users (python/atoll_forkserver.py): one for each, never shared, optional in every way. */
export class ForkServers {
  readonly #options: ForkServersOptions;
  readonly #bootId = readBootId();
  readonly #version: string;
  /** The start under way, by folder name. */
  readonly #starting = new Map<string, Promise<void>>();
  /** When each last showed that it has its modules. */
  readonly #readyAt = new Map<string, number>();
  readonly #distrustedUntil = new Map<string, number>();
  #keepsSpare = false;
  #isSpareTaken = false;
  #spareTimer: NodeJS.Timeout | undefined;

  /** The variables that they run with, as far as these count when modules are loaded. */
  readonly environment: Readonly<Record<string, string>>;

  constructor(options: ForkServersOptions) {
    this.#options = options;
    const { environment, programs } = options;
    this.environment = forkServerEnvironment(environment);
    this.#version = createHash('sha256')
      .update(JSON.stringify([environment.python, environment.directory, programs]))
      .digest('hex');
  }

  /** Removes the folders of those that have ended. */
  async open(): Promise<void> {
    await mkdir(this.#options.directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.#options.directory)) {
      const folder = join(this.#options.directory, name);
      const server = readJson(join(folder, 'server.json'), serverSchema);
      if (!server || !isAlive(server, this.#bootId)) await rm(folder, { recursive: true, force: true });
    }
    await this.#sweepHomes();
  }

  /**
   * Lets the owner's fork server start a module. Resolves true when it runs; false when it must be started plainly, which
   * is also the answer to every failure. Begins a fork server when there is none, and waits for it: it imports first what is
   * waited for, which takes as long there as in a plain start, and is then done for the next one too.
   */
  async run(owner: string, placement: Placement, command: ModuleCommand, request: LaunchRequest): Promise<boolean> {
    const name = this.#folderNameOf(owner, placement);
    if ((this.#distrustedUntil.get(name) ?? 0) > Date.now()) return false;
    const { argv: _, ...rest } = request;
    const { module } = command;
    const message = { op: 'run', ...command, ...rest };
    try {
      const answer = await this.#ask(name, owner, placement, message, module);
      if (answer.error !== undefined)
        this.#options.log.debug({ owner, module, reason: answer.error }, 'a fork server declined a start');
      return answer.pid !== undefined;
    } catch (error) {
      this.#options.log.warn({ owner, module, reason: messageOf(error) }, 'a fork server did not start a process');
      this.#distrustedUntil.set(name, Date.now() + distrustMs);
      return false;
    }
  }

  /** Begins the owner's fork server, or reminds it that it is wanted. */
  async warmUp(owner: string, placement: Placement): Promise<void> {
    const name = this.#folderNameOf(owner, placement);
    try {
      await this.#ask(name, owner, placement, { op: 'warm' });
    } catch (error) {
      this.#options.log.warn({ owner, reason: messageOf(error) }, 'a fork server cannot be begun');
    }
  }

  /**
   * Begins a fork server that belongs to nobody yet, and another one after each that was given away: so that a user's first
   * start is as fast as the next ones. Like the others it ends when nobody needs it.
   */
  async keepSpare(): Promise<void> {
    this.#keepsSpare = true;
    const connection = await connectIn(join(this.#options.directory, this.#spareName));
    connection?.destroy();
    if (connection) return;
    try {
      await this.#begin(this.#spareName, '');
    } catch (error) {
      this.#options.log.warn({ reason: messageOf(error) }, 'a spare fork server cannot be begun');
    }
  }

  /**
   * Lets all of them give their memory back now: those without children end. The processes of those that are left go on as
   * before.
   */
  async giveBack(): Promise<void> {
    const names = await readdir(this.#options.directory).catch(() => []);
    const rest = async (name: string): Promise<void> => {
      const connection = await connectIn(join(this.#options.directory, name));
      if (connection) await exchange(connection, { op: 'rest' }, forkTimeoutMs);
    };
    await Promise.allSettled(names.map(rest));
  }

  /** Begins no more of them. */
  close(): void {
    this.#keepsSpare = false;
    clearTimeout(this.#spareTimer);
  }

  /** What they hold in memory, those of earlier hubs included. */
  async memory(): Promise<ForkServerMemory[]> {
    return (await this.#alive())
      .map(({ owner, pid }) => ({ owner, bytes: proportionalBytesOf(pid) }))
      .filter(({ bytes }) => bytes > 0);
  }

  async #alive(): Promise<z.infer<typeof serverSchema>[]> {
    const names = await readdir(this.#options.directory).catch(() => []);
    return names.flatMap((name) => {
      const server = readJson(join(this.#options.directory, name, 'server.json'), serverSchema);
      return server && isAlive(server, this.#bootId) ? [server] : [];
    });
  }

  /** Whether those that run, and those that are being begun, hold as much memory as all of them may. */
  async #isFull(): Promise<boolean> {
    const held = (await this.#alive()).reduce((sum, { pid }) => sum + residentBytesOf(pid), 0);
    return held + this.#starting.size * usualBytes > this.#options.mostBytes;
  }

  async #ask(name: string, owner: string, placement: Placement, message: object, module?: string): Promise<Answer> {
    const folder = join(this.#options.directory, name);
    await this.#starting.get(name);
    let connection = await connectIn(folder);
    try {
      if (!connection) {
        await this.#begin(name, owner, placement, module);
        connection = await connectIn(folder);
      }
      if (!connection) throw new Error('it cannot be reached');
      // Since its last sign it cannot have given its modules back.
      const isReady = Date.now() - (this.#readyAt.get(name) ?? 0) < this.#options.idleSeconds * 1000 - importTimeoutMs;
      const answer = await exchange(connection, message, isReady ? forkTimeoutMs : importTimeoutMs);
      if (answer.pid !== undefined || answer.ready) this.#readyAt.set(name, Date.now());
      return answer;
    } finally {
      if (this.#isSpareTaken) this.#renewSpare();
    }
  }

  #renewSpare(): void {
    this.#isSpareTaken = false;
    if (!this.#keepsSpare) return;
    clearTimeout(this.#spareTimer);
    this.#spareTimer = setTimeout(() => void this.keepSpare(), spareDelayMs);
    this.#spareTimer.unref();
  }

  /**
   * Makes a fork server: from the spare one if there is one. Without a placement it is the spare one itself.
   * @param first the module that is waited for
   */
  #begin(name: string, owner: string, placement?: Placement, first?: string): Promise<void> {
    const make = async (): Promise<void> => {
      if (!placement || !(await this.#takeSpare(name, owner, placement)))
        await this.#spawn(name, owner, placement, first);
    };
    const beginning =
      this.#starting.get(name) ??
      make().finally(() => {
        this.#starting.delete(name);
      });
    this.#starting.set(name, beginning);
    return beginning;
  }

  /** Gives the spare fork server to a user. False when there is none that can be had. */
  async #takeSpare(name: string, owner: string, { changeTo, home }: Placement): Promise<boolean> {
    await this.#starting.get(this.#spareName)?.catch(() => undefined);
    const spare = join(this.#options.directory, this.#spareName);
    const record = readJson(join(spare, 'server.json'), serverSchema);
    // Under a name of its own from now on: no two users ask for the same one.
    const taken = join(this.#options.directory, `${name}.taken`);
    try {
      await rm(taken, { recursive: true, force: true });
      await rename(spare, taken);
    } catch {
      return false;
    }
    this.#isSpareTaken = true;
    const connection = record && (await connectIn(taken));
    if (!connection || record.home === undefined) return false;
    try {
      await becomeLink(record.home, home);
      const answer = await exchange(connection, { op: 'assign', account: changeTo ?? null }, importTimeoutMs);
      if (answer.error !== undefined) return false;
      replaceFile(join(taken, 'server.json'), JSON.stringify({ ...record, owner }));
      await rm(join(this.#options.directory, name), { recursive: true, force: true });
      await rename(taken, join(this.#options.directory, name));
      return true;
    } catch (error) {
      this.#options.log.warn({ owner, reason: messageOf(error) }, 'the spare fork server cannot be used');
      return false;
    }
  }

  async #spawn(name: string, owner: string, placement?: Placement, first?: string): Promise<void> {
    const { environment, programs, idleSeconds, installationId } = this.#options;
    if (await this.#isFull()) throw new Error('they hold as much memory as they may');
    const folder = join(this.#options.directory, name);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const spareHome = placement ? undefined : await this.#makeHome();
    const log = openSync(join(folder, 'log'), 'w', 0o600);
    const server = spawn(environment.python, ['-I', '-S', join(programs, 'atoll_forkserver.py')], {
      detached: true,
      cwd: '/',
      env: {
        PATH: `${join(environment.directory, 'bin')}:/usr/local/bin:/usr/bin:/bin`,
        HOME: placement?.home ?? spareHome,
        ...(placement ? { USER: placement.account.name, LOGNAME: placement.account.name } : {}),
        LANG: 'C.UTF-8',
        ...this.environment,
        [installationVariable]: installationId,
      },
      stdio: ['pipe', log, log],
    });
    closeSync(log);
    server.unref();
    server.on('exit', () => this.#readyAt.delete(name));
    server.on('error', () => this.#readyAt.delete(name));
    server.stdin?.on('error', () => undefined);
    const account = placement?.changeTo ?? null;
    const settings = { folder, account, idleSeconds, spare: placement === undefined, first: first ?? null };
    server.stdin?.end(JSON.stringify(settings));
    const startTime = server.pid === undefined ? undefined : readProcess(server.pid)?.startTime;
    if (server.pid === undefined || startTime === undefined) throw new Error('it cannot be executed');
    const record = { owner, pid: server.pid, startTime, bootId: this.#bootId, home: spareHome };
    replaceFile(join(folder, 'server.json'), JSON.stringify(record));
    const deadline = Date.now() + importTimeoutMs;
    while (Date.now() < deadline && isAlive(record, this.#bootId)) {
      const connection = await connectIn(folder);
      connection?.destroy();
      if (connection) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const lines = (await readFile(join(folder, 'log'), 'utf8')).trim().split('\n');
    throw new Error(`it does not listen: ${lines.at(-1)?.slice(0, 500) ?? ''}`);
  }

  /**
   * The home of a spare fork server: an empty folder, which becomes a link to the home of the user who gets it. Modules
   * work out paths below the home when they are imported (JupyterLab's workspaces, the trash, Dask's configuration), and
   * keep them; these must become the user's own, and nobody else's. A link from the beginning would not do: some of them
   * keep the path that it leads to.
   */
  async #makeHome(): Promise<string> {
    const folder = this.#homes;
    await this.#sweepHomes();
    await mkdir(folder, { recursive: true });
    await chmod(folder, 0o711); // to pass through, for the account that the user runs as
    const home = join(folder, randomHex(8));
    await mkdir(home, { mode: 0o700 });
    return home;
  }

  /**
   * Removes the homes that no process was begun with: neither a fork server nor, after its end, one of its children, which
   * go on using the paths that its modules worked out. Fork servers are asked for by their records: the kernel may show none
   * of its environment for a moment while a process imports.
   */
  async #sweepHomes(): Promise<void> {
    const names = await readdir(this.#homes).catch(() => []);
    if (names.length === 0) return;
    const known = new Set((await this.#alive()).map(({ home }) => home));
    const used = new Set(readAllProcesses().flatMap(({ pid }) => readEnvironment(pid)));
    for (const name of names) {
      const home = join(this.#homes, name);
      // Of a link only the link goes.
      if (!known.has(home) && !used.has(`HOME=${home}`)) await rm(home, { recursive: true, force: true });
    }
  }

  get #homes(): string {
    return join(dirname(this.#options.directory), 'fork-server-homes');
  }

  get #spareName(): string {
    return `spare-${this.#version.slice(0, 20)}`;
  }

  /** One for each user, account and home: an account that was made, or changed, since then gets another one. */
  #folderNameOf(owner: string, { account, home }: Placement): string {
    const whose = JSON.stringify([this.#version, owner, account.uid, account.gid, home]);
    return createHash('sha256').update(whose).digest('hex').slice(0, 20);
  }
}

/** Puts a link to another place where a folder is. */
async function becomeLink(folder: string, target: string): Promise<void> {
  await rename(folder, `${folder}.old`);
  await symlink(target, folder);
  await rm(`${folder}.old`, { recursive: true, force: true });
}
