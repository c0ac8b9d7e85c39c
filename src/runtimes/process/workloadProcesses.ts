import { hasEnded, type ProcessState, readAllProcesses, readEnvironment, readProcess, userOf } from './proc.ts';
import type { WorkloadProcess } from './workloadFolder.ts';

/** Marks every process of an installation; {@link workloadVariable} marks those of one workload. */
export const installationVariable = 'ATOLL_INSTALLATION';
export const workloadVariable = 'ATOLL_WORKLOAD_ID';

/** Whose processes are looked for. */
export interface WorkloadMark {
  id: string;
  installationId: string;
  /** The account that the workload runs as: a process of another one is never touched. */
  uid: number;
  process: WorkloadProcess;
}

/** The machine's processes at one moment; users and environments are read when first asked for. */
export class ProcessSnapshot {
  readonly all: ProcessState[] = readAllProcesses();
  readonly #environments = new Map<number, Set<string>>();
  readonly #users = new Map<number, number | undefined>();

  userOf(pid: number): number | undefined {
    if (!this.#users.has(pid)) this.#users.set(pid, userOf(pid));
    return this.#users.get(pid);
  }

  environmentOf(pid: number): Set<string> {
    const known = this.#environments.get(pid) ?? new Set(readEnvironment(pid));
    this.#environments.set(pid, known);
    return known;
  }
}

/** The workload's main process, verified by pid, start time and account; undefined when it has ended. */
export function mainProcessOf(mark: WorkloadMark): ProcessState | undefined {
  const found = readProcess(mark.process.pid);
  if (!found || found.startTime !== mark.process.startTime || hasEnded(found)) return undefined;
  return userOf(found.pid) === mark.uid ? found : undefined;
}

/**
 * Every process of a workload: its main one, its session, what carries the workload's mark in the environment it was
 * executed with (also after leaving the session), and the children of these. A pid that came to somebody else never
 * matches: the session counts only while its leader is verified or while its members carry the installation's mark.
 */
export function findWorkloadProcesses(mark: WorkloadMark, snapshot: ProcessSnapshot): ProcessState[] {
  const main = mainProcessOf(mark);
  const candidates = snapshot.all.filter(
    (process) => process.startTime >= mark.process.startTime && snapshot.userOf(process.pid) === mark.uid,
  );
  const found = new Set<number>();
  for (const process of candidates) {
    const inSession = process.session === mark.process.pid;
    const isMain = process.pid === main?.pid;
    if (isMain || (inSession && main) || carriesMark(process.pid, mark, inSession, snapshot)) found.add(process.pid);
  }
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const process of candidates) if (found.has(process.parent)) found.add(process.pid);
  }
  return candidates.filter((process) => found.has(process.pid));
}

function carriesMark(pid: number, mark: WorkloadMark, inSession: boolean, snapshot: ProcessSnapshot): boolean {
  const environment = snapshot.environmentOf(pid);
  if (!environment.has(`${installationVariable}=${mark.installationId}`)) return false;
  return inSession || environment.has(`${workloadVariable}=${mark.id}`);
}

/** Sends a signal to the group of the workload's main process. Nothing when that is not there (any more). */
export function signalGroup(mark: WorkloadMark, signal: NodeJS.Signals): void {
  const main = mainProcessOf(mark);
  if (main) send(main.group === main.pid ? -main.pid : main.pid, signal);
}

/** Ends every process of the workload at once; returns how many there were. */
export function killAll(mark: WorkloadMark, snapshot: ProcessSnapshot): number {
  const processes = findWorkloadProcesses(mark, snapshot);
  for (const process of processes)
    if (readProcess(process.pid)?.startTime === process.startTime) send(process.pid, 'SIGKILL');
  return processes.length;
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in this moment.
  }
}
