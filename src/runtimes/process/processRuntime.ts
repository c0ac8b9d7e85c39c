import { chmod, mkdir, readdir } from 'node:fs/promises';
import { totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { AtollError, systemCodeOf } from '../../core/errors.ts';
import type { Logger } from '../../observability/logger.ts';
import type { Observation, Reservation, ReservationRequest, Runtime, StopOptions, WorkloadSpec } from '../contract.ts';
import { describeExit } from './describeExit.ts';
import { type ForkServerMemory, ForkServers } from './forkServers.ts';
import { installPrograms } from './installPrograms.ts';
import { composeEnvironment, type PythonEnvironment, resolveCommand } from './launchEnvironment.ts';
import { Launcher } from './launcher.ts';
import { Leftovers } from './leftovers.ts';
import { boundLog, readLogTail } from './logFile.ts';
import { holdsMoreThan } from './memoryUse.ts';
import {
  describeIsolation,
  ensureHome,
  type Isolation,
  type Placement,
  placementAs,
  placementOf,
} from './placement.ts';
import { PortAllocator } from './portAllocator.ts';
import { isAlive, readBootId, readOutOfMemoryKills } from './proc.ts';
import { Turns } from './turns.ts';
import { markOf, observationOf, type Workload } from './workload.ts';
import { WorkloadFolder } from './workloadFolder.ts';
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
  /** Bytes that all fork servers together may hold in memory. Default: an eighth of this machine's. */
  forkServerMostBytes?: number;
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
  /** Lets the fork servers give their memory back now; those without processes end. Never fails. */
  restForkServers(): Promise<void>;
}

/** How often the processes are looked at: an exit is noticed within a second. */
const pollMs = 250;
/** Polls between two looks at the sizes of the logs and at the kernel's out-of-memory counter. */
const slowPollEvery = 20;
/** Polls between two looks at what workloads hold in memory. */
const memoryPollEvery = 4;
/** And between those that also look for what has left its workload's family. */
const thoroughMemoryPollEvery = 40;
/** Reservations that nobody used are forgotten after this. */
const reservationMs = 600_000;
const defaultIdleSeconds = 600;

/** Makes the runtime of one machine. Nothing happens before `open`. */
export function createProcessRuntime(options: ProcessRuntimeOptions): ProcessRuntime {
  return new LocalProcesses(options);
}

class LocalProcesses implements ProcessRuntime {
  readonly name = 'process';
  readonly #options: ProcessRuntimeOptions;
  readonly #workloadsDirectory: string;
  readonly #homes: string;
  readonly #bootId = readBootId();
  readonly #workloads = new Map<string, Workload>();
  readonly #reservations = new Map<string, { reservation: Reservation; at: number }>();
  readonly #ports = new PortAllocator((port) => this.#isPortTaken(port));
  readonly #listeners = new Set<(observation: Observation) => void>();
  /** The calls for one workload wait for each other. */
  readonly #turns = new Turns();
  readonly #leftovers = new Leftovers();
  #forkServers: ForkServers | undefined;
  #launcher: Launcher | undefined;
  #outOfMemoryKills = 0;
  #polls = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ProcessRuntimeOptions) {
    this.#options = options;
    this.#workloadsDirectory = join(options.directory, 'workloads');
    this.#homes = resolve(options.directory, '../homes');
  }

  async open(): Promise<void> {
    const { directory, environment, installationId, log } = this.#options;
    // Other accounts must be able to pass through to their files; nothing in here can be listed by them.
    const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
    await mkdir(this.#workloadsDirectory, { recursive: true });
    for (const folder of [directory, this.#workloadsDirectory]) await chmod(folder, mode);
    const programs = await installPrograms(directory);
    if (environment.owned && this.#options.allowForkServers !== false) {
      const idleSeconds = this.#options.forkServerIdleSeconds ?? defaultIdleSeconds;
      const folder = join(directory, 'fork-servers');
      this.#forkServers = new ForkServers({
        directory: folder,
        programs,
        environment,
        installationId,
        log,
        idleSeconds,
        mostBytes: this.#options.forkServerMostBytes ?? totalmem() / 8,
      });
      await this.#forkServers.open();
    }
    this.#launcher = new Launcher({ python: environment.python, programs, forkServers: this.#forkServers });
    for (const id of await readdir(this.#workloadsDirectory)) await this.#adopt(id);
    this.#outOfMemoryKills = readOutOfMemoryKills();
    this.#timer = setInterval(() => this.#poll(), pollMs);
    this.#timer.unref();
    this.#poll();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#forkServers?.close();
    await this.#turns.end();
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

  async forkServerMemory(): Promise<ForkServerMemory[]> {
    return (await this.#forkServers?.memory()) ?? [];
  }

  async restForkServers(): Promise<void> {
    await this.#forkServers?.giveBack();
  }

  async reserve(request: ReservationRequest): Promise<Reservation> {
    const known =
      this.#workloads.get(request.id)?.record.reservation ?? this.#reservations.get(request.id)?.reservation;
    if (known) return known;
    const folder = this.#folderOf(request.id);
    const placement = await this.#placementOf(request);
    const ports = await Promise.all(request.ports.map(async (name) => [name, await this.#ports.take()] as const));
    const reservation = {
      bindAddress: '127.0.0.1',
      ports: Object.fromEntries(ports),
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
    return this.#turns.take(spec.id, () => this.#start(spec));
  }

  stop(id: string, { graceSeconds }: StopOptions): Promise<void> {
    return this.#turns.take(id, async () => {
      const workload = this.#workloads.get(id);
      const mark = workload && this.#markOf(workload);
      if (!workload || !mark || workload.exit) return;
      const deadline = Date.now() + graceSeconds * 1000;
      const isFirst = workload.stopping === undefined;
      // A later call may only shorten the time.
      if (!workload.stopping || deadline < workload.stopping.deadline)
        workload.stopping = { graceSeconds, deadline, killed: false };
      if (graceSeconds <= 0) this.#poll();
      else if (isFirst) signalGroup(mark, 'SIGTERM');
    });
  }

  async list(): Promise<Observation[]> {
    return [...this.#workloads.values()].map(observationOf);
  }

  async get(id: string): Promise<Observation | undefined> {
    const workload = this.#workloads.get(id);
    return workload && observationOf(workload);
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
    return this.#turns.take(id, async () => {
      const workload = this.#workloads.get(id);
      if (!workload?.exit) return;
      await workload.folder.remove();
      this.#workloads.delete(id);
    });
  }

  async #start(spec: WorkloadSpec): Promise<void> {
    if (!this.#launcher) throw new Error('the runtime is not open');
    if (this.#workloads.has(spec.id)) return;
    const folder = this.#folderOf(spec.id);
    const placement = await this.#placementOf(spec);
    const python = this.#options.environment;
    const environment = composeEnvironment(spec, python, placement.account, this.#options.installationId);
    const argv = resolveCommand(spec.command, python, environment.PATH ?? '');
    const { id, kind, owner, reservation } = spec;
    const command = [...spec.command];
    const { memoryLimit } = spec.resources;
    const record = {
      id,
      kind,
      owner,
      command,
      reservation,
      uid: placement.account.uid,
      acceptedAt: Date.now(),
      ...(memoryLimit !== undefined && memoryLimit > 0 && { memoryLimit }),
    };
    const workload: Workload = { record, folder };
    try {
      await ensureHome(placement, this.#homes);
      folder.prepare(spec, placement.changeTo);
      folder.writeRecord(record);
      this.#workloads.set(id, workload);
      workload.process = await this.#launcher.launch({
        record,
        folder,
        placement,
        directory: spec.directory ?? placement.home,
        argv,
        environment,
      });
    } catch (error) {
      this.#workloads.delete(id);
      await folder.remove().catch(() => undefined);
      throw startErrorOf(error);
    }
    this.#reservations.delete(id);
    this.#emit(workload);
  }

  /** Takes over what an earlier hub left in a workload's folder. */
  async #adopt(id: string): Promise<void> {
    const folder = this.#folderOf(id);
    const record = folder.readRecord();
    const attempts = record ? folder.listAttempts() : [];
    let process = attempts.map((attempt) => folder.readProcess(attempt)).find((found) => found !== undefined);
    // The earlier hub was ended before the workload ran. Its start was never acknowledged: it may not begin any more.
    if (!process) for (const attempt of attempts) process ??= folder.giveUpAttempt(attempt);
    if (!record || !process) {
      await folder.remove();
      return;
    }
    const exit = folder.readEnd();
    const workload: Workload = { record, folder, process, ...(exit ? { exit } : {}) };
    this.#workloads.set(id, workload);
    const mark = this.#markOf(workload);
    if (exit && mark && process.bootId === this.#bootId) this.#leftovers.add(mark);
  }

  #poll(): void {
    this.#polls += 1;
    const ended: Workload[] = [];
    let snapshot: ProcessSnapshot | undefined;
    for (const workload of this.#workloads.values()) {
      const mark = this.#markOf(workload);
      if (!mark || workload.exit) continue;
      if (!isAlive(mark.process, this.#bootId)) ended.push(workload);
      else if (workload.stopping && Date.now() >= workload.stopping.deadline) {
        workload.stopping.killed = true;
        killAll(mark, (snapshot ??= new ProcessSnapshot()));
      }
    }
    for (const workload of ended) this.#end(workload);
    if (!this.#leftovers.isEmpty) this.#leftovers.sweep(snapshot ?? new ProcessSnapshot());
    if (this.#polls % memoryPollEvery === 0) this.#holdToMemoryLimits();
    if (this.#polls % slowPollEvery === 0) this.#pollSlowly();
  }

  /**
   * Ends what holds more memory than it may, as a container is ended. Between two looks a workload can go beyond its limit;
   * where that must not be, the system's own means (control groups) have to be used around Atoll.
   */
  #holdToMemoryLimits(): void {
    const thoroughly = this.#polls % thoroughMemoryPollEvery === 0;
    let snapshot: ProcessSnapshot | undefined;
    for (const workload of this.#workloads.values()) {
      const { memoryLimit } = workload.record;
      const mark = this.#markOf(workload);
      if (memoryLimit === undefined || !mark || workload.exit) continue;
      snapshot ??= new ProcessSnapshot();
      if (!holdsMoreThan(memoryLimit, mark, snapshot, thoroughly)) continue;
      const { id, owner } = workload.record;
      this.#options.log.warn({ workload: id, owner, memoryLimit }, 'a workload is ended by its memory limit');
      workload.overMemoryLimit = true;
      killAll(mark, snapshot);
    }
  }

  /** Notes how a workload ended, as soon as that is known. */
  #end(workload: Workload): void {
    const mark = this.#markOf(workload);
    const memoryRanOut = readOutOfMemoryKills() > this.#outOfMemoryKills;
    const exit = describeExit(workload, { bootId: this.#bootId, memoryRanOut });
    if (!mark || !exit) return;
    workload.exit = exit;
    if (mark.process.bootId === this.#bootId) this.#leftovers.add(mark);
    try {
      workload.folder.writeEnd(exit);
    } catch (error) {
      this.#options.log.error({ err: error, workload: workload.record.id }, 'cannot keep how a workload ended');
    }
    this.#emit(workload);
  }

  #pollSlowly(): void {
    this.#outOfMemoryKills = readOutOfMemoryKills();
    for (const { record, folder, exit } of this.#workloads.values()) {
      if (exit) continue;
      boundLog(folder.log).catch((error: unknown) => {
        if (systemCodeOf(error) !== 'ENOENT')
          this.#options.log.warn({ err: error, workload: record.id }, 'cannot bound the log of a workload');
      });
    }
  }

  #emit(workload: Workload): void {
    const observation = observationOf(workload);
    for (const listener of this.#listeners) listener(observation);
  }

  #placementOf({ owner, account }: { owner: string; account?: string }): Promise<Placement> {
    return account === undefined ? placementOf(owner, this.#homes) : placementAs(account);
  }

  #markOf(workload: Workload): WorkloadMark | undefined {
    return markOf(workload, this.#options.installationId);
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
