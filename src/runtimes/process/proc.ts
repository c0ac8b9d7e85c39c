import { readdirSync, readFileSync } from 'node:fs';

/** What /proc tells of one process (proc(5)). */
export interface ProcessState {
  pid: number;
  /** One letter; `Z` is a zombie: ended, not yet waited for. */
  state: string;
  parent: number;
  group: number;
  session: number;
  /** Clock ticks after boot. Pid, start time and boot id together never come again. */
  startTime: number;
  /** How an ended process ended, as wait(2) would say it; only its own account and the superuser see it, others see 0. */
  waitStatus: number;
}

/** A process that can be found again, and told apart from a later one with the same pid. */
export interface ProcessIdentity {
  pid: number;
  startTime: number;
  bootId: string;
}

/** The identity of this boot of the machine. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

/** The state of a process, or undefined when there is none with this pid. */
export function readProcess(pid: number): ProcessState | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The second field is the command in parentheses and may hold anything, so the fields are counted after it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    pid,
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTime: Number(fields[19]),
    waitStatus: Number(fields[49]),
  };
}

/** Whether exactly this process (not a later one with its pid) is there and has not ended. */
export function isAlive(identity: ProcessIdentity, bootId: string): boolean {
  if (identity.bootId !== bootId) return false;
  const process = readProcess(identity.pid);
  return process !== undefined && process.startTime === identity.startTime && !hasEnded(process);
}

/** Whether a process has ended and only waits for its parent to notice. */
export function hasEnded(process: ProcessState): boolean {
  return process.state === 'Z' || process.state === 'X';
}

/** The effective user id of a process, or undefined when it is gone. */
export function userOf(pid: number): number | undefined {
  try {
    const line = /^Uid:\s+\d+\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return line ? Number(line[1]) : undefined;
  } catch {
    return undefined;
  }
}

/** The environment a process was executed with, as `NAME=value` entries; empty when it may not be read. */
export function readEnvironment(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** Every process of the machine that has not ended. */
export function readAllProcesses(): ProcessState[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((process) => process !== undefined)
    .filter((process) => !hasEnded(process));
}

/** How many processes the kernel has ended for lack of memory since boot (vmstat's `oom_kill`). */
export function readOutOfMemoryKills(): number {
  const line = /^oom_kill (\d+)/m.exec(readFileSync('/proc/vmstat', 'latin1'));
  return line ? Number(line[1]) : 0;
}
