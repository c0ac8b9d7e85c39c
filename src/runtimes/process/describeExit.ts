import { constants } from 'node:os';
import { formatBytes } from '../../core/quantities.ts';
import type { WorkloadExit } from '../contract.ts';
import { hasEnded, isAlive, readProcess } from './proc.ts';
import type { Workload } from './workload.ts';
import type { WorkloadProcess } from './workloadFolder.ts';

/** What is known of the machine at the moment of an exit. */
export interface ExitCircumstances {
  bootId: string;
  /** Whether the kernel has ended processes for lack of memory in the last seconds. */
  memoryRanOut: boolean;
}

/** How a workload ended: exit code or signal. */
type ExitStatus = Pick<WorkloadExit, 'code' | 'signal'>;

/** The parent writes the exit file within milliseconds, unless it is busy or stopped: then the kernel is asked instead. */
const parentTimeoutMs = 400;
/** How long anything is waited for while the parent lives. */
const longestWaitMs = 3000;

/**
 * How a workload ended whose main process is not alive any more, or undefined while its parent may still tell.
 */
export function describeExit(workload: Workload, circumstances: ExitCircumstances): WorkloadExit | undefined {
  const { process, folder, stopping } = workload;
  if (!process) return undefined;
  workload.goneSince ??= Date.now();
  const waited = Date.now() - workload.goneSince;
  const status = folder.readExit() ?? (waited > parentTimeoutMs ? statusOfZombie(process, circumstances) : undefined);
  if (!status) {
    const parent = { ...process.parent, bootId: process.bootId };
    if (isAlive(parent, circumstances.bootId) && waited < longestWaitMs) return undefined;
    const reason =
      process.bootId === circumstances.bootId
        ? 'It ended, and so did the process that waited for it: how it ended cannot be known.'
        : 'The machine was restarted.';
    return { code: null, signal: null, reason };
  }
  const { code, signal } = status;
  if (signal !== 'SIGKILL') return { code, signal };
  if (workload.overMemoryLimit)
    return { code, signal, reason: `ended by the memory limit (${formatBytes(workload.record.memoryLimit ?? 0)})` };
  if (stopping?.killed) {
    const { graceSeconds } = stopping;
    const late = `It did not end within ${graceSeconds} s of being asked to, and was killed.`;
    return { code, signal, reason: graceSeconds > 0 ? late : 'It was killed.' };
  }
  if (circumstances.memoryRanOut)
    return { code, signal, reason: 'The operating system killed it because memory ran out.' };
  return { code, signal };
}

/** What the kernel keeps of an ended process until its parent has asked. */
function statusOfZombie(identity: WorkloadProcess, { bootId }: ExitCircumstances): ExitStatus | undefined {
  const found = identity.bootId === bootId ? readProcess(identity.pid) : undefined;
  if (!found || found.startTime !== identity.startTime || !hasEnded(found)) return undefined;
  const number = found.waitStatus & 0x7f;
  if (number === 0) return { code: (found.waitStatus >> 8) & 0xff, signal: null };
  const signal = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  return { code: null, signal: signal ?? `SIG${number}` };
}
