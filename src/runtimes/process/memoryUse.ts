import { readFileSync } from 'node:fs';
import type { ProcessState } from './proc.ts';
import { findWorkloadProcesses, mainProcessOf, type ProcessSnapshot, type WorkloadMark } from './workloadProcesses.ts';

/**
 * Whether the processes of a workload hold more than `limit` bytes. Pages that they share count once, and those shared with
 * others in part (what a fork server and its children have in common): the kernel works that out only where the plain sum,
 * which is never less and much cheaper to know, is too much already.
 * @param thoroughly also looks for processes that have left the workload's family, which takes longer
 */
export function holdsMoreThan(
  limit: number,
  mark: WorkloadMark,
  snapshot: ProcessSnapshot,
  thoroughly: boolean,
): boolean {
  const processes = thoroughly ? findWorkloadProcesses(mark, snapshot) : familyOf(mark, snapshot);
  if (sumOf(processes, residentBytesOf) <= limit) return false;
  return sumOf(processes, proportionalBytesOf) > limit;
}

/** The main process, its session, and the children of these. */
function familyOf(mark: WorkloadMark, snapshot: ProcessSnapshot): ProcessState[] {
  if (!mainProcessOf(mark)) return [];
  const { pid } = mark.process;
  const found = new Set(snapshot.all.filter((process) => process.session === pid).map((process) => process.pid));
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const process of snapshot.all) if (found.has(process.parent)) found.add(process.pid);
  }
  return snapshot.all.filter((process) => found.has(process.pid));
}

function sumOf(processes: readonly ProcessState[], bytesOf: (pid: number) => number): number {
  return processes.reduce((sum, { pid }) => sum + bytesOf(pid), 0);
}

/** What a process holds in memory, shared pages included; 0 when it has ended. */
export function residentBytesOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1]) * 4096;
  } catch {
    return 0;
  }
}

/** The proportional share (PSS) of a process, in bytes; 0 when it has ended or may not be looked at. */
export function proportionalBytesOf(pid: number): number {
  try {
    const line = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'));
    return line ? Number(line[1]) * 1024 : 0;
  } catch {
    return 0;
  }
}
