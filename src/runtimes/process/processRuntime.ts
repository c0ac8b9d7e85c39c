import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { AtollError, systemCodeOf } from '../../core/errors.ts';
import type { Logger } from '../../observability/logger.ts';
import type {
  Observation,
  Reservation,
  ReservationRequest,
  Runtime,
  StopOptions,
  WorkloadExit,
  WorkloadSpec,
} from '../contract.ts';
import { forkableModule } from './forkable.ts';
import { type ForkServerMemory, ForkServers } from './forkServers.ts';
import { installPrograms } from './installPrograms.ts';
import { composeEnvironment, type PythonEnvironment, resolveCommand } from './launchEnvironment.ts';
import { boundLog, readLogTail } from './logFile.ts';
import { describeIsolation, ensureHome, type Isolation, type Placement, placementOf } from './placement.ts';
import { PortAllocator } from './portAllocator.ts';
import { isAlive, readBootId, readOutOfMemoryKills } from './proc.ts';
import { type LaunchRequest, launchUnderSupervisor } from './supervisor.ts';
import { type ExitFile, WorkloadFolder, type WorkloadProcess, type WorkloadRecord } from './workloadFolder.ts';
import { killAll, ProcessSnapshot, signalGroup, type WorkloadMark } from './workloadProcesses.ts';

/** How a process runtime is made. */
export interface ProcessRuntimeOptions {
  /** Its own folder, absolute; the users' homes are made in `homes` beside it. */
  directory: string;
  environment: PythonEnvironment;
  /** Marks the processes of this installation; `[a-z0-9-]`. */
  installationId: string;
  log: Logger;
  /** Whether fork servers may start Python modules. Default true; they need an environment that Atoll owns. */
  allowForkServers?: boolean;
  /** Seconds without a start after which a fork server gives its memory back. Default 600. */
  forkServerIdleSeconds?: number;
}

/** The runtime of one machine: every workload is a process with a session, a folder and a log of its own. */
export interface ProcessRuntime extends Runtime {
  readonly name: 'process';
  /** Whether users are kept apart, and the sentence for the start-up message. */
  isolation(): Isolation;
  /** Begins a user's fork server, so that their next start is fast: at sign-in, say. Never fails. */
  warmUp(owner: string): Promise<void>;
  /**
   * Begins a fork server for whoever comes first, so that a user's very first start is fast too. Call it some seconds after
   * the hub is ready: it takes about two seconds of CPU. Never fails.
   */
  keepSpareForkServer(): Promise<void>;
  /** What the fork servers hold in memory, by user. */
  forkServerMemory(): Promise<ForkServerMemory[]>;
}

/** One workload as this hub knows it. */
interface Workload {
  record: WorkloadRecord;
  folder: WorkloadFolder;
  process?: WorkloadProcess;
  exit?: WorkloadExit;
  stopping?: { graceSeconds: number; deadline: number; killed: boolean };
  /** When the main process was first seen to be gone, while its exit file is still empty. */
  goneSince?: number;
}

const pollMs = 250;
/** How long a live parent may take to write the exit file. */
const exitFileTimeoutMs = 3000;
/** Polls between two looks at the sizes of the logs and at the kernel's out-of-memory counter. */
const slowPollEvery = 20;
/** How often what a workload left behind is killed before that is given up. */
const sweeps = 20;
/** Reservations that nobody used are forgotten after this. */
const reservationMs = 600_000;

/** Makes the runtime of one machine. Nothing happens before `open`. */
export function createProcessRuntime(options: ProcessRuntimeOptions): ProcessRuntime {
  return new LocalProcesses(options);
}

class LocalProcesses implements ProcessRuntime {
  readonly name = 'process';
  readonly #options: ProcessRuntimeOptions;
  readonly #workloadsDirectory: string;
  readonly #homes: string;
  /** The folder of the Python programs that start workloads. */
  #programs = '';
  #forkServers: ForkServers | undefined;
  readonly #bootId = readBootId();
  readonly #workloads = new Map<string, Workload>();
  readonly #reservations = new Map<string, { reservation: Reservation; at: number }>();
  readonly #ports = new PortAllocator((port) => this.#isPortTaken(port));
  readonly #listeners = new Set<(observation: Observation) => void>();
  /** The call under way for each id; the next one for the same id waits for it. */
  readonly #calls = new Map<string, Promise<unknown>>();
  /** Ended workloads whose left-over processes are being killed, with the sweeps left. */
  readonly #leftovers = new Map<WorkloadMark, number>();
  #outOfMemoryKills = 0;
  #polls = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options;
    this.#workloadsDirectory = join(options.directory, 'workloads');
    this.#homes = resolve(options.directory, '../homes');
  }

  async open(): Promise<void> {
    // Other accounts must be able to pass through to their files; nothing in here can be listed by them.
    const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
    await mkdir(this.#workloadsDirectory, { recursive: true });
    for (const folder of [this.#options.directory, this.#workloadsDirectory]) await chmod(folder, mode);
    this.#programs = await installPrograms(this.#options.directory);
    for (const id of await readdir(this.#workloadsDirectory)) await this.#adopt(id);
    const { directory, environment, installationId, log, allowForkServers = true } = this.#options;
    if (environment.owned && allowForkServers) {
      this.#forkServers = new ForkServers({
        directory: join(directory, 'fork-servers'),
        programs: this.#programs,
        environment,
        installationId,
        log,
        idleSeconds: this.#options.forkServerIdleSeconds ?? 600,
      });
      await this.#forkServers.open();
    }
    this.#outOfMemoryKills = readOutOfMemoryKills();
    this.#timer = setInterval(() => this.#poll(), pollMs);
    this.#timer.unref();
    this.#poll();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#forkServers?.close();
    await Promise.allSettled(this.#calls.values());
  }

  isolation(): Isolation {
    return describeIsolation();
  }

  async warmUp(owner: string): Promise<void> {
    if (!this.#forkServers) return;
    try {
      const placement = await placementOf(owner, this.#homes);
      await ensureHome(placement, this.#homes);
      await this.#forkServers.warmUp(owner, placement);
    } catch (error) {
      this.#options.log.warn({ err: error, owner }, 'cannot warm up');
    }
  }

  async keepSpareForkServer(): Promise<void> {
    await this.#forkServers?.keepSpare();
  }

  forkServerMemory(): Promise<ForkServerMemory[]> {
    return this.#forkServers?.memory() ?? Promise.resolve([]);
  }

  async reserve(request: ReservationRequest): Promise<Reservation> {
    const known =
      this.#workloads.get(request.id)?.record.reservation ?? this.#reservations.get(request.id)?.reservation;
    if (known) return known;
    const folder = this.#folderOf(request.id);
    const placement = await placementOf(request.owner, this.#homes);
    const ports = Object.fromEntries(
      await Promise.all(request.ports.map(async (name) => [name, await this.#ports.take()] as const)),
    );
    const reservation = {
      bindAddress: '127.0.0.1',
      ports,
      filesDirectory: folder.files,
      homeDirectory: placement.home,
      superuser: placement.account.uid === 0,
    };
    const now = Date.now();
    for (const [id, { at }] of this.#reservations) if (now - at > reservationMs) this.#reservations.delete(id);
    this.#reservations.set(request.id, { reservation, at: now });
    return reservation;
  }

  start(spec: WorkloadSpec): Promise<void> {
    return this.#inTurn(spec.id, async () => {
      if (this.#workloads.has(spec.id)) return;
      const folder = this.#folderOf(spec.id);
      const placement = await placementOf(spec.owner, this.#homes);
      const environment = composeEnvironment(
        spec,
        this.#options.environment,
        placement.account,
        this.#options.installationId,
      );
      const argv = resolveCommand(spec.command, this.#options.environment, environment.PATH ?? '');
      const record: WorkloadRecord = {
        id: spec.id,
        kind: spec.kind,
        owner: spec.owner,
        command: [...spec.command],
        reservation: spec.reservation,
        uid: placement.account.uid,
        acceptedAt: Date.now(),
      };
      const workload: Workload = { record, folder };
      try {
        await ensureHome(placement, this.#homes);
        folder.prepare(spec, placement.changeTo);
        folder.writeRecord(record);
        this.#workloads.set(spec.id, workload);
        workload.process = await this.#launch(workload, placement, argv, environment);
      } catch (error) {
        this.#workloads.delete(spec.id);
        await folder.remove().catch(() => undefined);
        throw startErrorOf(error);
      }
      this.#reservations.delete(spec.id);
      this.#emit(workload);
    });
  }

  stop(id: string, { graceSeconds }: StopOptions): Promise<void> {
    return this.#inTurn(id, async () => {
      const workload = this.#workloads.get(id);
      const mark = workload && this.#markOf(workload);
      if (!workload || !mark || workload.exit) return;
      const deadline = Date.now() + graceSeconds * 1000;
      if (!workload.stopping) {
        workload.stopping = { graceSeconds, deadline, killed: false };
        if (graceSeconds > 0) signalGroup(mark, 'SIGTERM');
      } else if (deadline < workload.stopping.deadline) {
        workload.stopping = { graceSeconds, deadline, killed: false };
      }
      if (graceSeconds <= 0) this.#poll();
    });
  }

  list(): Promise<Observation[]> {
    return Promise.resolve([...this.#workloads.values()].map((workload) => this.#observationOf(workload)));
  }

  get(id: string): Promise<Observation | undefined> {
    const workload = this.#workloads.get(id);
    return Promise.resolve(workload && this.#observationOf(workload));
  }

  observe(listener: (observation: Observation) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async logTail(id: string, lines: number): Promise<string[]> {
    const workload = this.#workloads.get(id);
    return workload ? readLogTail(workload.folder.log, lines) : [];
  }

  forget(id: string): Promise<void> {
    return this.#inTurn(id, async () => {
      const workload = this.#workloads.get(id);
      if (!workload?.exit) return;
      await workload.folder.remove();
      this.#workloads.delete(id);
    });
  }

  /** Takes over what an earlier hub left in a workload's folder. */
  async #adopt(id: string): Promise<void> {
    const folder = this.#folderOf(id);
    const record = folder.readRecord();
    const attempts = record ? folder.listAttempts() : [];
    let process = attempts.map((attempt) => folder.readProcess(attempt)).find((found) => found !== undefined);
    if (!process) {
      // The earlier hub was ended before the workload ran. Its start was never acknowledged: it may not begin any more.
      for (const attempt of attempts) process ??= folder.giveUpAttempt(attempt);
    }
    if (!record || !process) {
      await folder.remove();
      return;
    }
    const exit = folder.readEnd();
    const workload: Workload = { record, folder, process, ...(exit ? { exit } : {}) };
    this.#workloads.set(id, workload);
    const mark = this.#markOf(workload);
    if (exit && mark && process.bootId === this.#bootId) this.#leftovers.set(mark, sweeps);
  }

  /** Makes a workload's process: by the owner's fork server when that is the same thing, otherwise under a supervisor. */
  async #launch(
    workload: Workload,
    placement: Placement,
    argv: readonly string[],
    environment: Record<string, string>,
  ): Promise<WorkloadProcess> {
    const { record, folder } = workload;
    const { changeTo, home } = placement;
    const attemptWith = async (
      launch: (request: LaunchRequest) => Promise<boolean>,
    ): Promise<WorkloadProcess | undefined> => {
      const attempt = folder.openAttempt(changeTo);
      const paths = { log: folder.log, process: attempt, exit: folder.exitFile };
      const runs = await launch({ argv, environment, directory: home, ...paths });
      return (runs ? folder.readProcess(attempt) : undefined) ?? folder.giveUpAttempt(attempt);
    };

    const servers = this.#forkServers;
    const module = servers && forkableModule(record.command, environment);
    const forked =
      module &&
      (await attemptWith((request) => servers.run(record.owner, placement, module.module, module.arguments, request)));
    const process =
      forked ??
      (await attemptWith((request) =>
        launchUnderSupervisor(this.#options.environment.python, this.#programs, changeTo, request),
      ));
    if (process) return process;
    const unreachable = changeTo && (await firstClosedFolder([folder.path, home]));
    if (unreachable !== undefined && unreachable !== home)
      throw new AtollError(
        'ATOLL_FOLDER_UNREACHABLE',
        `The account ${changeTo?.name} cannot enter a folder that its workloads need.`,
        { evidence: `Others may not pass through ${unreachable}.` },
      );
    const [line] = await readLogTail(folder.log, 1);
    throw new AtollError(
      'ATOLL_LAUNCH_FAILED',
      'The process could not be started.',
      line === undefined ? {} : { evidence: line },
    );
  }

  #poll(): void {
    this.#polls += 1;
    const ended: Workload[] = [];
    let snapshot: ProcessSnapshot | undefined;
    for (const workload of this.#workloads.values()) {
      const mark = this.#markOf(workload);
      if (!mark || workload.exit) continue;
      if (isAlive(mark.process, this.#bootId)) {
        if (workload.stopping && Date.now() >= workload.stopping.deadline) {
          workload.stopping.killed = true;
          killAll(mark, (snapshot ??= new ProcessSnapshot()));
        }
      } else if (this.#exitIsKnown(workload, mark)) ended.push(workload);
    }
    for (const workload of ended) this.#end(workload);
    this.#sweep(snapshot);
    if (this.#polls % slowPollEvery === 0) this.#pollSlowly();
  }

  /** Whether nothing more will be learnt about how a workload ended whose main process is gone. */
  #exitIsKnown(workload: Workload, mark: WorkloadMark): boolean {
    if (workload.folder.readExit()) return true;
    workload.goneSince ??= Date.now();
    const parentWaits = isAlive({ ...mark.process.parent, bootId: mark.process.bootId }, this.#bootId);
    return !parentWaits || Date.now() - workload.goneSince > exitFileTimeoutMs;
  }

  #end(workload: Workload): void {
    const mark = this.#markOf(workload);
    if (!mark) return;
    const exit = this.#describeExit(workload, mark, workload.folder.readExit());
    workload.exit = exit;
    if (mark.process.bootId === this.#bootId) this.#leftovers.set(mark, sweeps);
    try {
      workload.folder.writeEnd(exit);
    } catch (error) {
      this.#options.log.error({ err: error, workload: workload.record.id }, 'cannot keep how a workload ended');
    }
    this.#emit(workload);
  }

  #describeExit(workload: Workload, mark: WorkloadMark, file: ExitFile | undefined): WorkloadExit {
    if (!file) {
      const reason =
        mark.process.bootId === this.#bootId
          ? 'It ended, and so did the process that waited for it: how it ended cannot be known.'
          : 'The machine was restarted.';
      return { code: null, signal: null, reason };
    }
    const exit = { code: file.code, signal: file.signal };
    if (file.signal !== 'SIGKILL') return exit;
    if (workload.stopping?.killed) {
      const { graceSeconds } = workload.stopping;
      const reason =
        graceSeconds > 0
          ? `It did not end within ${graceSeconds} s of being asked to, and was killed.`
          : 'It was killed.';
      return { ...exit, reason };
    }
    if (readOutOfMemoryKills() > this.#outOfMemoryKills)
      return { ...exit, reason: 'The operating system killed it because memory ran out.' };
    return exit;
  }

  /** Kills what ended workloads left behind: processes that left the session, or ignored its end. */
  #sweep(present: ProcessSnapshot | undefined): void {
    if (this.#leftovers.size === 0) return;
    const snapshot = present ?? new ProcessSnapshot();
    for (const [mark, left] of this.#leftovers) {
      if (killAll(mark, snapshot) === 0 || left <= 1) this.#leftovers.delete(mark);
      else this.#leftovers.set(mark, left - 1);
    }
  }

  #pollSlowly(): void {
    this.#outOfMemoryKills = readOutOfMemoryKills();
    for (const workload of this.#workloads.values()) {
      if (workload.exit) continue;
      boundLog(workload.folder.log).catch((error: unknown) => {
        if (systemCodeOf(error) !== 'ENOENT')
          this.#options.log.warn({ err: error, workload: workload.record.id }, 'cannot bound the log of a workload');
      });
    }
  }

  #emit(workload: Workload): void {
    const observation = this.#observationOf(workload);
    for (const listener of this.#listeners) listener(observation);
  }

  #observationOf({ record, process, exit }: Workload): Observation {
    const { id, kind, owner, reservation } = record;
    const base = { id, kind, owner, host: '127.0.0.1', ports: reservation.ports };
    if (exit) return { ...base, phase: 'exited', startedAt: record.acceptedAt, exit };
    if (process) return { ...base, phase: 'running', startedAt: record.acceptedAt };
    return { ...base, phase: 'waiting', waitingFor: 'Its process is being started.' };
  }

  #markOf({ record, process }: Workload): WorkloadMark | undefined {
    return process && { id: record.id, installationId: this.#options.installationId, uid: record.uid, process };
  }

  #isPortTaken(port: number): boolean {
    for (const { record, exit } of this.#workloads.values())
      if (!exit && Object.values(record.reservation.ports).includes(port)) return true;
    return false;
  }

  #folderOf(id: string): WorkloadFolder {
    if (!/^[a-z0-9-]{1,63}$/.test(id)) throw new TypeError(`not a workload id: ${JSON.stringify(id)}`);
    return new WorkloadFolder(this.#workloadsDirectory, id);
  }

  /** Runs the calls for one id one after the other. */
  #inTurn<T>(id: string, call: () => Promise<T>): Promise<T> {
    const before = this.#calls.get(id) ?? Promise.resolve();
    const result = before.then(call, call);
    const settled = result
      .catch(() => undefined)
      .finally(() => {
        if (this.#calls.get(id) === settled) this.#calls.delete(id);
      });
    this.#calls.set(id, settled);
    return result;
  }
}

/** The first folder on the way to one of the paths that other accounts may not pass through, or undefined. */
async function firstClosedFolder(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const ancestors = [path];
    while (dirname(ancestors[0] ?? '/') !== ancestors[0]) ancestors.unshift(dirname(ancestors[0] ?? '/'));
    for (const folder of ancestors) if (((await stat(folder)).mode & 0o001) === 0) return folder;
  }
  return undefined;
}

function startErrorOf(error: unknown): unknown {
  const code = systemCodeOf(error);
  const evidence = error instanceof Error ? { evidence: error.message, cause: error } : {};
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new AtollError('ATOLL_DISK_FULL', 'No space is left to start anything.', evidence);
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM')
    return new AtollError('ATOLL_DATA_NOT_WRITABLE', 'The folder of the workloads cannot be written.', evidence);
  return error;
}
