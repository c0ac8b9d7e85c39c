import type { Observation, WorkloadExit } from '../contract.ts';
import type { WorkloadFolder, WorkloadProcess, WorkloadRecord } from './workloadFolder.ts';
import type { WorkloadMark } from './workloadProcesses.ts';

/** One workload as this hub knows it. */
export interface Workload {
  record: WorkloadRecord;
  folder: WorkloadFolder;
  /** Undefined while it is being started. */
  process?: WorkloadProcess;
  exit?: WorkloadExit;
  /** Set once it was asked to end; after the deadline (milliseconds since the epoch) it is killed. */
  stopping?: { graceSeconds: number; deadline: number; killed: boolean };
  /** It holds more memory than it may, and is being killed for that. */
  overMemoryLimit?: true;
  /** When the main process was first seen to have ended, while nobody has written down how. */
  goneSince?: number;
}

/** What the runtime says of a workload. */
export function observationOf({ record, process, exit }: Workload): Observation {
  const { id, kind, owner, reservation } = record;
  const base = { id, kind, owner, host: '127.0.0.1', ports: reservation.ports };
  if (exit) return { ...base, phase: 'exited', startedAt: record.acceptedAt, exit };
  if (process) return { ...base, phase: 'running', startedAt: record.acceptedAt, pid: process.pid };
  return { ...base, phase: 'waiting', waitingFor: 'Its process is being started.' };
}

/** By what the workload's processes are found; undefined before it has one. */
export function markOf({ record, process }: Workload, installationId: string): WorkloadMark | undefined {
  return process && { id: record.id, installationId, uid: record.uid, process };
}
